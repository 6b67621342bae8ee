import { channel, type Channel } from 'node:diagnostics_channel';
import { monotonicNow } from '../async/clock.js';
import { thrownText } from '../errors/thrown.js';
import type { Telemetry, TracedOperations } from '../interfaces/telemetry.interface.js';
import type { Trace } from '../interfaces/trace.interface.js';
import { runInStores, tellSubscribers } from './tell-subscribers.js';

/** The channels of Node's `tracingChannel('nestjs-sns-sqs:<name>')`. */
interface Channels {
  start: Channel;
  end: Channel;
  asyncStart: Channel;
  asyncEnd: Channel;
  error: Channel;
}

const channelsOf = (name: keyof TracedOperations): Channels => {
  const of = (event: keyof Channels): Channel => channel(`tracing:nestjs-sns-sqs:${name}:${event}`);
  return {
    start: of('start'),
    end: of('end'),
    asyncStart: of('asyncStart'),
    asyncEnd: of('asyncEnd'),
    error: of('error'),
  };
};

const CHANNELS: Record<keyof TracedOperations, Channels> = {
  publish: channelsOf('publish'),
  send: channelsOf('send'),
  receive: channelsOf('receive'),
  process: channelsOf('process'),
  settle: channelsOf('settle'),
};

/** The aggregate `hasSubscribers` of a TracingChannel is missing in some Node 20. */
const isListenedTo = ({ start, asyncEnd, error, end, asyncStart }: Channels): boolean =>
  start.hasSubscribers ||
  asyncEnd.hasSubscribers ||
  error.hasSubscribers ||
  end.hasSubscribers ||
  asyncStart.hasSubscribers;

/** The process's tracer: `SnsSqsInstrumentation` sets it, in whichever build or copy of this library it is. */
interface ProcessTelemetry {
  current?: Telemetry | undefined;
}
const SLOT = Symbol.for('nestjs-sns-sqs.telemetry');
const holder = globalThis as { [SLOT]?: ProcessTelemetry };
const ofProcess: ProcessTelemetry = (holder[SLOT] ??= {});

/** Traces what has no tracer by its options. Undefined: nothing. */
export function setProcessTelemetry(telemetry: Telemetry | undefined): void {
  ofProcess.current = telemetry;
}

export const processTelemetry = (): Telemetry | undefined => ofProcess.current;

/** True when somebody looks at operations of this kind: what only they need is computed then. */
export const isTraced = (name: keyof TracedOperations, own: Telemetry | undefined): boolean =>
  own !== undefined || ofProcess.current !== undefined || isListenedTo(CHANNELS[name]);

/**
 * Begins an operation, for the tracer and for the subscribers of its tracing channel. Never throws. Ask
 * {@link isTraced} first.
 * @param now by {@link monotonicNow}
 */
export const beginTrace = <Name extends keyof TracedOperations>(
  name: Name,
  own: Telemetry | undefined,
  operation: TracedOperations[Name],
  now = monotonicNow(),
): Operation<Name> => new Operation(name, operation, beginBy(own ?? ofProcess.current, name, operation), now);

/** Traces a call of which nothing but the call itself is traced. Rejects as `call` does. */
export async function traceCall<Name extends 'send' | 'receive' | 'settle', R>(
  name: Name,
  own: Telemetry | undefined,
  operation: TracedOperations[Name],
  call: () => Promise<R>,
  onAnswer: (answer: R) => void,
): Promise<R> {
  const trace = beginTrace(name, own, operation);
  try {
    const answer = await trace.run(call);
    onAnswer(answer);
    return answer;
  } catch (error) {
    operation.error = error;
    throw error;
  } finally {
    trace.end();
  }
}

/** Of entries, those that are traced. */
export function originsOf(entries: ReadonlyArray<{ origin?: Trace | undefined }>): Trace[] {
  const origins: Trace[] = [];
  for (const { origin } of entries) if (origin) origins.push(origin);
  return origins;
}

function beginBy<Name extends keyof TracedOperations>(
  telemetry: Telemetry | undefined,
  name: Name,
  operation: TracedOperations[Name],
): Trace | undefined {
  try {
    return telemetry?.begin(name, operation);
  } catch (error) {
    warn(error);
    return undefined;
  }
}

/** An operation under way. Its tracer and subscribers may throw whatever they throw: the message is not affected. */
export class Operation<Name extends keyof TracedOperations> implements Trace {
  private readonly channels: Channels;
  private isOver = false;

  constructor(
    name: Name,
    readonly facts: TracedOperations[Name],
    readonly inner: Trace | undefined,
    private readonly beganAt: number,
  ) {
    this.channels = CHANNELS[name];
  }

  get traceparent(): string | undefined {
    return this.inner?.traceparent;
  }

  get parent(): string | undefined {
    return this.inner?.parent;
  }

  run<R>(work: () => R): R {
    const { start, end } = this.channels;
    // Metrics, and most tracers, listen to what has ended only.
    if (!start.hasSubscribers && !end.hasSubscribers) return this.inner ? runIn(this.inner, work) : work();
    try {
      return runInStores(start, this.facts, () => (this.inner ? runIn(this.inner, work) : work()));
    } finally {
      if (end.hasSubscribers) tellSubscribers(end, this.facts);
    }
  }

  /** As {@link run}, for each message: where nobody wants to be around the work, nothing is made for it. */
  runWith<T, R>(work: (item: T) => R, item: T): R {
    const { start, end } = this.channels;
    if (!this.inner && !start.hasSubscribers && !end.hasSubscribers) return work(item);
    return this.run(() => work(item));
  }

  /** Idempotent. */
  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.facts.durationMs = monotonicNow() - this.beganAt;
    const { asyncStart, asyncEnd, error } = this.channels;
    if (this.facts.error !== undefined && error.hasSubscribers) tellSubscribers(error, this.facts);
    if (asyncStart.hasSubscribers) tellSubscribers(asyncStart, this.facts);
    try {
      this.inner?.end();
    } catch (thrown) {
      warn(thrown);
    }
    if (asyncEnd.hasSubscribers) tellSubscribers(asyncEnd, this.facts);
  }
}

/** Runs `work` once, and gives what it gives: the tracer may throw before it or after it, or run nothing. */
function runIn<R>(trace: Trace, work: () => R): R {
  let ended: { value: R } | undefined;
  let failed: { error: unknown } | undefined;
  try {
    trace.run(() => {
      try {
        ended = { value: work() };
      } catch (error) {
        failed = { error };
      }
    });
  } catch (error) {
    warn(error);
  }
  if (failed) throw failed.error;
  return ended ? ended.value : work();
}

let hasWarned = false;

function warn(error: unknown): void {
  if (hasWarned) return;
  hasWarned = true;
  process.emitWarning(
    `The telemetry of nestjs-sns-sqs threw: ${thrownText(error)}. Messages are not affected. Further errors of it are not reported.`,
    { code: 'NESTJS_SNS_SQS_TELEMETRY' },
  );
}
