import type { CircuitBreakerOptions, RateLimitOptions } from '#lib/interfaces/steering-options.interface.js';
import { nameOf, type Call, type Run, type RunWatch } from './fates.ts';
import type { LimitByKey, SharedSteering } from './schedule.ts';
import type { TurnsJudge } from './turns-judge.ts';

export interface SteeringFacts {
  rateLimit: RateLimitOptions | undefined;
  circuitBreaker: CircuitBreakerOptions | undefined;
  sharing: SharedSteering | undefined;
  limitByKey: LimitByKey | undefined;
  /** Of the keys, where they have limits. */
  turns: Pick<TurnsJudge, 'noteStart'> | undefined;
  handlerTimeoutMs: number;
  /** Messages of a shared limit that the store has let this process receive. */
  granted: (queue: string) => number;
  /** A pause that all processes share, and know of. */
  arePaused: () => boolean;
  /** What the consumer of a queue says of it. */
  heldFor: (queue: string) => string | undefined;
  blame: (what: string) => void;
}

/** One queue of one process. */
interface Queue {
  /** Messages that may be received. */
  room: number;
  filledAt: number;
  /** Messages that it has received. */
  received: number;
  /** Failures since the circuit was closed. */
  failures: number;
  /** Undefined: the circuit is closed, as far as it was seen. */
  openedAt: number | undefined;
  /** The call that did. */
  openedBy: Call | undefined;
  /** Something failed during a pause, which hides the circuit, so that nobody knows when it opened. */
  isUnsure: boolean;
}

/** Neither a success nor a failure. */
const ASKED_FOR = new Set(['retry-later', 'dead-letter', 'discard', 'kill']);

/**
 * What steering promises: a paused queue starts nothing, an open circuit neither, a trial is alone, what fails meanwhile
 * costs no attempt, and no more is received than the rate allows. Goes by the process's monotonic clock, as its timers do.
 */
export class SteeringJudge implements RunWatch {
  readonly #facts: SteeringFacts;
  readonly #queues = new Map<string, Queue>();
  readonly #running = new Set<Run>();

  constructor(facts: SteeringFacts) {
    this.#facts = facts;
  }

  noteReceived(name: string, count: number): void {
    const { rateLimit, limitByKey, sharing, blame } = this.#facts;
    if (!rateLimit || limitByKey) return;
    if (sharing?.rate) return this.#noteShared(name, count);
    const perMs = rateLimit.messages / rateLimit.perSeconds / 1000;
    const queue = this.#of(name);
    const now = performance.now();
    queue.room = Math.min(Math.max(1, perMs * 1000), queue.room + (now - queue.filledAt) * perMs) - count;
    queue.filledAt = now;
    if (queue.room < -0.001) blame(`${name} was received faster than its rate limit allows`);
  }

  /** Whatever others have received: what the store gave to all is within the limit. */
  #noteShared(name: string, count: number): void {
    const { granted, blame } = this.#facts;
    const queue = this.#of(name);
    queue.received += count;
    if (queue.received > granted(name)) blame(`${name} was received faster than its shared rate limit allows`);
  }

  noteStart(run: Run): void {
    const { heldFor, circuitBreaker, blame } = this.#facts;
    const name = nameOf(run.fate);
    const queue = this.#of(run.fate.queue);
    const reason = heldFor(run.fate.queue);
    this.#facts.turns?.noteStart(run);
    if (this.#facts.arePaused()) blame(`${name} was started while all processes were paused`);
    if (reason === PAUSED) blame(`${name} was started while its queue was paused`);
    if (reason === undefined) this.#close(queue);
    else if (queue.openedAt !== undefined && !queue.isUnsure && circuitBreaker) {
      if (performance.now() - queue.openedAt < circuitBreaker.pauseSeconds * 1000)
        blame(`${name} was started while its queue's circuit was open`);
      const { openedAt } = queue;
      if ([...this.#running].some(({ fate, clockedAt }) => fate.queue === run.fate.queue && clockedAt > openedAt))
        blame(`${name} was tried beside another by an open circuit`);
    }
    this.#running.add(run);
  }

  noteEnd(run: Run, whenSettled: (act: () => void) => void): void {
    this.#running.delete(run);
    if (!this.#facts.circuitBreaker || run.end === 'died' || run.end === 'cut') return;
    const isOverdue = performance.now() - run.clockedAt >= this.#facts.handlerTimeoutMs;
    const isFailure = run.end === 'throw' || run.end === 'stopped' || isOverdue;
    // Of one that returned nobody knows whether it had come to its end.
    if (!isFailure && run.end === 'returned') return;
    if (!isFailure && ASKED_FOR.has(run.end ?? '')) return;
    const queue = this.#of(run.fate.queue);
    if (isFailure) queue.failures += 1;
    whenSettled(() => this.#look(run, queue, isFailure));
  }

  #look(run: Run, queue: Queue, isFailure: boolean): void {
    const { circuitBreaker, heldFor, blame } = this.#facts;
    const reason = heldFor(run.fate.queue);
    if (!circuitBreaker || reason === PAUSED) {
      if (isFailure) queue.isUnsure = true;
      return;
    }
    if (reason === undefined) {
      if (!isFailure && queue.openedAt !== undefined) this.#close(queue);
      return;
    }
    if (!isFailure) return;
    const { openedAt, failures } = queue;
    if (openedAt === undefined) queue.openedBy = run.call;
    // Which failure of a batch opened it does not show: those before that one cost an attempt.
    run.isFree = run.call.size === 1 || queue.openedBy !== run.call;
    const now = performance.now();
    if (openedAt === undefined) {
      queue.openedAt = now;
      if (failures < circuitBreaker.failures * circuitBreaker.of)
        blame(`the circuit of ${run.fate.queue} was opened by ${failures} failures`);
      // What began before the pause was over was no trial, and decides nothing.
    } else if (run.clockedAt - openedAt > circuitBreaker.pauseSeconds * 1000) queue.openedAt = now;
  }

  #close(queue: Queue): void {
    if (queue.openedAt !== undefined) queue.failures = 0;
    queue.openedAt = undefined;
    queue.isUnsure = false;
  }

  #of(name: string): Queue {
    const known = this.#queues.get(name);
    if (known) return known;
    const queue: Queue = {
      room: Infinity,
      filledAt: performance.now(),
      received: 0,
      failures: 0,
      openedAt: undefined,
      openedBy: undefined,
      isUnsure: false,
    };
    this.#queues.set(name, queue);
    return queue;
  }
}

export const PAUSED = 'It is paused';
