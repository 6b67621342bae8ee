import {
  context,
  ROOT_CONTEXT,
  SpanKind,
  trace,
  type Attributes,
  type Link,
  type Span,
  type SpanContext,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api';
import type {
  ProcessOperation,
  PublishOperation,
  ReceiveOperation,
  SendOperation,
  SettleOperation,
  Telemetry,
  TracedOperations,
} from '../interfaces/telemetry.interface.js';
import type { Trace } from '../interfaces/trace.interface.js';
import { ATTRIBUTES, OLD_OPERATION, SYSTEM, TRACER_NAME, writesOldNames, type SpanOperation } from './names.js';
import { warnOfTwoApis } from './one-api.js';
import type { ResolvedOtelOptions } from './otel-options.js';
import { ProcessBeginnings, processLinks, tellReceived, tellSettled, toldError } from './process-span.js';
import { RecentAttempts } from './recent-attempts.js';
import { addDefined, SilentTrace, SpanTrace, tellError, withSpan } from './span-trace.js';
import { contextWithBaggage, inject, isSuppressed, originOf, spanContextOf, suppressed } from './trace-context.js';
import { VERSION } from '../version.js';

interface SpanOrigin {
  context: SpanContext;
  /** What a call that carries it is begun in. */
  parent: SpanContext | undefined;
}

/** No call in it is traced. */
const UNTRACED = suppressed(ROOT_CONTEXT);

/** Makes spans of what the library tells, by OpenTelemetry's conventions for messaging. */
export class OtelTelemetry implements Telemetry {
  private tracer: Tracer | undefined;
  private tracerIsOf: TracerProvider | undefined;
  private provider: TracerProvider | undefined;
  private readonly attempts = new RecentAttempts();
  private readonly writesOldNames = writesOldNames();
  private readonly processBeginnings = new ProcessBeginnings(queue => this.attributes('process', 'queue', queue, {}));

  constructor(private readonly options: ResolvedOtelOptions) {
    this.provider = options.tracerProvider;
  }

  /** Undefined: the global one. */
  setTracerProvider(provider: TracerProvider | undefined): void {
    this.provider = provider;
  }

  begin<Name extends keyof TracedOperations>(name: Name, operation: TracedOperations[Name]): Trace | undefined {
    switch (name) {
      case 'publish':
        return this.publish(operation as PublishOperation);
      case 'send':
        return this.send(operation as SendOperation);
      case 'receive':
        return this.receive(operation as ReceiveOperation);
      case 'process':
        return this.process(operation as ProcessOperation);
      case 'settle':
        return this.settle(operation as SettleOperation);
      default:
        return name satisfies never;
    }
  }

  private publish(operation: PublishOperation): Trace | undefined {
    const { destination, metadata, kind, isRequest, carrier } = operation;
    const active = context.active();
    if (isSuppressed(active)) return undefined;
    const attributes = this.attributes('create', kind, destination, {
      [ATTRIBUTES.messageId]: metadata.id,
      [ATTRIBUTES.conversationId]: metadata.correlationId,
      [ATTRIBUTES.causationId]: metadata.causationId,
      [ATTRIBUTES.eventId]: metadata.id,
      [ATTRIBUTES.eventSource]: metadata.source,
      [ATTRIBUTES.eventType]: metadata.type,
      [ATTRIBUTES.eventSubject]: metadata.subject,
      [ATTRIBUTES.sequence]: metadata.sequence,
      [ATTRIBUTES.isRequest]: isRequest || undefined,
    });
    const span = this.tracerNow().startSpan(`create ${destination}`, { kind: SpanKind.PRODUCER, attributes }, active);
    const within = withSpan(span, active);
    inject(within, carrier, this.options);
    const parent = trace.getSpanContext(active);
    return new SpanTrace(span, within, () => operation.error, parent);
  }

  /** A span for the call, linked to the creates that it carries, and their sibling where they have one parent. */
  private send(operation: SendOperation): Trace {
    const { destination, kind, target, call, count } = operation;
    const origins = this.originsOf(operation.origins);
    if (origins.length === 0) return new SilentTrace(UNTRACED);
    const attributes = this.attributes('send', kind, destination, {
      [ATTRIBUTES.batchCount]: count,
      [kind === 'topic' ? ATTRIBUTES.topicArn : ATTRIBUTES.queueUrl]: target,
      [ATTRIBUTES.call]: call,
    });
    return this.call(`send ${destination}`, attributes, origins, () => failureOf(operation, count));
  }

  private settle(operation: SettleOperation): Trace {
    const { queue, queueUrl, call, settlement, count } = operation;
    const origins = this.originsOf(operation.origins);
    // The conventions know no span for a lease that is extended.
    if (settlement === 'extend' || origins.length === 0) return new SilentTrace(UNTRACED);
    const attributes = this.attributes('settle', 'queue', queue, {
      [ATTRIBUTES.batchCount]: count,
      [ATTRIBUTES.queueUrl]: queueUrl,
      [ATTRIBUTES.settlement]: settlement,
      [ATTRIBUTES.call]: call,
    });
    return this.call(`settle ${queue}`, attributes, origins, () => failureOf(operation, count));
  }

  /** One AWS call for several messages. */
  private call(name: string, attributes: Attributes, origins: readonly SpanOrigin[], failure: () => Failure): Trace {
    const parent = commonParent(origins);
    const within = parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
    const links = origins.map(({ context }): Link => ({ context }));
    const span = this.tracerNow().startSpan(name, { kind: SpanKind.CLIENT, attributes, links }, within);
    return new SpanTrace(span, suppressed(withSpan(span, within)), ended => {
      const { error, failedCount } = failure();
      if (failedCount > 0) ended.setAttribute(ATTRIBUTES.failedCount, failedCount);
      return error;
    });
  }

  /** A receive that finds nothing has no span; one that finds messages has it when their contexts are known. */
  private receive(operation: ReceiveOperation): Trace {
    if (!this.options.receiveSpans) return new SilentTrace(UNTRACED);
    const startTime = Date.now();
    return new SilentTrace(UNTRACED, () => {
      const { queue, queueUrl, messages = [], error } = operation;
      if (messages.length === 0 && error === undefined) return;
      const attributes = this.attributes('receive', 'queue', queue, {
        [ATTRIBUTES.batchCount]: messages.length,
        [ATTRIBUTES.queueUrl]: queueUrl,
      });
      const options = { kind: SpanKind.CLIENT, attributes, startTime, root: true };
      const span = this.tracerNow().startSpan(`receive ${queue}`, options, ROOT_CONTEXT);
      if (error !== undefined) tellError(span, error);
      span.end();
    });
  }

  private process(operation: ProcessOperation): Trace {
    const { relation, baggage } = this.options;
    const { message, metadata } = operation;
    const messageId = message.MessageId ?? '';
    const origin = originOf(operation);
    const links = processLinks(operation, relation === 'parent' ? undefined : origin, this.attempts.take(messageId));
    const root = contextWithBaggage(metadata?.baggage, baggage);
    const parent = relation === 'link' ? undefined : origin;
    const within = parent ? trace.setSpanContext(root, parent) : root;
    const { name, attributes } = this.processBeginnings.of(operation);
    // A copy: whose tracer it is, and what it does with it, is not known.
    const options = { kind: SpanKind.CONSUMER, attributes: { ...attributes }, links };
    const span = this.tracerNow().startSpan(name, options, within);
    if (span.isRecording()) tellReceived(span, operation);
    const finish = (ended: Span): unknown => {
      tellSettled(ended, operation);
      if (operation.outcome !== 'delete') this.attempts.note(messageId, ended.spanContext());
      return toldError(operation);
    };
    // Its settlement is a child: nothing else says what it belongs to.
    return new SpanTrace(span, withSpan(span, within), finish, undefined, span.spanContext());
  }

  /** Those that are recorded: a call of messages that nobody samples is not told either. */
  private originsOf(traces: readonly Trace[]): SpanOrigin[] {
    const origins: SpanOrigin[] = [];
    for (const origin of traces) {
      const known = origin.inner ? ofThisProcess(origin.inner) : ofAnotherProcess(origin);
      if (known?.context.traceFlags) origins.push(known);
    }
    return origins;
  }

  private attributes(
    operation: SpanOperation,
    kind: 'topic' | 'queue',
    destination: string,
    more: Record<string, string | number | boolean | undefined>,
  ): Attributes {
    const attributes: Attributes = {
      [ATTRIBUTES.system]: SYSTEM[kind],
      [ATTRIBUTES.operationName]: operation,
      [ATTRIBUTES.operationType]: operation,
      [ATTRIBUTES.destination]: destination,
    };
    if (this.writesOldNames) attributes[ATTRIBUTES.oldOperation] = OLD_OPERATION[operation];
    return addDefined(attributes, more);
  }

  private tracerNow(): Tracer {
    const provider = this.provider ?? trace.getTracerProvider();
    if (this.tracer && this.tracerIsOf === provider) return this.tracer;
    if (!this.provider) warnOfTwoApis();
    // A copy of the API that the SDK was not registered with yet gives another provider later.
    this.tracerIsOf = provider;
    this.tracer = provider.getTracer(TRACER_NAME, VERSION);
    return this.tracer;
  }
}

interface Failure {
  error: unknown;
  failedCount: number;
}

const ofThisProcess = (trace: Trace): SpanOrigin | undefined =>
  trace instanceof SpanTrace ? { context: trace.context, parent: trace.callsIn } : undefined;

/** Of a message that lay in an outbox. */
function ofAnotherProcess({ traceparent, parent }: Trace): SpanOrigin | undefined {
  const context = spanContextOf(traceparent);
  return context && { context, parent: spanContextOf(parent) };
}

/** Of a call that failed as a whole, or in part. */
function failureOf({ error, failed = [] }: SendOperation | SettleOperation, count: number): Failure {
  if (error !== undefined) return { error, failedCount: count };
  const [first] = failed;
  return { error: first, failedCount: failed.length };
}

/** What all of them were begun in, where it is the same. */
function commonParent(origins: readonly SpanOrigin[]): SpanContext | undefined {
  const [first, ...others] = origins.map(({ parent }) => parent);
  return first && others.every(other => other?.spanId === first.spanId && other.traceId === first.traceId)
    ? first
    : undefined;
}
