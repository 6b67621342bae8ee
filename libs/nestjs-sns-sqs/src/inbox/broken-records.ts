import { SnsSqsError } from '../errors/sns-sqs.error.js';
import { isInstance } from '../errors/thrown.js';
import { BoundedRecords, type Forgettable } from './bounded-records.js';

/** How long a message waits for its record to be mended, in milliseconds. */
const PATIENCE_MS = 15 * 60_000;
const REMEMBERED = 1_000;
const DELAY_SECONDS = { first: 2, most: 300 };

/** The store works, and cannot read what it has of one event. */
export const isBrokenRecord = (error: unknown): boolean =>
  isInstance(error, SnsSqsError) && error.code === 'INBOX_RECORD_BROKEN';

/** Seconds until a message whose record is broken is looked at again. `receiveCount` is from 1. */
export const brokenWaitSeconds = (receiveCount: number): number =>
  Math.min(DELAY_SECONDS.most, DELAY_SECONDS.first * 2 ** Math.min(20, receiveCount - 1));

interface Seen extends Forgettable {
  seenAt: number;
}

/** Since when this process knows that an event's record is broken. Bounded: the oldest go first. */
export class BrokenRecords {
  private readonly seen = new BoundedRecords<Seen>({ max: REMEMBERED });

  constructor(private readonly now: () => number) {}

  /** True: it was broken for 15 minutes. It is forgotten with it, so that one that is redriven waits anew. */
  isGivenUp(key: string): boolean {
    const now = this.now();
    const { seenAt } = this.seen.get(key, now) ?? this.note(key, now);
    const isOver = now - seenAt >= PATIENCE_MS;
    if (isOver) this.seen.delete(key);
    return isOver;
  }

  private note(key: string, now: number): Seen {
    const seen = { seenAt: now, forgetAt: Infinity };
    this.seen.put(key, seen, now);
    return seen;
  }
}
