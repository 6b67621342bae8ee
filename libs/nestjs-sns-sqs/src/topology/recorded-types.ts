import { abortController } from '../async/abort.js';
import type { Tags } from '../interfaces/control-plane.interface.js';
import { pause } from '../async/pause.js';
import { matchesPattern } from './filter-policy.js';
import { recordedPatterns } from './queue-tags.js';

export interface RecordedTypesOptions {
  /** Reads the tags of the queue; it may reject. */
  readTags: () => Promise<Tags>;
  /** Least time between the beginnings of two reads, in milliseconds. @default 200 */
  readEveryMs?: number;
  /** Milliseconds of a clock that is never set. @default performance.now */
  now?: () => number;
}

interface Read {
  beganAt: number;
  /** Undefined: what was wanted is not known. */
  patterns: readonly string[] | undefined;
}

const NEVER = abortController().signal;
const READ_EVERY_MS = 200;

/**
 * Knows for one queue which types any version of its service has wanted, by the queue's tags. A version records its
 * types before it lets them into the queue, so a read that began after a message was received knows of all who want it.
 * One read at a time, at most every 200 ms; all who wait share it.
 */
export class RecordedTypes {
  private readonly now: () => number;
  private last: Read | undefined;
  private reading: Promise<void> | undefined;

  constructor(private readonly options: RecordedTypesOptions) {
    this.now = options.now ?? (() => performance.now());
  }

  /**
   * Whether any version has wanted the type of a message that was received at `receivedAt` (`performance.now()`). Never
   * rejects: where the tags cannot be read, or nothing was recorded, the answer is true.
   */
  async isWanted(type: string, receivedAt: number): Promise<boolean> {
    let read = this.last;
    while (!read || read.beganAt <= receivedAt) {
      // A read that began too early still ends before the next one begins.
      await (this.reading ??= this.read());
      read = this.last;
    }
    return read.patterns?.some(pattern => matchesPattern(pattern, type)) ?? true;
  }

  private async read(): Promise<void> {
    const restMs = (this.last?.beganAt ?? -Infinity) + (this.options.readEveryMs ?? READ_EVERY_MS) - this.now();
    if (restMs > 0) await pause(restMs, NEVER);
    const beganAt = this.now();
    const patterns = await this.patterns();
    this.last = { beganAt, patterns };
    this.reading = undefined;
  }

  private async patterns(): Promise<readonly string[] | undefined> {
    try {
      return recordedPatterns(await this.options.readTags());
    } catch {
      return undefined;
    }
  }
}
