import type { SqsBatchContext } from '#lib/ctx-host/sqs-batch.context.js';
import type { SqsContext } from '#lib/ctx-host/sqs.context.js';
import { BatchFailure, type FailedElement } from '#lib/errors/batch-failure.js';
import { DeadLetter, Discard, RetryLater } from '#lib/errors/handler-outcomes.js';
import type { Run, RunEnd, Runner } from './fate.ts';
import type { Fates } from './fates.ts';
import type { Schedule, ScheduledBatch, Step } from './schedule.ts';

/** Within every `handlerTimeoutMs`. */
const QUICK_MS = 500;
/** What a handler does that nothing is said of. */
const SUCCESS: Step = { outcome: 'ok', ms: 0, seconds: 0 };
/** Of what stands behind a failed message of its group, in a batch: it was not looked at. */
const LATER: Step = { outcome: 'retry-later', ms: 0, seconds: 1 };
/** After these a message comes again, so that nothing of its group may be handled before it does. */
const GOES_BACK: ReadonlySet<RunEnd> = new Set(['throw', 'retry-later', 'dead-letter', 'stopped', 'cut']);

export interface HandlersOptions {
  schedule: Schedule;
  /** Undefined: a call for each message. */
  batch: ScheduledBatch | undefined;
  fates: Fates;
  runner: Runner;
  /** By receipt handle, when the handler has ended. */
  endedAt: Map<string, number>;
  /** Its process dies. */
  kill: () => void;
  /** The faults are over. */
  isCalm: () => boolean;
}

/** The handlers of one process: they do what the schedule says of each start of a message. */
export class SimulatedHandlers {
  readonly #options: HandlersOptions;

  constructor(options: HandlersOptions) {
    this.#options = options;
  }

  async one(queue: string, number: number, context: SqsContext): Promise<void> {
    const { fates, schedule, runner, kill } = this.#options;
    const run = fates.begin(fates.get(queue, number), runner, context, { size: 1 });
    const step = this.#stepOf(run);
    const stopped = await (schedule.heed === 'stops' ? pauseOrStop(step.ms, context.getSignal()) : pause(step.ms));
    // It died meanwhile, or its process ended.
    if (run.end) return forever();
    this.#noteEnded(context);
    if (stopped) {
      fates.end(run, this.#endBy(stopped));
      return this.#stop(stopped);
    }
    if (step.outcome === 'kill') {
      kill();
      return forever();
    }
    if (schedule.heed === 'asks') context.getSignal();
    fates.end(run, step.outcome);
    const error = errorOf(run, step);
    if (error) throw error;
  }

  /** All messages of a call take as long as the one that takes longest, and die with the one that kills. */
  async many(queue: string, numbers: readonly number[], contexts: SqsBatchContext): Promise<void> {
    const { fates, schedule, runner, kill } = this.#options;
    const call = { size: numbers.length };
    const runs = numbers.map((number, at) => fates.begin(fates.get(queue, number), runner, contexts[at], call));
    const steps = runs.map(run => this.#stepOf(run));
    const ms = Math.max(...steps.map(each => each.ms));
    const stopped = await (schedule.heed === 'stops' ? pauseOrStop(ms, contexts.getSignal()) : pause(ms));
    if (runs.some(({ end }) => end)) return forever();
    for (const context of contexts) this.#noteEnded(context);
    if (stopped) {
      for (const run of runs) fates.end(run, this.#endBy(run.context.getSignal().reason as Error));
      return this.#stop(stopped);
    }
    if (steps.some(({ outcome }) => outcome === 'kill')) {
      kill();
      return forever();
    }
    const failures = this.#endAll(runs, steps);
    if (this.#options.batch?.isWhole && runs.some(({ end }) => end === 'throw')) throw wholeError(runs);
    if (failures.length > 0) throw new BatchFailure(failures);
  }

  #endAll(runs: readonly Run[], steps: readonly Step[]): FailedElement[] {
    const { fates, schedule, batch } = this.#options;
    const isFailed = batch?.isWhole && steps.some(({ outcome }) => outcome === 'throw');
    const failures: FailedElement[] = [];
    /** On FIFO: groups of which a message comes again. A handler of a batch stops there, and says so. */
    const held = new Set<number>();
    for (const [index, run] of runs.entries()) {
      const step = held.has(run.fate.group) ? LATER : (steps[index] ?? SUCCESS);
      // It looks at each message's own signal too: what it has lost it leaves alone.
      const reason = schedule.heed === 'never' ? undefined : abortReason(run.context);
      const end: RunEnd =
        reason && schedule.heed === 'stops'
          ? isByStop(reason)
            ? 'cut'
            : 'stopped'
          : isFailed
            ? 'throw'
            : step.outcome;
      fates.end(run, end);
      const error = end === 'stopped' || end === 'cut' ? reason : errorOf(run, step);
      if (error) failures.push({ index, error });
      if (schedule.fifo && GOES_BACK.has(end)) held.add(run.fate.group);
    }
    return failures;
  }

  #endBy(reason: Error): RunEnd {
    if (isByStop(reason)) return 'cut';
    return this.#returns ? 'returned' : 'stopped';
  }

  #stop(reason: Error): void {
    if (!this.#returns) throw reason;
  }

  /** A handler that is told to stop only returns, and does not throw what it was told. */
  get #returns(): boolean {
    return this.#options.schedule.seed % 2 === 1;
  }

  #noteEnded(context: SqsContext): void {
    this.#options.endedAt.set(context.getMessage().ReceiptHandle ?? '', performance.now());
  }

  #stepOf({ fate: { outcomes }, start }: Run): Step {
    const step = outcomes[Math.min(start, outcomes.length) - 1] ?? SUCCESS;
    const { schedule, isCalm } = this.#options;
    if (!schedule.circuitBreaker || !isCalm()) return step;
    // A dependency that is never back is asked for ever.
    return { ...step, outcome: step.outcome === 'throw' ? 'ok' : step.outcome, ms: Math.min(step.ms, QUICK_MS) };
  }
}

function errorOf(run: Run, { outcome, seconds }: Step): Error | undefined {
  const { queue, number } = run.fate;
  const text = `injected ${outcome} of ${queue}/${number} at start ${run.start}`;
  switch (outcome) {
    case 'throw':
      return new Error(text);
    case 'retry-later':
      return new RetryLater(seconds, text);
    case 'dead-letter':
      return new DeadLetter(text);
    case 'discard':
      return new Discard(text);
    default:
      return undefined;
  }
}

/** Of a call that fails as a whole; that of one message is its own. */
function wholeError(runs: readonly Run[]): Error {
  const [first] = runs;
  if (!first || runs.length > 1) return new Error(`injected throw of a batch of ${runs.length}`);
  return new Error(`injected throw of ${first.fate.queue}/${first.fate.number} at start ${first.start}`);
}

function abortReason(context: SqsContext): Error | undefined {
  const { aborted, reason } = context.getSignal();
  return aborted ? (reason as Error) : undefined;
}

const isByStop = (reason: Error): boolean => reason.message.includes('the server is stopping');

const forever = <T>(): Promise<T> => new Promise(() => undefined);

const pause = (ms: number): Promise<undefined> => new Promise(resolve => setTimeout(() => resolve(undefined), ms));

/** Resolves to the reason when the signal aborts before. */
function pauseOrStop(ms: number, signal: AbortSignal): Promise<Error | undefined> {
  return new Promise(resolve => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve(signal.aborted ? (signal.reason as Error) : undefined);
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}
