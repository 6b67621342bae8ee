import { abortController } from '../../async/abort.js';
import type { LoggerService } from '@nestjs/common';
import { backoffMs, type Backoff } from '../../async/backoff.js';
import { monotonicNow } from '../../async/clock.js';
import { pause } from '../../async/pause.js';
import { SQS_MAX_RETENTION_SECONDS } from '../../constants.js';
import { errorText } from '../../errors/aws-errors.js';
import { newToken } from '../../inbox/inbox-key.js';
import type { SqsControlPlane } from '../../interfaces/control-plane.interface.js';
import type { QueueTagReader } from '../../topology/queue-tag-reader.js';
import type { Delivery } from '../delivery.js';
import type { AttemptCounter } from './attempt-counter.js';

export interface SuspectsOptions {
  queueUrl: string;
  queueName: string;
  maxReceiveCount: number;
  visibilityTimeoutSeconds: number;
  attempts: Pick<AttemptCounter, 'unknownReceives'>;
  reader: Pick<QueueTagReader, 'tagsNow'>;
  tags: Pick<SqsControlPlane, 'tagQueue' | 'untagQueue'>;
  logger: Pick<LoggerService, 'warn'>;
  now?: () => number;
  /** Of marks, in milliseconds since the epoch: they outlive this process. */
  wallNow?: () => number;
}

const KEY = 'nestjs-sns-sqs:started:';
/** AWS takes 50 tags on a queue, and others have some too. */
const MAX_MARKS = 20;
/** In milliseconds: no message is older. */
const STALE_MS = SQS_MAX_RETENTION_SECONDS * 1000;
/**
 * Of the lease: how often a mark is renewed while its handler runs, how soon again where that fails, and how long one is
 * the same that is of a process that has died.
 */
const SHARE = { renewed: 0.4, again: 0.08, dead: 0.9 };
/** Marks of others that are remembered. */
const REMEMBERED = 1_000;
/** Between two tries to take a mark away. One that stays looks like a death. */
const UNMARK: Backoff = { initial: 1_000, max: 30_000 };

/** A mark of this process. */
interface Mark {
  of: Delivery;
  /** Of its tag. Two processes may have the message, one of them without knowing that its lease is lost. */
  name: string;
  timer: NodeJS.Timeout | undefined;
  /** The last call that set it. */
  setting: Promise<void>;
}

/** A mark of another process, as it was found. */
interface Sighting {
  value: string;
  at: number;
}

/**
 * Tells a message that kills its process from one that was only handed out often. Where no store counts starts for all
 * processes, SQS's receive count is all that outlives a process, and it counts both alike. So a message that has been
 * received nearly as often as it may be tried, by processes that this one knows nothing of, is marked in the queue's
 * tags while its handler runs, under a name of the process's own. The mark is renewed for as long: one that is found, and found the same when the message
 * comes again a lease later, was left by a process that died. One that has changed is of a process that lives and has
 * lost its lease. No clock but this process's monotonic one counts. A few calls for such a message, none for any other.
 */
export class Suspects {
  /** By message id: while its handler runs. */
  private readonly marked = new Map<string, Mark>();
  /** Messages that a process has died of: their marks stay until they are in the dead letter queue. */
  private readonly condemned = new Map<string, readonly string[]>();
  private readonly stopping = abortController();
  /** By name of the mark. */
  private readonly sightings = new Map<string, Sighting>();
  /** Whose handlers have ended, and whose marks are being taken away. */
  private readonly ending = new Set<string>();
  private isWarned = false;
  private mayUnmark = false;
  private readonly now: () => number;
  private readonly wallNow: () => number;

  constructor(private readonly options: SuspectsOptions) {
    this.now = options.now ?? monotonicNow;
    this.wallNow = options.wallNow ?? Date.now;
  }

  /** For how long a message waits that another process may have, in whole seconds. */
  get waitSeconds(): number {
    return this.options.visibilityTimeoutSeconds;
  }

  /** Its process may have died so often that it must not be started without a mark. */
  isSuspect(delivery: Delivery): boolean {
    return this.options.attempts.unknownReceives(delivery) >= Math.max(1, this.options.maxReceiveCount - 1);
  }

  /**
   * Before its handler. `'run'`: it is marked now. `'wait'`: there is a mark, and its process may live. `'deadly'`: a
   * process died with it. Never rejects.
   */
  async begin(delivery: Delivery): Promise<'run' | 'wait' | 'deadly'> {
    const { messageId } = delivery;
    if (this.isMarked(messageId)) return 'wait';
    const { reader, tags, queueUrl } = this.options;
    const prefix = `${KEY}${messageId}:`;
    try {
      const marks = Object.entries(await reader.tagsNow()).filter(([name]) => name.startsWith(KEY));
      const found = marks.filter(([name]) => name.startsWith(prefix));
      // Another delivery of it may have been marked here meanwhile, and its mark be the one that was found.
      if (this.isMarked(messageId)) return 'wait';
      if (found.length > 0) return this.look(messageId, found);
      const stale = marks.filter(([, value]) => this.isStale(value)).map(([name]) => name);
      // A mark that could not be taken away again would pass for a death: the first one shows that it can.
      const name = prefix + newToken();
      const removed = stale.length === 0 && !this.mayUnmark ? [name] : stale;
      if (removed.length > 0) await tags.untagQueue(queueUrl, removed);
      this.mayUnmark = true;
      if (this.besides(stale, marks) >= MAX_MARKS) return 'run';
      if (this.isMarked(messageId)) return 'wait';
      // The consumer has ended meanwhile, and its handler does not begin.
      if (this.stopping.signal.aborted) return 'run';
      const mark: Mark = { of: delivery, name, timer: undefined, setting: this.set(name) };
      this.marked.set(messageId, mark);
      this.renewAfter(mark, SHARE.renewed);
      await mark.setting;
    } catch (error) {
      this.warn(error);
    }
    return 'run';
  }

  /** Its handler has ended, whatever that came to. Never rejects. */
  async end(delivery: Delivery): Promise<void> {
    if (this.marked.size === 0) return;
    const { messageId } = delivery;
    const mark = this.marked.get(messageId);
    // Another delivery of the message may run, with a mark of its own.
    if (mark?.of !== delivery) return;
    clearTimeout(mark.timer);
    this.marked.delete(messageId);
    this.ending.add(messageId);
    // Whatever came of it: what has failed may have taken effect.
    await mark.setting.catch(() => undefined);
    await this.unmark([mark.name]);
    this.ending.delete(messageId);
  }

  /** Marks that are left, and those that this process has set since they were read. */
  private besides(stale: readonly string[], marks: ReadonlyArray<readonly [string, string]>): number {
    const own = [...this.marked.values()].map(({ name }) => name);
    const names = new Set([...marks.map(([name]) => name), ...own]);
    return names.size - stale.length;
  }

  /** It is in the dead letter queue. Never rejects. */
  async noteGone(messageId: string): Promise<void> {
    const names = this.condemned.size > 0 ? this.condemned.get(messageId) : undefined;
    if (!names) return;
    this.condemned.delete(messageId);
    await this.unmark(names);
  }

  /** For the end of the consumer: no timer is left. */
  stop(): void {
    this.stopping.abort();
    for (const { timer } of this.marked.values()) clearTimeout(timer);
    this.marked.clear();
  }

  /** At the marks of other processes. One that has changed is of a handler that runs. */
  private look(messageId: string, found: ReadonlyArray<readonly [name: string, value: string]>): 'wait' | 'deadly' {
    const areDead = found.map(([name, value]) => this.isDead(name, value));
    if (areDead.includes(false)) return 'wait';
    const names = found.map(([name]) => name);
    for (const name of names) this.sightings.delete(name);
    this.condemned.set(messageId, names);
    return 'deadly';
  }

  /** It was the same nearly a lease ago. */
  private isDead(name: string, value: string): boolean {
    const now = this.now();
    const seen = this.sightings.get(name);
    if (seen?.value === value) return now - seen.at >= this.share(SHARE.dead);
    this.sightings.delete(name);
    this.sightings.set(name, { value, at: now });
    if (this.sightings.size > REMEMBERED) this.sightings.delete(this.sightings.keys().next().value ?? name);
    return false;
  }

  /** @param share of the lease */
  private renewAfter(mark: Mark, share: number): void {
    mark.timer = setTimeout(() => void this.renew(mark), this.share(share));
    mark.timer.unref();
  }

  private async renew(mark: Mark): Promise<void> {
    mark.setting = this.set(mark.name);
    let next = SHARE.renewed;
    try {
      await mark.setting;
    } catch (error) {
      this.warn(error);
      next = SHARE.again;
    }
    if (this.marked.get(mark.of.messageId) === mark) this.renewAfter(mark, next);
  }

  private async set(name: string): Promise<void> {
    const value = `${new Date(this.wallNow()).toISOString()} ${newToken()}`;
    await this.options.tags.tagQueue(this.options.queueUrl, { [name]: value });
  }

  private async unmark(names: readonly string[]): Promise<void> {
    const { signal } = this.stopping;
    for (let tries = 1; ; tries += 1) {
      try {
        await this.options.tags.untagQueue(this.options.queueUrl, names);
        return;
      } catch (error) {
        this.warn(error);
        if (signal.aborted) return;
        await pause(backoffMs(UNMARK, tries, Math.random), signal);
      }
    }
  }

  private isMarked(messageId: string): boolean {
    return this.marked.has(messageId) || this.ending.has(messageId);
  }

  /** Of the lease, in milliseconds. */
  private share(part: number): number {
    return this.options.visibilityTimeoutSeconds * 1000 * part;
  }

  private isStale(value: string): boolean {
    const at = Date.parse(value.split(' ', 1)[0] ?? '');
    return Number.isNaN(at) || this.wallNow() - at > STALE_MS;
  }

  private warn(error: unknown): void {
    if (this.isWarned) return;
    this.isWarned = true;
    this.options.logger.warn(
      `${this.options.queueName}: the queue's tags cannot be read or written (${errorText(error)}). The library therefore detects a message that kills its process only late. Remedy: allow sqs:ListQueueTags, sqs:TagQueue and sqs:UntagQueue, or use an inbox that all processes share.`,
    );
  }
}
