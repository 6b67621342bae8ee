import type { RateLimitOptions } from './steering-options.interface.js';

/** The messages of a shared rate limit that a process may receive now. */
export interface RateGrant {
  /** 0 to the requested number. */
  granted: number;
  /** When there is one more, in milliseconds. */
  retryAfterMs: number;
}

/**
 * The shared knowledge of a service's processes that steers their queues: part of a store of the inbox. Every method is
 * atomic over processes, and rejects when the store cannot answer.
 */
export interface SteeringStore {
  /**
   * Takes up to `wanted` messages from a bucket that all processes share. The bucket fills by `messages` in `perSeconds` by the
   * store's own clock, and holds what one second gives, one at least. A queue that it does not know has a full bucket.
   */
  takeRate(queue: string, wanted: number, limit: RateLimitOptions): RateGrant | Promise<RateGrant>;

  /** Notes that a queue is paused for all processes of this scope, or is not any more. Idempotent. */
  setPaused(scope: string, queue: string, isPaused: boolean): void | Promise<void>;

  /** The queues of this scope that are paused. */
  pausedQueues(scope: string): string[] | Promise<string[]>;
}
