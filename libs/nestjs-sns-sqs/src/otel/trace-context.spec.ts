import { createTraceState, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import type { ProcessOperation, TraceCarrier } from '../interfaces/telemetry.interface.js';
import type { SqsMessage } from '../interfaces/wire.interface.js';
import {
  awsTraceHeaderOf,
  contextWithBaggage,
  fromAwsTraceHeader,
  inject,
  originOf,
  spanContextOf,
  traceparentOf,
} from './trace-context.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const TRACEPARENT = `00-${TRACE}-${SPAN}-01`;
const HEADER = `Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=${SPAN};Sampled=1`;
const text = (StringValue: string) => ({ DataType: 'String', StringValue });

const processing = (message: SqsMessage, metadata: object = {}): ProcessOperation => ({
  queue: 'q',
  queueUrl: 'url',
  fifo: false,
  maxReceiveCount: 5,
  laneTimeMs: 0,
  message,
  metadata: { id: '1', source: 's', type: 't', ...metadata },
});

describe('spanContextOf', () => {
  it('reads what traceparentOf writes, with the state of vendors', () => {
    const span = spanContextOf(TRACEPARENT, 'a=1,b=2');
    expect(span).toMatchObject({ traceId: TRACE, spanId: SPAN, traceFlags: 1, isRemote: true });
    expect(span?.traceState?.serialize()).toBe('a=1,b=2');
    expect(span && traceparentOf(span)).toBe(TRACEPARENT);
  });

  it('reads a version that is not known yet, whatever it has behind the flags', () => {
    expect(spanContextOf(`01-${TRACE}-${SPAN}-01-more`)).toMatchObject({ traceId: TRACE });
  });

  it.each([
    undefined,
    7,
    '',
    'nonsense',
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    TRACEPARENT.toUpperCase(),
  ])('takes %j for none', value => {
    expect(spanContextOf(value)).toBeUndefined();
  });
});

describe("X-Ray's header", () => {
  it('is read as it is written', () => {
    const span = fromAwsTraceHeader(HEADER);
    expect(span).toMatchObject({ traceId: TRACE, spanId: SPAN, traceFlags: 1 });
    expect(span && awsTraceHeaderOf(span)).toBe(HEADER);
  });

  it('is read in any order, and without a sample', () => {
    const header = `Self=1-67891234-12456789abcdef012345678;Sampled=0;Parent=${SPAN};Root=1-0af76519-16cd43dd8448eb211c80319c`;
    expect(fromAwsTraceHeader(header)).toMatchObject({ spanId: SPAN, traceFlags: 0 });
  });

  it.each([undefined, '', 'Root=1-0af76519-16cd43dd8448eb211c80319c', `Parent=${SPAN}`])(
    'takes %j for none',
    header => {
      expect(fromAwsTraceHeader(header)).toBeUndefined();
    },
  );
});

describe('originOf', () => {
  it("prefers the event's own context to attributes, and those to X-Ray's header", () => {
    const other = `00-${TRACE}-${'1'.repeat(16)}-00`;
    const message = { MessageAttributes: { traceparent: text(other) }, Attributes: { AWSTraceHeader: HEADER } };
    expect(originOf(processing(message, { traceparent: TRACEPARENT }))?.spanId).toBe(SPAN);
    expect(originOf(processing(message))?.spanId).toBe('1'.repeat(16));
    expect(originOf(processing({ Attributes: message.Attributes }))?.spanId).toBe(SPAN);
    expect(originOf(processing({}))).toBeUndefined();
  });

  it("reads what the AWS SDK's instrumentation wrote where SNS has wrapped it", () => {
    const MessageAttributes = { traceparent: { Type: 'String', Value: TRACEPARENT } };
    const Body = JSON.stringify({ Type: 'Notification', TopicArn: 'arn', Message: '{}', MessageAttributes });
    expect(originOf(processing({ Body }))?.spanId).toBe(SPAN);
    expect(originOf(processing({ Body: '"Notification" "traceparent" {' }))).toBeUndefined();
  });
});

describe('inject', () => {
  const within = trace.setSpanContext(ROOT_CONTEXT, {
    traceId: TRACE,
    spanId: SPAN,
    traceFlags: 1,
    traceState: createTraceState('a=1'),
  });
  const carried = (context = within, options = {}): TraceCarrier => {
    const carrier: TraceCarrier = {};
    inject(context, carrier, { baggage: [], awsTraceHeader: false, ...options });
    return carrier;
  };

  it("writes the context of the span, sampled or not, and X-Ray's header where asked to", () => {
    expect(carried()).toEqual({ traceparent: TRACEPARENT, tracestate: 'a=1' });
    expect(carried(within, { awsTraceHeader: true }).awsTraceHeader).toBe(HEADER);
    const unsampled = spanContextOf(`00-${TRACE}-${SPAN}-00`);
    expect(unsampled && carried(trace.setSpanContext(ROOT_CONTEXT, unsampled)).traceparent).toMatch(/-00$/);
    expect(carried(ROOT_CONTEXT)).toEqual({});
  });

  it('carries baggage that was cut inside an emoji, and the trace with it', () => {
    const baggage = propagation.createBaggage({ tenant: { value: 'a\uD83D' } });
    const { traceparent, baggage: sent } = carried(propagation.setBaggage(within, baggage), { baggage: ['tenant'] });
    expect(traceparent).toBeDefined();
    expect(decodeURIComponent(sent ?? '')).toBe('tenant=a\uFFFD');
  });

  it('carries what is allowed of the baggage, and nothing else', () => {
    const baggage = propagation.createBaggage({ tenant: { value: 'a b,c' }, secret: { value: 's' } });
    const loaded = propagation.setBaggage(within, baggage);
    expect(carried(loaded)).not.toHaveProperty('baggage');
    const { baggage: sent } = carried(loaded, { baggage: ['tenant', 'missing'] });
    expect(sent).toBe('tenant=a%20b%2Cc');
    const received = contextWithBaggage(`${sent};property=1, secret=s,%zz=1`, ['tenant', '%zz']);
    expect(propagation.getBaggage(received)?.getAllEntries()).toEqual([['tenant', { value: 'a b,c' }]]);
    expect(contextWithBaggage(sent, [])).toBe(ROOT_CONTEXT);
  });
});
