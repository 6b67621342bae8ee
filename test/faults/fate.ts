import type { SqsContext } from '#lib/ctx-host/sqs.context.js';
import type { LimitByKey, ScheduledMessage, Step, Version } from './schedule.ts';

export class Violation extends Error {}

/**
 * `died`: with its process; `stopped`: it heeded its signal, and threw; `returned`: it did, and threw nothing; `cut`: its
 * process ended by a stop.
 */
export type RunEnd = Step['outcome'] | 'died' | 'stopped' | 'returned' | 'cut';

/** Told of runs in the moment in which they begin and end. */
export interface RunWatch {
  noteStart(run: Run): void;
  /** @param whenSettled does it when the process has decided what follows */
  noteEnd(run: Run, whenSettled: (act: () => void) => void): void;
}

/** A process, as far as its runs are concerned. */
export interface Runner {
  readonly version: Version;
  /** False: nothing of it is heard of again. */
  alive: boolean;
  /** stop() has resolved. */
  stopped: boolean;
  /** From when on a stop cuts off what still runs. */
  forcedAt: number;
  /** What its inbox knows. */
  readonly truth: StoreTruth | undefined;
  /** When its inbox has last let it run each message. */
  readonly claims: Map<Fate, number>;
  readonly running: Set<Run>;
  readonly steering: RunWatch;
}

/** Of a handler. */
export interface Call {
  /** Messages of its batch; 1: it has none. */
  readonly size: number;
}

/** One run of a handler. */
export interface Run {
  fate: Fate;
  /** The same for all messages of its batch. */
  call: Call;
  /** From 1. */
  start: number;
  runner: Runner;
  context: SqsContext;
  /** When the inbox has let it run: in a batch seconds before it began, since others of the batch were waited for. */
  claimedAt: number;
  startedAt: number;
  /** The same by the process's monotonic clock. */
  clockedAt: number;
  endedAt: number;
  end: RunEnd | undefined;
  /** It failed while its queue's circuit was open. */
  isFree: boolean;
}

/** What one message of one queue went through. */
export interface Fate extends ScheduledMessage {
  queue: string;
  number: number;
  sequence: number;
  /** SQS's: more than one where a publish whose answer was lost was repeated. */
  readonly ids: Set<string>;
  sentAt: number;
  /** As SQS counts them. */
  receives: number;
  /** When a store that all share has let it run for the first time. */
  claimedAt: number;
  runs: Run[];
  /** When a call to the inbox about it failed last. */
  storeFailedAt: number;
  /** How many of them have failed: each may have been counted as an attempt. */
  storeFailures: number;
  /** A process has said that the dead letter queue does not take it. */
  isRefused: boolean;
  /** Its queue has kept it for as long as it keeps any. */
  hasExpired: boolean;
  /** When it came into the dead letter queue. */
  letterAt: number;
  /** A machine fell asleep while one of its processes had it in work. */
  sleptInWork: boolean;
}

/** What a store has been told, and not forgotten. */
export class StoreTruth {
  readonly done = new Set<Fate>();
  /** By subject: the highest that is done. */
  readonly positions = new Map<string, number>();

  clear(): void {
    this.done.clear();
    this.positions.clear();
  }
}

export const subjectOf = ({ queue, source, group }: Fate): string => `${queue} ${source} ${group}`;

export const nameOf = ({ queue, number }: Fate): string => `message ${number} of ${queue}`;

/** It had its effect, and its handler has said so. */
export const isDone = ({ runs }: Fate): boolean => runs.some(({ end }) => end === 'ok' || end === 'discard');

export const messageIdOf = ({ context }: Run): string | undefined => context.getMessage().MessageId;

export interface FateRules {
  fifo: boolean;
  inbox: 'none' | 'memory' | 'shared';
  heed: 'never' | 'asks' | 'stops';
  handlerTimeoutMs: number;
  limitByKey: LimitByKey | undefined;
}
