import { abortController } from '../async/abort.js';
import { monotonicNow } from '../async/clock.js';
import { pause } from '../async/pause.js';
import type { Tags } from '../interfaces/control-plane.interface.js';
import { fromAwsError, isNotAllowed } from '../errors/aws-errors.js';
import { matchesPattern } from './filter-policy.js';
import { positionsBeside, QUEUE_TAGS, recordedPatterns } from './queue-tags.js';
import type { Positions } from './topology.model.js';
import { isRecent } from './tag-days.js';

export interface QueueTagReaderOptions {
  /** Reads the tags of the queue; it may reject. */
  readTags: () => Promise<Tags>;
  /** Where this process keeps positions. @default nowhere */
  positions?: Positions | undefined;
  /** Least time between the beginnings of two reads, in milliseconds. @default 200 */
  readEveryMs?: number;
  /** Milliseconds of a clock that is never set. @default performance.now */
  now?: () => number;
  /** In milliseconds since the epoch, as the day in a tag. */
  wallNow?: () => number;
}

interface Read {
  beganAt: number;
  /** Undefined: they could not be read, for this reason. */
  tags: Tags | undefined;
  error?: unknown;
}

const NEVER = abortController().signal;
const READ_EVERY_MS = 200;
/** A gap that times out rarely comes alone, in milliseconds. */
const ORDERING_KNOWN_FOR_MS = 60_000;
const PASSING_KNOWN_FOR_MS = 1_000;

/** The tags could not be read, for a reason that may pass. */
const isPassing = ({ tags, error }: Pick<Read, 'tags' | 'error'>): boolean =>
  tags === undefined && !isNotAllowed(fromAwsError(error, 'ListQueueTags', ''));

/**
 * What one queue's tags tell while its messages are handled: which types any version of its service has wanted, whether a
 * version without an `ordering` takes from it, what has been marked on it. One read at a time, at most every 200 ms; all
 * who wait share it.
 */
export class QueueTagReader {
  private readonly now: () => number;
  private readonly wallNow: () => number;
  private last: Read | undefined;
  private reading: Promise<void> | undefined;

  constructor(private readonly options: QueueTagReaderOptions) {
    this.now = options.now ?? monotonicNow;
    this.wallNow = options.wallNow ?? Date.now;
  }

  /**
   * Whether any version has wanted the type of a message that was received at `receivedAt` (`performance.now()`). A
   * version records its types before it lets them into the queue, so a read that began after the receive knows of all who
   * want it. Never rejects: where the tags cannot be read, or nothing was recorded, the answer is true.
   */
  async isWanted(type: string, receivedAt: number): Promise<boolean> {
    const { tags } = await this.readThat(beganAt => beganAt > receivedAt);
    const patterns = tags && recordedPatterns(tags);
    return patterns?.some(pattern => matchesPattern(pattern, type)) ?? true;
  }

  /**
   * Whether a version takes from the queue too, or did so until lately, that has no `ordering`, or keeps positions elsewhere:
   * what that version handled has left no position here, and looks like a missing event. Known for a minute. Undefined:
   * the tags cannot be read now. Never rejects: where this process may not read them, the answer is false.
   */
  async isMixed(): Promise<boolean | undefined> {
    const at = this.now();
    const { tags, error } = await this.readThat(
      (beganAt, read) => at - beganAt < (isPassing(read) ? PASSING_KNOWN_FOR_MS : ORDERING_KNOWN_FOR_MS),
    );
    if (isPassing({ tags, error })) return undefined;
    const { positions } = this.options;
    const elsewhere = tags && positions !== undefined ? positionsBeside(tags, positions) : [];
    const days = [tags?.[QUEUE_TAGS.unordered] ?? '', ...elsewhere.map(([, day]) => day)];
    return days.some(day => isRecent(day, this.wallNow()));
  }

  /** The tags as they are now, or a moment later. Rejects when they cannot be read. */
  async tagsNow(): Promise<Tags> {
    const at = this.now();
    const { tags, error } = await this.readThat(beganAt => beganAt >= at);
    if (!tags) throw error;
    return tags;
  }

  private async readThat(isLateEnough: (beganAt: number, read: Read) => boolean): Promise<Read> {
    let read = this.last;
    while (!read || !isLateEnough(read.beganAt, read)) {
      // A read that began too early still ends before the next one begins.
      await (this.reading ??= this.read());
      read = this.last;
    }
    return read;
  }

  private async read(): Promise<void> {
    const restMs = (this.last?.beganAt ?? -Infinity) + (this.options.readEveryMs ?? READ_EVERY_MS) - this.now();
    if (restMs > 0) await pause(restMs, NEVER);
    const beganAt = this.now();
    try {
      this.last = { beganAt, tags: await this.options.readTags() };
    } catch (error) {
      this.last = { beganAt, tags: undefined, error };
    }
    this.reading = undefined;
  }
}
