import { AWS_BATCH_MAX_ENTRIES, SQS_MAX_BYTES } from '../constants.js';
import { messageBytes } from '../envelope/message-size.js';
import { errorText } from '../errors/aws-errors.js';
import type { QueueFacts } from './dead-letter-queue.js';
import type { DeadLetterPlane } from './dead-letter-plane.js';
import { readLetter, type Letter } from './letter.js';
import type { LetterTest } from './letter-filter.js';
import type { LetterTray } from './letter-tray.js';
import type { Pace } from './pace.js';
import { orderOf, type RedriveOrder } from './redrive-order.js';
import type { RedriveTargets } from './redrive-targets.js';
import type { RedriveReport } from './redrive-report.js';
import { sendSuccessors, successorOf, type Target } from './successor.js';

export interface RedriverOptions {
  plane: DeadLetterPlane;
  queue: QueueFacts;
  tray: LetterTray;
  targets: RedriveTargets;
  /** Standard queues: the letters that the survey has chosen. FIFO: empty, since SQS shows a group ten by ten. */
  order: RedriveOrder;
  /** FIFO: which of the letters that come are meant. */
  isMeant: LetterTest;
  pace: Pace;
  /** So many letters that fail again end the redrive. */
  stopAfter: number;
  pause: (ms: number) => Promise<void>;
  onProgress?: ((report: RedriveReport) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Receives in a row without a letter that was not seen before: nothing more will come. */
const EMPTY_RECEIVES = 4;
/** Letters that wait for an earlier one of their subject are kept in memory up to this size, in characters. */
const MAX_PARKED = 64 * 1_048_576;

/**
 * Sends letters back to their queues: send, wait until SQS has accepted, delete. At every moment a letter is in its
 * dead-letter queue, in its own queue, or in both.
 */
export class Redriver {
  /** Received, meant, and not sent yet. */
  private readonly parked = new Map<string, Letter>();
  private parkedSize = 0;
  /** Of these the ones that may go now. */
  private readonly ready = new Set<string>();
  /** Ids of the messages that were sent: one that comes back has failed again. */
  private readonly sentIds = new Set<string>();

  constructor(
    private readonly options: RedriverOptions,
    private readonly report: RedriveReport,
  ) {}

  /** Rejects with the SnsSqsError of a receive; what was sent until then is in the report. */
  async run(): Promise<void> {
    const { order, queue, tray, signal } = this.options;
    let empty = 0;
    let mayHaveMore = true;
    try {
      while (this.report.stopped === undefined) {
        if (signal?.aborted === true) this.report.stopped = 'aborted';
        else if (mayHaveMore && this.wantsMore) mayHaveMore = await this.receive(0);
        else if (await this.sendReady()) {
          empty = 0;
          // Others come into view, or back.
          mayHaveMore = await this.receive(0);
        } else if (order.size === 0 && !queue.fifo) break;
        else if (await this.receive(1)) mayHaveMore = true;
        else if (++empty >= EMPTY_RECEIVES) {
          if (!this.skipMissing()) break;
          empty = 0;
        }
      }
      // What failed at once is back already.
      if (this.report.stopped === undefined && this.report.sent > 0) await this.receive(1);
    } finally {
      if (this.report.stopped === undefined) this.report.notFound += order.size - this.parked.size;
      else this.report.left = order.size;
      await tray.giveBack();
    }
  }

  /** Whether to look for more before anything is sent: then what comes back later is seen at once. */
  private get wantsMore(): boolean {
    const { order, queue } = this.options;
    return this.parkedSize < MAX_PARKED && (queue.fifo || this.parked.size < order.size);
  }

  /** @returns whether SQS gave anything that was not seen before */
  private async receive(waitSeconds: number): Promise<boolean> {
    const { tray, queue, order, isMeant } = this.options;
    const received = (await tray.receive(waitSeconds)).filter(({ isNew }) => isNew);
    for (const { message } of received) {
      const letter = readLetter(message, queue);
      if (this.hasFailedAgain(letter)) continue;
      if (queue.fifo && isMeant(letter)) order.add(orderOf(letter, true));
      if (order.has(letter.id)) this.park(letter);
    }
    await this.shedParked();
    return received.length > 0;
  }

  private hasFailedAgain({ id, originalMessageId = '', reason }: Letter): boolean {
    if (!this.sentIds.has(id) && !this.sentIds.has(originalMessageId)) return false;
    this.report.failedAgain.push({ id, reason });
    if (this.report.failedAgain.length >= this.options.stopAfter) this.report.stopped = 'failed-again';
    return true;
  }

  private park(letter: Letter): void {
    this.parked.set(letter.id, letter);
    this.parkedSize += letter.body.length;
    this.makeReady(letter.id);
  }

  private unpark(id: string): void {
    this.parkedSize -= this.parked.get(id)?.body.length ?? 0;
    this.parked.delete(id);
    this.ready.delete(id);
  }

  private makeReady(id: string | undefined): void {
    if (id !== undefined && this.parked.has(id) && this.options.order.isNext(id)) this.ready.add(id);
  }

  /** All that is at hand waits for earlier letters that have not come: it goes back, and comes again. */
  private async shedParked(): Promise<void> {
    if (this.parkedSize <= MAX_PARKED || this.ready.size > 0) return;
    const waiting = [...this.parked.keys()].filter(id => !this.ready.has(id));
    for (const id of waiting) this.unpark(id);
    await this.options.tray.giveBack(waiting);
  }

  /** Earlier letters that do not come any more must not keep the later ones for ever. */
  private skipMissing(): boolean {
    const missing = this.options.order.missingBefore(this.parked);
    for (const id of missing) this.makeReady(this.options.order.done(id));
    this.report.notFound += missing.length;
    return missing.length > 0;
  }

  /** @returns whether there was anything to send */
  private async sendReady(): Promise<boolean> {
    const { tray, pace, plane, pause, onProgress } = this.options;
    const [target, letters] = await this.nextBatch();
    if (!target) return false;
    await pace.take(letters.length);
    // Waiting may have taken longer than the leases last.
    const held = await tray.secure(letters.map(({ id }) => id));
    for (const { id } of letters) if (!held.has(id)) this.unpark(id);
    const entries = letters
      .filter(({ id }) => held.has(id))
      .map(each => ({ id: each.id, ...successorOf(each, target) }));
    const { accepted, refused } = await sendSuccessors(plane, target, entries, pause);
    for (const messageId of accepted.values()) this.sentIds.add(messageId);
    this.report.sent += accepted.size;
    this.report.targets[target.name] = (this.report.targets[target.name] ?? 0) + accepted.size;
    const undeleted = await tray.delete([...accepted.keys()]);
    this.report.undeleted.push(...undeleted.keys());
    for (const id of accepted.keys()) {
      this.unpark(id);
      this.makeReady(this.options.order.done(id));
    }
    for (const [id, { code, message }] of refused) this.keep(id, code, message);
    onProgress?.(this.report);
    return true;
  }

  /** The letter stays in its queue, and nothing of its lane overtakes it. */
  private keep(id: string, code: string, message: string): void {
    this.report.refused.push({ id, code, message });
    const blocked = this.options.order.block(id);
    this.report.heldBack += Math.max(0, blocked.length - 1);
    for (const each of new Set([id, ...blocked])) this.unpark(each);
  }

  /** Letters for one queue that may go now, the oldest first, one of each lane: what fails is overtaken by none. */
  private async nextBatch(): Promise<[Target | undefined, Letter[]]> {
    const most = Math.min(AWS_BATCH_MAX_ENTRIES, this.options.pace.burst);
    const batch: Letter[] = [];
    let chosen: Target | undefined;
    let bytes = 0;
    const next = [...this.ready].flatMap(id => this.parked.get(id) ?? []).toSorted((a, b) => a.sentAt - b.sentAt);
    for (const letter of next) {
      const target = await this.targetOf(letter);
      if (!target || (chosen && chosen.name !== target.name)) continue;
      const { body, attributes } = successorOf(letter, target);
      bytes += messageBytes(body, attributes);
      if (batch.length >= most || (batch.length > 0 && bytes > SQS_MAX_BYTES)) break;
      chosen = target;
      batch.push(letter);
    }
    return [chosen, batch];
  }

  private async targetOf(letter: Letter): Promise<Target | undefined> {
    try {
      return await this.options.targets.of(letter);
    } catch (error) {
      this.keep(letter.id, 'REDRIVE_TARGET_UNKNOWN', errorText(error));
      return undefined;
    }
  }
}
