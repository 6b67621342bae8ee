/** An exponential delay, in milliseconds. */
export interface Backoff {
  /** Bound of the first delay. */
  initial: number;
  /** Bound of every delay. */
  max: number;
  /** @default 2 */
  factor?: number;
  /**
   * `'half'`: between half the bound and all of it, for one who waits alone; `'full'`: between 0 and the bound, for many
   * that failed together. @default 'half'
   */
  jitter?: 'half' | 'full';
}

/**
 * Milliseconds until the next try, after `attempt` failures in a row (from 1). Never more than `max`, however many.
 * @param random gives 0 ≤ x < 1
 */
export function backoffMs(backoff: Backoff, attempt: number, random: () => number): number {
  const { initial, max, factor = 2, jitter = 'half' } = backoff;
  // A power that overflows would make NaN of a first delay of 0.
  const exponential = initial * Math.min(factor ** Math.max(0, attempt - 1), Number.MAX_VALUE);
  const share = jitter === 'full' ? random() : 0.5 + random() / 2;
  return share * Math.min(exponential, max);
}
