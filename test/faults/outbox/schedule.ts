import type { FaultRates, Moment, Span } from '../schedule.ts';
import type { DatabaseFaults } from './faulty-pool.ts';

/** What a transaction emits. */
export interface Emit {
  /**
   * `numbered`: of a subject, with `setSequence('next')`; `plain`: of a subject; `loose`: of none; `later`: with
   * `setDeliverAt()`; `unwritable`: numbered, of data that cannot be written, and the transaction goes on.
   */
  kind: 'numbered' | 'plain' | 'loose' | 'later' | 'unwritable';
  subject: number;
  /** SNS never accepts it. */
  isRefused: boolean;
  /** Before the next one, in milliseconds. */
  ms: number;
  /** Of `later`: from the start, in milliseconds; with a key an earlier one of this key is replaced. */
  dueAt: number;
  hasKey: boolean;
}

export interface ScheduledTransaction {
  at: number;
  which: number;
  emits: Emit[];
  /** Without waiting for one before the next. */
  emitsAtOnce: boolean;
  end: 'commit' | 'rollback';
  /** Of `later`: removes the one of the key first. */
  cancels: boolean;
}

/** What a handler does at one start. */
export interface HandlerStep {
  outcome: 'ok' | 'throw-before' | 'throw-after' | 'swallow' | 'kill-before' | 'kill-after';
  ms: number;
  marksFirst: boolean;
}

/** A process dies at its n-th statement, before or after its effect. */
export interface StepCrash {
  which: number;
  step: number;
  ghostMs: number;
}

export interface OutboxSchedule {
  seed: number;
  fifo: boolean;
  /** For each process whether it relays. */
  relays: boolean[];
  leaseMs: number;
  pollMs: number;
  maxRows: number;
  /** The option `keep`. */
  keeps: boolean;
  /** Whether what is published is handled too. */
  consumes: boolean;
  consumerLeaseSeconds: number;
  concurrency: number;
  transactions: ScheduledTransaction[];
  handlers: HandlerStep[][];
  wireFaults: FaultRates;
  databaseFaults: DatabaseFaults;
  crashes: Array<Moment & { ghostMs: number }>;
  stepCrashes: StepCrash[];
  stops: Moment[];
  /** SIGSTOP, and SIGCONT after `ms`. */
  freezes: Array<Span & Moment>;
  /** The machine of the processes sleeps. */
  suspensions: Span[];
  outages: Span[];
  /** What is of this subject fails at SNS meanwhile. */
  laneOutage: (Span & { subject: number }) | undefined;
}
