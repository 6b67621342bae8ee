import {
  createContextKey,
  createTraceState,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  trace,
  TraceFlags,
  type Baggage,
  type Context,
  type SpanContext,
} from '@opentelemetry/api';
import type { ProcessOperation, TraceCarrier } from '../interfaces/telemetry.interface.js';
import type { MessageAttributes } from '../interfaces/wire.interface.js';

/** The key of OpenTelemetry's SDK: no span is recorded in such a context, and nothing is injected. */
const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

export const suppressed = (context: Context): Context => context.setValue(SUPPRESS_TRACING, true);
export const isSuppressed = (context: Context): boolean => context.getValue(SUPPRESS_TRACING) === true;

const TRACEPARENT = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;

/** W3C Trace Context of a span; undefined for one that has none, as without an SDK. */
export function traceparentOf(span: SpanContext): string | undefined {
  if (!isSpanContextValid(span)) return undefined;
  return `00-${span.traceId}-${span.spanId}-${hex(span.traceFlags & TraceFlags.SAMPLED)}`;
}

const hex = (flags: number): string => flags.toString(16).padStart(2, '0');

/** Undefined for what is no trace context. */
export function spanContextOf(traceparent: unknown, tracestate?: unknown): SpanContext | undefined {
  if (typeof traceparent !== 'string') return undefined;
  const [, version, traceId = '', spanId = '', flags = '', rest] = TRACEPARENT.exec(traceparent) ?? [];
  // A version that is not known yet may have more behind its flags; the known one has not.
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  const context: SpanContext = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  if (typeof tracestate === 'string' && tracestate !== '') context.traceState = createTraceState(tracestate);
  return isSpanContextValid(context) ? context : undefined;
}

/** `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1` */
export function awsTraceHeaderOf({ traceId, spanId, traceFlags }: SpanContext): string {
  const isSampled = (traceFlags & TraceFlags.SAMPLED) !== 0;
  return `Root=1-${traceId.slice(0, 8)}-${traceId.slice(8)};Parent=${spanId};Sampled=${isSampled ? 1 : 0}`;
}

/** Undefined for a header that names no parent, as one of a service that does not trace. */
export function fromAwsTraceHeader(header: string | undefined): SpanContext | undefined {
  if (header === undefined) return undefined;
  const root = /(?:^|;)\s*Root=1-([\da-f]{8})-([\da-f]{24})(?:;|$)/.exec(header);
  const parent = /(?:^|;)\s*Parent=([\da-f]{16})(?:;|$)/.exec(header);
  if (!root || !parent) return undefined;
  const isSampled = /(?:^|;)\s*Sampled=1(?:;|$)/.test(header);
  return spanContextOf(`00-${root[1]}${root[2]}-${parent[1]}-${isSampled ? '01' : '00'}`);
}

/**
 * Where a message comes from: the event's own trace context, else what the AWS SDK's instrumentation has written into
 * the attributes, of the message or inside SNS's wrapper, else X-Ray's header.
 */
export function originOf({ metadata, message }: ProcessOperation): SpanContext | undefined {
  const { MessageAttributes, Attributes } = message;
  return (
    spanContextOf(metadata?.traceparent, metadata?.tracestate) ??
    (MessageAttributes &&
      spanContextOf(textOf(MessageAttributes, 'traceparent'), textOf(MessageAttributes, 'tracestate'))) ??
    fromSnsWrapper(message.Body) ??
    fromAwsTraceHeader(Attributes?.['AWSTraceHeader'])
  );
}

const textOf = (attributes: MessageAttributes, name: string): string | undefined => attributes[name]?.StringValue;

/** Without raw delivery SNS puts a message's attributes into the body. */
function fromSnsWrapper(body: string | undefined): SpanContext | undefined {
  // Without the quotes in front, of which a body has too many to be searched quickly.
  if (body === undefined || !body.includes('Notification"') || !body.includes('traceparent"')) return undefined;
  try {
    const { MessageAttributes } = JSON.parse(body) as { MessageAttributes?: Record<string, { Value?: unknown }> };
    return spanContextOf(MessageAttributes?.['traceparent']?.Value, MessageAttributes?.['tracestate']?.Value);
  } catch {
    return undefined;
  }
}

/** Fills in what an event that is emitted in this context carries. */
export function inject(
  context: Context,
  carrier: TraceCarrier,
  { baggage, awsTraceHeader }: { baggage: readonly string[]; awsTraceHeader: boolean },
): void {
  const span = trace.getSpanContext(context);
  const traceparent = span && traceparentOf(span);
  if (span && traceparent !== undefined) {
    carrier.traceparent = traceparent;
    const tracestate = span.traceState?.serialize();
    if (tracestate) carrier.tracestate = tracestate;
    if (awsTraceHeader) carrier.awsTraceHeader = awsTraceHeaderOf(span);
  }
  if (baggage.length === 0) return;
  const text = baggageText(propagation.getBaggage(context), baggage);
  if (text !== '') carrier.baggage = text;
}

/** AWS's bound for a whole message is 1 MiB; W3C's for baggage, in characters: what is beyond it is left out. */
const MAX_BAGGAGE = 8_192;

/** Half of an emoji has no encoding: U+FFFD takes its place, as in any text that is sent. */
const encoded = (text: string): string => encodeURIComponent(Buffer.from(text).toString());

function baggageText(given: Baggage | undefined, allowed: readonly string[]): string {
  let text = '';
  for (const key of allowed) {
    const value = given?.getEntry(key)?.value;
    if (value === undefined) continue;
    const entry = `${encoded(key)}=${encoded(value)}`;
    const longer = text === '' ? entry : `${text},${entry}`;
    if (longer.length <= MAX_BAGGAGE) text = longer;
  }
  return text;
}

/** The root context with what the event's baggage says of the keys that are allowed: a consumer trusts no others. */
export function contextWithBaggage(baggage: string | undefined, allowed: readonly string[]): Context {
  if (baggage === undefined || allowed.length === 0) return ROOT_CONTEXT;
  const entries: Record<string, { value: string }> = {};
  for (const entry of baggage.slice(0, MAX_BAGGAGE).split(',')) {
    const [pair = ''] = entry.split(';');
    const at = pair.indexOf('=');
    if (at < 1) continue;
    try {
      const key = decodeURIComponent(pair.slice(0, at).trim());
      if (allowed.includes(key)) entries[key] = { value: decodeURIComponent(pair.slice(at + 1).trim()) };
    } catch {
      // Percent signs that encode nothing: not ours to mend.
    }
  }
  return Object.keys(entries).length === 0
    ? ROOT_CONTEXT
    : propagation.setBaggage(ROOT_CONTEXT, propagation.createBaggage(entries));
}
