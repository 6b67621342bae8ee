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
import { MarkSightings } from './mark-sightings.js';
import type { SoloRuns } from './solo-runs.js';

export interface SuspectsOptions {
  queueUrl: string;
  queueName: string;
  maxReceiveCount: number;
  visibilityTimeoutSeconds: number;
  attempts: Pick<AttemptCounter, 'unknownReceives'>;
  reader: Pick<QueueTagReader, 'tagsNow'>;
  tags: Pick<SqsControlPlane, 'tagQueue' | 'untagQueue'>;
  solo: SoloRuns;
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
/** Between two tries to take a mark away. One that stays looks like a death. */
const UNMARK: Backoff = { initial: 1_000, max: 30_000 };

/** Ends the value of a mark whose message is run while no other is that processes may have died of. */
const ALONE = ' alone';
/** Of so few attempts none is left to try a message alone: its first mark decides. */
const FEWEST_TO_TRY_ALONE = 3;
/** For so many leases a process cannot know that marks are left of one that died. */
const STRANGE_LEASES = 2;

/** A mark of this process. */
interface Mark {
  of: Delivery;
  /** Of its tag. Two processes may have the message, one of them without knowing that its lease is lost. */
  name: string;
  /** Those of processes that died, which go when it does. */
  inherited: readonly string[];
  isAlone: boolean;
  timer: NodeJS.Timeout | undefined;
  /** The last call that set it. */
  setting: Promise<void>;
}

/**
 * Tells a message that kills its process from one that was only handed out often. Where no store counts starts for all
 * processes, SQS's receive count is all that outlives a process, and it counts both alike. So a message that has been
 * received nearly as often as it may be tried, by processes that this one knows nothing of, is marked in the queue's
 * tags while its handler runs, under a name of the process's own. The mark is renewed for as long: one that is found, and found the same when the message
 * comes again a lease later, was left by a process that died. One that has changed is of a process that lives and has
 * lost its lease. Those that were in work beside a message that kills leave marks too: so each of them is run once more,
 * one at a time (see `SoloRuns`), under a mark that says so, and who dies then has killed. No clock but this process's
 * monotonic one counts. A few calls for such a message, none for any other.
 */
export class Suspects {
  /** By message id: while its handler runs. */
  private readonly marked = new Map<string, Mark>();
  /** Messages that a process has died of: their marks stay until they are in the dead letter queue. */
  private readonly condemned = new Map<string, readonly string[]>();
  private readonly stopping = abortController();
  private readonly sightings: MarkSightings;
  /** Whose handlers have ended, and whose marks are being taken away. */
  private readonly ending = new Set<string>();
  private isWarned = false;
  private mayUnmark = false;
  private readonly bornAt: number;
  private readonly now: () => number;
  private readonly wallNow: () => number;

  constructor(private readonly options: SuspectsOptions) {
    this.now = options.now ?? monotonicNow;
    this.wallNow = options.wallNow ?? Date.now;
    this.bornAt = this.now();
    this.sightings = new MarkSightings(this.share(SHARE.dead), this.now);
  }

  /** For how long a message waits that another process may have, in whole seconds. */
  get waitSeconds(): number {
    return this.options.visibilityTimeoutSeconds;
  }

  /** Its process may have died so often that it must not be started without a mark. */
  isSuspect(delivery: Delivery): boolean {
    const { attempts, maxReceiveCount } = this.options;
    const left = this.areTriedAlone ? 2 : 1;
    return attempts.unknownReceives(delivery) >= Math.max(1, maxReceiveCount - left);
  }

  private get areTriedAlone(): boolean {
    return this.options.maxReceiveCount >= FEWEST_TO_TRY_ALONE;
  }

  /**
   * Before its handler. `'run'`: it is marked now. `'wait'`: there is a mark, and its process may live. `'behind'`: it is
   * to be run alone, and another is. `'deadly'`: a process died of it. Never rejects.
   */
  async begin(delivery: Delivery): Promise<'run' | 'wait' | 'behind' | 'deadly'> {
    const { messageId } = delivery;
    if (this.isMarked(messageId)) return 'wait';
    const { reader, tags, queueUrl } = this.options;
    const prefix = `${KEY}${messageId}:`;
    try {
      const marks = Object.entries(await reader.tagsNow()).filter(([name]) => name.startsWith(KEY));
      const found = marks.filter(([name]) => name.startsWith(prefix));
      // Another delivery of it may have been marked here meanwhile, and its mark be the one that was found.
      if (this.isMarked(messageId)) return 'wait';
      const isDead = found.length > 0;
      if (isDead) {
        const seen = this.look(messageId, found);
        if (seen !== 'doubtful') return seen;
        if (!this.options.solo.begin(delivery)) return 'behind';
      }
      const stale = marks.filter(([, value]) => this.isStale(value)).map(([name]) => name);
      // A mark that could not be taken away again would pass for a death: the first one shows that it can.
      const name = prefix + newToken();
      const removed = stale.length === 0 && !this.mayUnmark ? [name] : stale;
      if (removed.length > 0) await tags.untagQueue(queueUrl, removed);
      this.mayUnmark = true;
      if (!isDead && this.besides(stale, marks) >= MAX_MARKS) return this.areStrange ? 'wait' : 'run';
      if (this.isMarked(messageId)) return 'wait';
      // The consumer has ended meanwhile, and its handler does not begin.
      if (this.stopping.signal.aborted) return 'run';
      const inherited = found.map(([known]) => known);
      const setting = this.set(name, isDead);
      const mark: Mark = { of: delivery, name, inherited, isAlone: isDead, timer: undefined, setting };
      this.marked.set(messageId, mark);
      this.renewAfter(mark, SHARE.renewed);
      await mark.setting;
    } catch (error) {
      this.warn(error);
    }
    return 'run';
  }

  /**
   * Its handler has ended, or was not called. Never rejects.
   * @param isGone it does not come again. One that does, because it has failed, may be what earlier processes died of
   */
  async end(delivery: Delivery, isGone = false): Promise<void> {
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
    await this.unmark(isGone ? [mark.name, ...mark.inherited] : [mark.name]);
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

  /** Of other processes' marks: this one may have come in the place of one that died with its messages' marks. */
  private get areStrange(): boolean {
    return this.now() - this.bornAt < this.share(STRANGE_LEASES);
  }

  /** At the marks of other processes. One that has changed is of a handler that runs. */
  private look(
    messageId: string,
    found: ReadonlyArray<readonly [name: string, value: string]>,
  ): 'wait' | 'doubtful' | 'deadly' {
    const areDead = found.map(([name, value]) => this.sightings.isDead(name, value));
    if (areDead.includes(false)) return 'wait';
    const names = found.map(([name]) => name);
    if (this.areTriedAlone && !found.some(([, value]) => value.endsWith(ALONE))) return 'doubtful';
    this.sightings.forget(names);
    this.condemned.set(messageId, names);
    return 'deadly';
  }

  /** @param share of the lease */
  private renewAfter(mark: Mark, share: number): void {
    mark.timer = setTimeout(() => void this.renew(mark), this.share(share));
    mark.timer.unref();
  }

  private async renew(mark: Mark): Promise<void> {
    mark.setting = this.set(mark.name, mark.isAlone);
    let next = SHARE.renewed;
    try {
      await mark.setting;
    } catch (error) {
      this.warn(error);
      next = SHARE.again;
    }
    if (this.marked.get(mark.of.messageId) === mark) this.renewAfter(mark, next);
  }

  private async set(name: string, isAlone: boolean): Promise<void> {
    const value = `${new Date(this.wallNow()).toISOString()} ${newToken()}${isAlone ? ALONE : ''}`;
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
