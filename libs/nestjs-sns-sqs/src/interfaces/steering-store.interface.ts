import type { RateLimitOptions } from './steering-options.interface.js';

/** The messages of a shared rate limit that a process may receive now. */
export interface RateGrant {
  /** 0 to the requested number. */
  granted: number;
  /** When there is one more, in milliseconds. */
  retryAfterMs: number;
}

/** The part of a limit that fills a bucket. */
export type RateOfLimit = Pick<RateLimitOptions, 'messages' | 'perSeconds'>;

/**
 * The shared knowledge of a service's processes that steers their queues: part of a store of the inbox. Every method is
 * atomic over processes, and rejects when the store cannot answer.
 */
export interface SteeringStore {
  /**
   * Takes up to `wanted` messages from a bucket that all processes share. The bucket fills by `messages` in `perSeconds` by the
   * store's own clock, and holds what one second gives, one at least. A queue that it does not know has a full bucket.
   * @param spent messages that were received by grants so old that the bucket may have been full since: the bucket pays for
   * them first, even with what it does not have yet. @default 0
   */
  takeRate(queue: string, wanted: number, limit: RateOfLimit, spent?: number): RateGrant | Promise<RateGrant>;

  /**
   * Asks for the turn of one message of a key. Each key has a bucket as in {@link takeRate}, which
   * holds what one second gives beside that. 0: the message takes its turn
   * now. Otherwise it has none, and its own turn comes about so many milliseconds later: each message that waits gets a
   * later time. A message that has waited comes before the others.
   * @param key text of at most 100 ASCII characters
   */
  takeTurn(queue: string, key: string, limit: RateOfLimit, hasWaited: boolean): number | Promise<number>;

  /** Notes that a queue is paused for all processes of this scope, or is not any more. Idempotent. */
  setPaused(scope: string, queue: string, isPaused: boolean): void | Promise<void>;

  /** The queues of this scope that are paused. */
  pausedQueues(scope: string): string[] | Promise<string[]>;
}
