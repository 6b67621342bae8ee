import type { EventMetadata } from './envelope.interface.js';

/** At most so many messages of a queue are received in a time, by this process or by all. */
export interface RateLimitOptions {
  /** 1 to 1,000,000. */
  messages: number;
  /** 0.1 to 86,400. */
  perSeconds: number;
  /**
   * True: all processes of the service share the limit, through the store of the inbox (`RedisInboxStore`, `PostgresInboxStore`).
   * @default false: each process has one of its own
   */
  shared?: boolean | undefined;
  /**
   * Each key, such as a tenant, has a limit of its own. A message whose key has reached its limit
   * returns to the queue until its turn, at no cost, and other keys continue. Undefined for a message
   * without a limit. Messages of which the function throws share one limit.
   * @default the limit is the queue's
   */
  key?: ((event: EventMetadata, data: unknown) => string | undefined) | undefined;
}

/** When a queue stops receiving because a dependency of its handlers is unavailable. */
export interface CircuitBreakerOptions {
  /** Share of failures from which it opens, above 0 and at most 1. */
  failures: number;
  /** Number of the latest attempts that count, 2 to 10,000; with fewer it never opens. */
  of: number;
  /** How long nothing is received, in seconds, 1 to 3,600; twice as long after each trial that fails, up to eight times. */
  pauseSeconds: number;
  /**
   * False for an error that says nothing of what the handlers need. A function that throws counts as true.
   * @default every error but `RetryLater`, `DeadLetter`, `Discard` and those that are permanent
   */
  isFailure?: ((error: unknown) => boolean) | undefined;
}

/** Options that steer how a queue is received. Options of a queue. */
export interface SteeringOptions {
  /** The process receives only messages that may run. @default no limit */
  rateLimit?: RateLimitOptions | undefined;
  /**
   * Where the server's `concurrency` bounds all queues and several queues wait: how many messages of this queue begin for
   * each one of a queue with weight 1, 1 to 100. @default 1
   */
  weight?: number | undefined;
  /** Stops receiving while a dependency of the handlers is unavailable. Each process has its own. @default none */
  circuitBreaker?: CircuitBreakerOptions | undefined;
}
