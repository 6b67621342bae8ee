import type { RateOfLimit } from '../interfaces/steering-store.interface.js';

/** A bucket's rate in messages per millisecond, and the most that it holds. */
export interface BucketRate {
  perMs: number;
  most: number;
}

export function bucketRate({ messages, perSeconds }: RateOfLimit): BucketRate {
  const perMs = messages / perSeconds / 1000;
  return { perMs, most: Math.max(1, perMs * 1000) };
}

/**
 * Of a key: SQS counts delays in whole seconds, so the messages of one second may come together. A second's worth more
 * keeps what would be lost of the rate.
 */
export function turnRate(limit: RateOfLimit): BucketRate {
  const { perMs, most } = bucketRate(limit);
  return { perMs, most: most + perMs * 1000 };
}

/** What is known of one key. Times are milliseconds of one clock. */
export interface TurnBucket {
  /** After the last turn that was taken, {@link filledAt}. */
  filled: number;
  filledAt: number;
  /** When the last one comes that has never had to wait before. */
  lineEndsAt: number;
  /** When the last one comes that came in vain, although it had waited. */
  againEndsAt: number;
}

/** A line of which nobody has come for so long while the bucket was full has gone elsewhere. */
export const LINE_BROKEN_MS = 3_000;
/** Of one that takes no turn: a sum that was rounded may say that its turn comes in no time, and 0 lets it run. */
const LEAST_WAIT_MS = 1;

export const fullBucket = ({ most }: BucketRate, now: number): TurnBucket => ({
  filled: most,
  filledAt: now,
  lineEndsAt: -Infinity,
  againEndsAt: -Infinity,
});

/**
 * Takes a turn, or a place in a line: 0, or after how many milliseconds the message is to come again. Who has waited takes
 * what there is; who has not stands behind those. Stores have the same in their own languages. Changes `bucket`.
 */
export function takeTurn(bucket: TurnBucket, hasWaited: boolean, { perMs, most }: BucketRate, now: number): number {
  const filled = bucket.filled + Math.max(0, now - bucket.filledAt) * perMs;
  const isBroken = (filled - most) / perMs >= LINE_BROKEN_MS;
  const isAlone = bucket.lineEndsAt <= now && bucket.againEndsAt <= now;
  if (filled >= 1 && (hasWaited || isAlone || isBroken)) {
    if (isBroken) bucket.lineEndsAt = bucket.againEndsAt = -Infinity;
    bucket.filled = Math.min(most, filled) - 1;
    bucket.filledAt = now;
    return 0;
  }
  // When the bucket was empty, if it had been filled since then at its rate.
  const emptyAt = now - Math.min(most, filled) / perMs;
  if (hasWaited) {
    bucket.againEndsAt = Math.max(bucket.againEndsAt, emptyAt) + 1 / perMs;
    return Math.max(LEAST_WAIT_MS, bucket.againEndsAt - now);
  }
  bucket.lineEndsAt = Math.max(bucket.lineEndsAt, bucket.againEndsAt, emptyAt) + 1 / perMs;
  return Math.max(LEAST_WAIT_MS, bucket.lineEndsAt - now);
}

/** From then on it is as good as a new one. */
export const isFreshAt = (
  { filled, filledAt, lineEndsAt, againEndsAt }: TurnBucket,
  { perMs, most }: BucketRate,
): number => Math.max(filledAt + (most - filled) / perMs, lineEndsAt, againEndsAt);
