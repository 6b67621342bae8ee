import { monotonicNow } from '../../async/clock.js';
import { BoundedRecords, type Forgettable } from '../../inbox/bounded-records.js';
import type { MaybePromise } from '../../interfaces/inbox-store.interface.js';
import type { RateOfLimit } from '../../interfaces/steering-store.interface.js';
import {
  fullBucket,
  isFreshAt,
  takeTurn,
  turnRate,
  type BucketRate,
  type TurnBucket,
} from '../../inbox/turn-bucket.js';

/** Whose message may run now, where each key has a limit of its own. */
export interface Turns {
  /**
   * 0: now. Otherwise after how many milliseconds the message is to come again; `'unavailable'`: nobody knows. Never
   * rejects.
   * @param hasWaited it was put off before
   */
  takeTurn(key: string, hasWaited: boolean): MaybePromise<number | 'unavailable'>;
}

/** A bucket for each; a hundred bytes or so. Beyond that those that were not asked for longest begin anew. */
const REMEMBERED_KEYS = 10_000;

/** The limits of the keys of one queue, in this process. */
export class KeyTurns implements Turns {
  private readonly rate: BucketRate;
  private readonly buckets = new BoundedRecords<TurnBucket & Forgettable>({ max: REMEMBERED_KEYS });
  private readonly now: () => number;

  constructor(limit: RateOfLimit, { now = monotonicNow }: { now?: () => number } = {}) {
    this.rate = turnRate(limit);
    this.now = now;
  }

  takeTurn(key: string, hasWaited: boolean): number {
    const now = this.now();
    const bucket = this.buckets.get(key, now) ?? { ...fullBucket(this.rate, now), forgetAt: now };
    const waitMs = takeTurn(bucket, hasWaited, this.rate, now);
    bucket.forgetAt = isFreshAt(bucket, this.rate);
    this.buckets.put(key, bucket, now);
    return waitMs;
  }
}
