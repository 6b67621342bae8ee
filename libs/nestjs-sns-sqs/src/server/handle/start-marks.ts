import type { LoggerService } from '@nestjs/common';
import { abortController } from '../../async/abort.js';
import { backoffMs, type Backoff } from '../../async/backoff.js';
import { pause } from '../../async/pause.js';
import { SQS_MAX_RETENTION_SECONDS } from '../../constants.js';
import { areTagsFull, errorText } from '../../errors/aws-errors.js';
import { newToken } from '../../inbox/inbox-key.js';
import type { SqsControlPlane, Tags } from '../../interfaces/control-plane.interface.js';
import type { QueueTagReader } from '../../topology/queue-tag-reader.js';
import { roomFor } from '../../topology/queue-tags.js';
import type { Delivery } from '../delivery.js';

export interface StartMarksOptions {
  queueUrl: string;
  queueName: string;
  visibilityTimeoutSeconds: number;
  reader: Pick<QueueTagReader, 'tagsNow'>;
  tags: Pick<SqsControlPlane, 'tagQueue' | 'untagQueue'>;
  logger: Pick<LoggerService, 'warn'>;
  /** Of marks, in milliseconds since the epoch: they outlive this process. */
  wallNow?: (() => number) | undefined;
}

/** A tag of the queue that tells of a start. */
export type KnownMark = readonly [name: string, value: string];

/** A mark of this process. */
interface Mark {
  of: Delivery;
  /** Of its tag. Two processes may have the message, one of them without knowing that its lease is lost. */
  name: string;
  isAlone: boolean;
  timer: NodeJS.Timeout | undefined;
  /** The last call that set it. */
  setting: Promise<void>;
}

const KEY = 'nestjs-sns-sqs:started:';
/** In milliseconds: no message is older. */
const STALE_MS = SQS_MAX_RETENTION_SECONDS * 1000;
/** Of the lease: how often a mark is renewed while its handler runs, and how soon again where that fails. */
const SHARE = { renewed: 0.4, again: 0.08 };
/** Between two tries to take a mark away. One that stays looks like a death. */
const REMOVAL: Backoff = { initial: 1_000, max: 30_000 };
/** Ends the value of a mark whose message is run while no other is that processes may have died of. */
const ALONE = ' alone';

export const saysAlone = ([, value]: KnownMark): boolean => value.endsWith(ALONE);

/**
 * Marks in the tags of a queue, each for a message whose handler a process has started. This process renews its own for
 * as long as the handler runs, so that others can tell them from those of a process that died.
 */
export class StartMarks {
  /** By message id: while its handler runs. */
  private readonly own = new Map<string, Mark>();
  /** Whose handlers have ended, and whose marks are being taken away. */
  private readonly ending = new Map<string, Promise<void>>();
  private readonly stopping = abortController();
  private isWarned = false;
  private mayRemove = false;
  private readonly wallNow: () => number;

  constructor(private readonly options: StartMarksOptions) {
    this.wallNow = options.wallNow ?? Date.now;
  }

  get isStopped(): boolean {
    return this.stopping.signal.aborted;
  }

  /** This process has marked it. */
  has(messageId: string): boolean {
    return this.own.has(messageId) || this.ending.has(messageId);
  }

  /** Of all processes, for all messages. Rejects where the tags cannot be read. */
  async read(): Promise<KnownMark[]> {
    return Object.entries(await this.options.reader.tagsNow()).filter(([name]) => name.startsWith(KEY));
  }

  /** @returns those of `known` that are of the message */
  of(messageId: string, known: readonly KnownMark[]): KnownMark[] {
    const prefix = prefixOf(messageId);
    return known.filter(([name]) => name.startsWith(prefix));
  }

  /** No other process has it. */
  newName(messageId: string): string {
    return prefixOf(messageId) + newToken();
  }

  /**
   * Takes away marks that are older than any message. Before the first mark of this process it tries that with `name`: a
   * mark that could not be taken away again would pass for a death.
   * @returns how many are left, with those that this process has set since they were read
   */
  async removeStale(known: readonly KnownMark[], name: string): Promise<number> {
    const stale = known.filter(mark => this.isStale(mark)).map(([old]) => old);
    const removed = stale.length === 0 && !this.mayRemove ? [name] : stale;
    if (removed.length > 0) await this.options.tags.untagQueue(this.options.queueUrl, removed);
    this.mayRemove = true;
    const own = [...this.own.values()].map(mark => mark.name);
    return new Set([...known.map(([old]) => old), ...own]).size - stale.length;
  }

  /** Marks it until {@link end}. Rejects where the tags cannot be written; then it is tried again. */
  async put(delivery: Delivery, name: string, isAlone: boolean): Promise<void> {
    const mark: Mark = { of: delivery, name, isAlone, timer: undefined, setting: this.write(name, isAlone) };
    this.own.set(delivery.messageId, mark);
    this.renewAfter(mark, SHARE.renewed);
    await mark.setting;
  }

  /** Another delivery of the message may run, with a mark of its own. */
  isOf(delivery: Delivery): boolean {
    return this.own.get(delivery.messageId)?.of === delivery;
  }

  /** Its handler has ended. Takes away the delivery's mark, and `more`. Never rejects. */
  async end(delivery: Delivery, more: readonly string[]): Promise<void> {
    const { messageId } = delivery;
    const mark = this.own.get(messageId);
    if (mark?.of !== delivery) return;
    clearTimeout(mark.timer);
    this.own.delete(messageId);
    const removed = this.removeMark(mark, more);
    this.ending.set(messageId, removed);
    await removed;
    this.ending.delete(messageId);
  }

  /** Resolves when its mark is taken away. Undefined: none is being taken away. */
  ended({ messageId }: Delivery): Promise<void> | undefined {
    return this.ending.get(messageId);
  }

  private async removeMark({ name, setting }: Mark, more: readonly string[]): Promise<void> {
    // Whatever came of it: what has failed may have taken effect.
    await setting.catch(() => undefined);
    await this.remove([name, ...more]);
  }

  /** Tries until it is done, or this process stops. Never rejects. */
  async remove(names: readonly string[]): Promise<void> {
    const { signal } = this.stopping;
    for (let tries = 1; ; tries += 1) {
      try {
        await this.options.tags.untagQueue(this.options.queueUrl, names);
        return;
      } catch (error) {
        this.noteOutOfReach(error);
        if (signal.aborted) return;
        await pause(backoffMs(REMOVAL, tries, Math.random), signal);
      }
    }
  }

  noteOutOfReach(error: unknown): void {
    if (this.isWarned) return;
    this.isWarned = true;
    const remedy = areTagsFull(error)
      ? 'remove tags of yours: AWS allows 50 on a queue'
      : 'allow sqs:ListQueueTags, sqs:TagQueue and sqs:UntagQueue';
    this.options.logger.warn(
      `${this.options.queueName}: the queue's tags cannot be read or written (${errorText(error)}). The library therefore detects a message that kills its process only late. Remedy: ${remedy}, or use an inbox that all processes share.`,
    );
  }

  /** For the end of the consumer: no timer is left. */
  stop(): void {
    this.stopping.abort();
    for (const { timer } of this.own.values()) clearTimeout(timer);
    this.own.clear();
  }

  /** @param share of the lease */
  private renewAfter(mark: Mark, share: number): void {
    mark.timer = setTimeout(() => void this.renew(mark), this.options.visibilityTimeoutSeconds * 1000 * share);
    mark.timer.unref();
  }

  private async renew(mark: Mark): Promise<void> {
    mark.setting = this.write(mark.name, mark.isAlone);
    let next = SHARE.renewed;
    try {
      await mark.setting;
    } catch (error) {
      this.noteOutOfReach(error);
      next = SHARE.again;
    }
    if (this.own.get(mark.of.messageId) === mark) this.renewAfter(mark, next);
  }

  private async write(name: string, isAlone: boolean): Promise<void> {
    const value = `${new Date(this.wallNow()).toISOString()} ${newToken()}${isAlone ? ALONE : ''}`;
    await this.tag({ [name]: value });
  }

  private async tag(mark: Tags): Promise<void> {
    const { tags, queueUrl, reader } = this.options;
    try {
      await tags.tagQueue(queueUrl, mark);
    } catch (error) {
      const room = areTagsFull(error) ? roomFor(await reader.tagsNow(), mark) : [];
      if (room.length === 0) throw error;
      await tags.untagQueue(queueUrl, room);
      await tags.tagQueue(queueUrl, mark);
    }
  }

  private isStale([, value]: KnownMark): boolean {
    const at = Date.parse(value.split(' ', 1)[0] ?? '');
    return Number.isNaN(at) || this.wallNow() - at > STALE_MS;
  }
}

const prefixOf = (messageId: string): string => `${KEY}${messageId}:`;
