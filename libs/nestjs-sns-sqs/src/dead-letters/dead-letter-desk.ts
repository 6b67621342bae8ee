import { monotonicNow } from '../async/clock.js';
import { createSqsClient } from '../wire/aws-clients.js';
import { copyRefused, letterNotFound, wrongLimit } from './desk-errors.js';
import { findDeadLetterQueue } from './dead-letter-queue.js';
import { sdkDeadLetterPlane, type DeadLetterPlane } from './dead-letter-plane.js';
import {
  checkRedriveOptions,
  checkSelection,
  resolveDeskOptions,
  type DeadLetterDeskOptions,
  type ListOptions,
  type LookSettings,
  type RedriveOptions,
  type ResolvedDeskOptions,
} from './desk-options.js';
import { discardLetters, type DiscardReport } from './discard-letters.js';
import { editedCopy, type EditOptions, type EditReport, type LetterPatch } from './edited-copy.js';
import { Forecaster } from './forecast.js';
import { InboxMemories } from './inbox-memories.js';
import type { Letter } from './letter.js';
import { LetterFile } from './letter-file.js';
import { letterTest, type LetterFilter, type LetterSelection } from './letter-filter.js';
import { LetterGroups, type LetterGroup } from './letter-groups.js';
import { LetterReader } from './letter-reader.js';
import { listDeadLetterQueues, type DeadLetterQueueSummary } from './list-queues.js';
import type { Coverage } from './look-through.js';
import { OldestLetters, placeOf } from './oldest-letters.js';
import { Pace } from './pace.js';
import { RedriveOrder } from './redrive-order.js';
import { emptyReport, type RedriveReport } from './redrive-report.js';
import { Redriver } from './redriver.js';
import { RedriveTargets } from './redrive-targets.js';
import { sendSuccessors } from './successor.js';
import { Survey } from './survey.js';

/** What a test replaces. @internal */
export interface DeskEnvironment {
  plane?: DeadLetterPlane;
  now?: () => number;
  wallNow?: () => number;
  pause?: (ms: number) => Promise<void>;
}

const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

/**
 * Looks at dead letters, groups them, and sends them back, in order. The desk works on every SQS dead-letter queue. A look
 * hides letters for a short time and gives them back. A letter is deleted only after SQS has accepted its successor.
 *
 * @example
 * ```ts
 * const desk = new DeadLetterDesk({ aws: { region: 'eu-west-1' } });
 * const { groups } = await desk.groups('send-email-on-user-registered-dlq');
 * const selection = { queue: 'send-email-on-user-registered-dlq', group: groups[0]!.key };
 * console.log((await desk.redrive(selection, { dryRun: true })).forecast);
 * await desk.redrive(selection, { messagesPerSecond: 10 });
 * desk.close();
 * ```
 */
export class DeadLetterDesk {
  private readonly options: ResolvedDeskOptions;
  private readonly plane: DeadLetterPlane;
  private readonly reader: LetterReader;
  private readonly now: () => number;
  private readonly wallNow: () => number;
  private readonly pause: (ms: number) => Promise<void>;
  private readonly closers: Array<() => void> = [];

  /** @throws {SnsSqsError} INVALID_OPTIONS: names every option that is wrong. */
  constructor(options: DeadLetterDeskOptions = {}, environment: DeskEnvironment = {}) {
    this.options = resolveDeskOptions(options);
    this.plane = environment.plane ?? this.connect();
    this.now = environment.now ?? monotonicNow;
    this.reader = new LetterReader(this.plane, this.options.maxRead, this.now);
    this.wallNow = environment.wallNow ?? Date.now;
    this.pause = environment.pause ?? sleep;
  }

  /** The dead-letter queues of the account whose names begin with `prefix`, those with most messages first. */
  queues(): Promise<DeadLetterQueueSummary[]> {
    return listDeadLetterQueues(this.plane, this.options.prefix);
  }

  /** Letters that failed alike, the largest group first. Reads the queue once. Needs no more memory for more letters. */
  async groups(
    queue: string,
    settings: LookSettings & { filter?: LetterFilter | undefined } = {},
  ): Promise<{ groups: LetterGroup[]; coverage: Coverage }> {
    const isMeant = letterTest(settings.filter ?? {});
    const groups = new LetterGroups();
    const coverage = await this.reader.look(queue, settings, letters => {
      for (const letter of letters) if (isMeant(letter)) groups.add(letter);
    });
    return { groups: groups.list(), coverage };
  }

  /** A page of letters, those first whose retention ends first. Reads the queue once for each page. */
  async list(
    queue: string,
    { filter = {}, cursor, limit = 50, ...settings }: ListOptions = {},
  ): Promise<{ letters: Letter[]; cursor: string | undefined; coverage: Coverage }> {
    if (!Number.isInteger(limit) || limit < 1 || limit > 1_000) throw wrongLimit(limit);
    const oldest = new OldestLetters(limit, cursor === undefined ? undefined : placeOf(cursor));
    const isMeant = letterTest(filter);
    const coverage = await this.reader.look(queue, settings, letters => {
      for (const letter of letters) if (isMeant(letter)) oldest.add(letter);
    });
    return { ...oldest.page(), coverage };
  }

  /**
   * Sends letters back to their queues, in the order of their subjects and groups, and deletes each after SQS has
   * accepted it. A letter that was sent and not deleted stays: the inbox skips the second message. The redrive ends when a letter
   * fails again.
   */
  async redrive(selection: LetterSelection, options: RedriveOptions = {}): Promise<RedriveReport> {
    checkSelection('redrive', selection);
    checkRedriveOptions(options);
    const { dryRun = false, messagesPerSecond = 10, stopAfter = 1, to, onProgress, signal } = options;
    const { queue: name, all: _, ...filter } = selection;
    const queue = await findDeadLetterQueue(this.plane, name);
    // On a standard queue the survey is the cutoff, whatever our clock says.
    const now = queue.fifo ? this.wallNow() : Infinity;
    const isMeant = letterTest({
      ...filter,
      before: Math.min(options.before ?? Infinity, filter.before ?? Infinity, now),
    });
    const targets = new RedriveTargets(this.plane, queue, to);
    const { handlers, inbox: store } = this.options;
    const report = emptyReport(name, dryRun);
    const memories = new InboxMemories(this.plane);
    const forecaster = dryRun ? new Forecaster({ handlers, store, memories }) : undefined;
    const survey = new Survey({ report, fifo: queue.fifo, isMeant, targets, forecaster });
    report.coverage = await this.reader.look(name, { signal }, letters => survey.add(letters));
    report.forecast = forecaster?.result();
    if (signal?.aborted === true) {
      report.stopped = 'aborted';
      report.left = report.selected;
    }
    if (dryRun || report.stopped !== undefined) return report;
    const { plane, pause } = this;
    const tray = this.reader.workTray(queue);
    const order = new RedriveOrder(queue.fifo ? [] : survey.letters);
    const pace = new Pace(messagesPerSecond, this.now, pause);
    await new Redriver(
      { plane, queue, tray, targets, order, isMeant, pace, stopAfter, pause, onProgress, signal },
      report,
    ).run();
    return report;
  }

  /**
   * Sends the letter with another content, as a new event that names the old one as its cause, and deletes the letter
   * after SQS has accepted the copy. The copy is checked by its contract before. On FIFO it goes to the end of its group.
   */
  async editAsCopy(
    { queue: name, id }: Pick<Letter, 'queue' | 'id'>,
    patch: LetterPatch,
    { to, dryRun = false }: EditOptions = {},
  ): Promise<EditReport> {
    const queue = await findDeadLetterQueue(this.plane, name);
    const tray = this.reader.workTray(queue);
    try {
      const letter = await this.reader.find(queue, tray, id);
      const target = await new RedriveTargets(this.plane, queue, to).of(letter);
      const schemaOf = (type: string): unknown => this.options.handlers?.find(target.name, type)?.schema;
      const { eventId, message } = await editedCopy(letter, patch, target, schemaOf);
      const report = { eventId, queue: target.name, body: message.body };
      if (dryRun) return { ...report, messageId: undefined, isDeleted: false };
      if (!(await tray.secure([id])).has(id)) throw letterNotFound(name, id);
      const { accepted, refused } = await sendSuccessors(this.plane, target, [{ id, ...message }], this.pause);
      const messageId = accepted.get(id);
      if (messageId === undefined) throw copyRefused(name, id, target.name, refused.get(id)?.message);
      const undeleted = await tray.delete([id]);
      return { ...report, messageId, isDeleted: undeleted.size === 0 };
    } finally {
      await tray.giveBack();
    }
  }

  /**
   * Deletes letters without a successor.
   * @param options `saveTo`: a file that gets each letter before it is deleted. @default none
   */
  async discard(
    selection: LetterSelection,
    {
      dryRun = false,
      saveTo,
      ...settings
    }: LookSettings & { dryRun?: boolean | undefined; saveTo?: string | undefined } = {},
  ): Promise<DiscardReport> {
    checkSelection('discard', selection);
    const { queue: name, all: _, before = Infinity, ...filter } = selection;
    const isMeant = letterTest({ ...filter, before: Math.min(before, this.wallNow()) });
    const queue = await findDeadLetterQueue(this.plane, name);
    const file = saveTo === undefined || dryRun ? undefined : await LetterFile.append(saveTo);
    const tray = this.reader.workTray(queue);
    try {
      return await discardLetters(this.reader.lookOptions(queue, tray, settings), isMeant, dryRun, file);
    } finally {
      await file?.finish();
      await tray.giveBack();
    }
  }

  /** Writes letters to a file, one JSON object on each line, and changes nothing in the queue. */
  async exportTo(
    file: string,
    selection: LetterSelection,
    settings: LookSettings = {},
  ): Promise<{ written: number; coverage: Coverage }> {
    checkSelection('exportTo', selection);
    const { queue, all: _, ...filter } = selection;
    const isMeant = letterTest(filter);
    const target = await LetterFile.create(file);
    try {
      const coverage = await this.reader.look(queue, settings, letters => target.write(letters.filter(isMeant)));
      await target.finish();
      return { written: target.count, coverage };
    } catch (error) {
      await target.abandon();
      throw error;
    }
  }

  /** Frees the connections that the desk made. */
  close(): void {
    for (const close of this.closers.splice(0)) close();
  }

  private connect(): DeadLetterPlane {
    const { sqs, aws } = this.options;
    const client = sqs ?? createSqsClient(aws);
    const plane = sdkDeadLetterPlane(client);
    this.closers.push(() => plane.destroy());
    if (!sqs) this.closers.push(() => client.destroy());
    return plane;
  }
}
