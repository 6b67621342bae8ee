import type { CircuitBreakerOptions, RateLimitOptions } from '#lib/interfaces/steering-options.interface.js';

/** Rates from 0 to 1, by kind of fault. */
export type FaultRates = Partial<
  Record<
    | 'throttle'
    | 'error'
    | 'lostReply'
    | 'stall'
    | 'halfBatch'
    | 'staleDelete'
    | 'duplicate'
    | 'disorder'
    | 'overLimit'
    | 'storeError'
    | 'storeLost',
    number
  >
>;

export interface Step {
  /** `kill`: its process dies of it. */
  outcome: 'ok' | 'throw' | 'retry-later' | 'dead-letter' | 'discard' | 'kill';
  ms: number;
  /** Of `retry-later`. */
  seconds: number;
}

export interface ScheduledMessage {
  at: number;
  group: number;
  source: number;
  /** `new`: only a version that knows it handles it. */
  type: 'work' | 'new';
  /** Of its body, in bytes, beside what every message has. */
  padding: number;
  /** What its handler does at each start; the last one again and again. */
  outcomes: Step[];
}

/** What happens to which process, in milliseconds from the start. */
export interface Moment {
  at: number;
  which: number;
}

/** SIGTERM; a new process starts at the same time, perhaps of another version. */
export interface Restart extends Moment {
  version: number;
  /** `shutdownTimeoutMs`. */
  within: number;
}

/** A version of the service. */
export interface Version {
  takesNew: boolean;
  ordering: 'none' | 'latest' | 'sequential';
  maxReceiveCount: number;
  skip: boolean;
  concurrency: number;
}

/** Handlers that are called for many messages at once. */
export interface ScheduledBatch {
  size: number;
  windowMs: number;
  /** One message that throws fails all of its call, as a bulk insert does. */
  isWhole: boolean;
  /** The first version that has them: before it each message has a call of its own. */
  since: number;
}

/** What all processes steer together, through the store of the inbox that they share. */
export interface SharedSteering {
  /** The rate limit is one for all. */
  rate: boolean;
  /** A pause holds for all. */
  pauses: boolean;
}

/** A limit for each key of the messages, in place of the queue's. */
export interface LimitByKey {
  /** `group`: each group is a key. `mixed`: the function throws for the first, and the third has no limit. */
  by: 'group' | 'mixed';
  messages: number;
  perSeconds: number;
  /** One for all processes. */
  shared: boolean;
}

/** `away`: nothing is answered; `refuses`: writes are; `slot`: what concerns the first queue is not answered. */
export type StoreFault = 'away' | 'refuses' | 'slot';

/** What a handler asks for with `RetryLater` at most. */
export const LONGEST_LATER_SECONDS = 7_200;
/** Of queues, 14 days, and the bound of what a message may have. */
export const USUAL = { retentionSeconds: 1_209_600, letterBytes: 1_048_576 };

export interface Span {
  at: number;
  ms: number;
}

export interface Schedule {
  seed: number;
  fifo: boolean;
  inbox: 'none' | 'memory' | 'shared';
  /** Whether handlers ask for their signal, and whether they stop by it. */
  heed: 'never' | 'asks' | 'stops';
  /** Queues of a standard service: each gets every event. */
  useCases: number;
  /** Events of a subject are numbered without gaps. */
  gapless: boolean;
  leaseSeconds: number;
  waitSeconds: number;
  handlerTimeoutMs: number;
  backoff: 'default' | 'short';
  retryLaterForSeconds: number;
  /** How long the queues keep a message. */
  retentionSeconds: number;
  /** `MaximumMessageSize` of the dead letter queues. */
  letterBytes: number;
  versions: Version[];
  /** The version of each process at the start. */
  fleet: number[];
  messages: ScheduledMessage[];
  faults: FaultRates;
  crashes: Moment[];
  restarts: Restart[];
  outages: Array<Span & { kind: StoreFault }>;
  /** When the shared store loses all that it knows. */
  forgets: number[];
  /** While no copy reaches a dead letter queue. */
  letterOutages: Span[];
  /** By how much the wall clock is set forward. */
  clockSteps: Array<{ at: number; by: number }>;
  suspensions: Span[];
  /** `server.pause()`, and `resume()` after that time. */
  pauses: Array<Span & Moment>;
  /** Of every queue. */
  rateLimit: RateLimitOptions | undefined;
  /** Of every queue. In the end the handlers' dependency is back: nothing that its messages do fails any more. */
  circuitBreaker: CircuitBreakerOptions | undefined;
  batch: ScheduledBatch | undefined;
  /** Undefined: each process steers for itself. */
  sharing: SharedSteering | undefined;
  /** Of every queue. Undefined: keys have no limits. */
  limitByKey: LimitByKey | undefined;
}
