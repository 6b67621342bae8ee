import type { CircuitBreakerOptions, RateLimitOptions } from '#lib/interfaces/steering-options.interface.js';
import { nameOf, type Call, type Run, type RunWatch } from './fate.ts';
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

/** In which so many handlers failed. */
interface Moment {
  at: number;
  failures: number;
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
  latest: Moment;
  /** Undefined: the circuit is closed. */
  openedAt: number | undefined;
  /** The first call that failed and found it open: it may have opened it. */
  openedBy: Call | undefined;
}

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
    const { openedAt } = queue;
    if (openedAt !== undefined && circuitBreaker) {
      if (performance.now() - openedAt < circuitBreaker.pauseSeconds * 1000)
        blame(`${name} was started while its queue's circuit was open`);
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
    if (!isFailure) return;
    const queue = this.#of(run.fate.queue);
    queue.failures += 1;
    const now = performance.now();
    queue.latest = queue.latest.at === now ? queue.latest : { at: now, failures: 0 };
    queue.latest.failures += 1;
    const { latest } = queue;
    whenSettled(() => this.#look(run, queue, latest));
  }

  /** What the consumer of a queue logs: in the moment in which its circuit opens or is closed, whenever what failed is settled. */
  noteLine(name: string, line: unknown): void {
    const text = String(line);
    if (text.startsWith(`${name}: the circuit breaker is open`)) this.#noteOpened(name);
    else if (text.startsWith(`${name}: `) && text.endsWith('the circuit breaker is closed again'))
      this.#noteClosed(name);
  }

  #noteOpened(name: string): void {
    const { circuitBreaker, blame } = this.#facts;
    const queue = this.#of(name);
    const { openedAt, failures } = queue;
    queue.openedAt = performance.now();
    if (openedAt === undefined && circuitBreaker && failures < circuitBreaker.failures * circuitBreaker.of)
      blame(`the circuit of ${name} was opened by ${failures} failures`);
  }

  #noteClosed(name: string): void {
    const queue = this.#of(name);
    queue.failures = 0;
    queue.openedAt = queue.openedBy = undefined;
  }

  #look(run: Run, queue: Queue, together: Moment): void {
    if (queue.openedAt === undefined) return;
    queue.openedBy ??= run.call;
    // Which failure of a batch, or of one moment, opened it does not show: those before that one cost an attempt.
    const areSeveral = together.at === queue.openedAt && together.failures > 1;
    run.isFree = !areSeveral && (run.call.size === 1 || queue.openedBy !== run.call);
  }

  #of(name: string): Queue {
    const known = this.#queues.get(name);
    if (known) return known;
    const queue: Queue = {
      room: Infinity,
      filledAt: performance.now(),
      received: 0,
      failures: 0,
      latest: { at: -1, failures: 0 },
      openedAt: undefined,
      openedBy: undefined,
    };
    this.#queues.set(name, queue);
    return queue;
  }
}

export const PAUSED = 'It is paused';
