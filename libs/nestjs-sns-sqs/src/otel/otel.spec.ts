import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { context, trace, type TracerProvider as Provider } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import type { Instrumentation } from '@opentelemetry/instrumentation';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  SamplingDecision,
  SimpleSpanProcessor,
  TracerProvider,
  type Sampler,
} from '@opentelemetry/sdk-trace';
import { isTraced, processTelemetry } from '../events/traced.js';
import type { PublishOperation, SendOperation } from '../interfaces/telemetry.interface.js';
import type { Trace } from '../interfaces/trace.interface.js';
import { writesOldNames } from './names.js';
import { apiProblem } from './one-api.js';
import { otel, SnsSqsInstrumentation } from './index.js';
import { RecentAttempts } from './recent-attempts.js';
import { VERSION } from '../version.js';

const publish = (): PublishOperation => ({
  destination: 'users-domain-events',
  kind: 'topic',
  isRequest: false,
  metadata: { id: '1', source: 'users', type: 'user.registered' },
  data: 1,
  carrier: {},
});

describe('otel()', () => {
  it('refuses what it does not know, in one error', () => {
    const wrong = { relation: 'child', sampled: true, baggage: 'tenant', tracerProvider: {} } as never;
    expect(() => otel(wrong)).toThrow(/`relation`.*`baggage`.*`tracerProvider`.*`sampled` is not an option/s);
    expect(() => new SnsSqsInstrumentation({ spans: 1 } as never)).toThrow(/SnsSqsInstrumentation: `spans`/);
  });

  it('records nothing without an SDK, and carries nothing', () => {
    const operation = publish();
    const begun = otel().begin('publish', operation);
    expect(begun?.run(() => 'done')).toBe('done');
    expect(operation.carrier).toEqual({});
    expect(() => begun?.end()).not.toThrow();
  });

  it('does not trace what is emitted where tracing is suppressed', () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    try {
      context.with(suppressTracing(context.active()), () => {
        expect(otel().begin('publish', publish())).toBeUndefined();
      });
    } finally {
      context.disable();
    }
  });
});

describe('sampling', () => {
  const spansOf = (sampler: Sampler) => {
    const exporter = new InMemorySpanExporter();
    const tracerProvider = new TracerProvider({ sampler, spanProcessors: [new SimpleSpanProcessor({ exporter })] });
    return { telemetry: otel({ tracerProvider }), names: () => exporter.getFinishedSpans().map(({ name }) => name) };
  };
  const sendOf = (origin: Trace | undefined): SendOperation => ({
    destination: 'users-domain-events',
    kind: 'topic',
    target: 'arn',
    call: 'PublishBatch',
    count: 1,
    origins: [{ run: work => work(), end: () => undefined, inner: origin }],
  });

  it('carries the context of an event that is sampled out, and shows none of its calls', () => {
    const decide = (name: string) =>
      name.startsWith('create') ? SamplingDecision.NOT_RECORD : SamplingDecision.RECORD_AND_SAMPLED;
    const { telemetry, names } = spansOf({ shouldSample: (_, __, name) => ({ decision: decide(name) }) });
    const operation = publish();
    const created = telemetry.begin('publish', operation);
    expect(operation.carrier.traceparent).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-00$/);
    telemetry.begin('send', sendOf(created))?.end();
    created?.end();
    expect(names()).toEqual([]);
  });

  it('shows both of one that is sampled', () => {
    const { telemetry, names } = spansOf(new AlwaysOnSampler());
    const created = telemetry.begin('publish', publish());
    telemetry.begin('send', sendOf(created))?.end();
    created?.end();
    expect(names()).toEqual(['send users-domain-events', 'create users-domain-events']);
  });
});

describe('SnsSqsInstrumentation', () => {
  it('is an instrumentation of OpenTelemetry', () => {
    const instrumentation: Instrumentation = new SnsSqsInstrumentation({ enabled: false });
    expect(instrumentation.instrumentationName).toBe('nestjs-sns-sqs');
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
      version: string;
    };
    expect(VERSION).toBe(version);
  });

  it('traces the process from its constructor to its end, and with the provider that it was given', () => {
    const startSpan = jest.fn(() => trace.wrapSpanContext({ traceId: 'a', spanId: 'b', traceFlags: 0 }));
    const getTracer = jest.fn(() => ({ startSpan }));
    const instrumentation = new SnsSqsInstrumentation();
    expect(isTraced('process', undefined)).toBe(true);
    instrumentation.setTracerProvider({ getTracer } as unknown as Provider);
    processTelemetry()?.begin('publish', publish());
    expect(getTracer).toHaveBeenCalledWith('nestjs-sns-sqs', VERSION);
    instrumentation.setConfig({ relation: 'both' });
    processTelemetry()?.begin('publish', publish());
    expect(startSpan).toHaveBeenCalledTimes(2);
    instrumentation.disable();
    expect(isTraced('process', undefined)).toBe(false);
  });
});

describe('apiProblem', () => {
  const API = Symbol.for('opentelemetry.js.api.1');
  const holder = globalThis as Record<symbol, unknown>;

  it('is told of two copies of the API that do not know each other', () => {
    const before = holder[API];
    expect(apiProblem()).toBeUndefined();
    holder[API] = { version: '1.3.0', trace: {} };
    try {
      expect(apiProblem()).toMatch(/@opentelemetry\/api 1\.3\.0.*npm ls/s);
    } finally {
      holder[API] = before;
    }
  });
});

describe('writesOldNames', () => {
  it.each([
    ['', false],
    ['messaging', false],
    ['http/dup,messaging/dup', true],
  ])('%j: %s', (optIn, expected) => {
    expect(writesOldNames(optIn)).toBe(expected);
  });
});

describe('RecentAttempts', () => {
  it('gives an attempt once, and forgets the oldest', () => {
    const attempts = new RecentAttempts(2);
    const span = (spanId: string) => ({ traceId: 't', spanId, traceFlags: 1 });
    for (const id of ['a', 'b', 'c']) attempts.note(id, span(id));
    attempts.note('', span('none'));
    expect(attempts.size).toBe(2);
    expect(attempts.take('a')).toBeUndefined();
    expect(attempts.take('c')).toEqual(span('c'));
    expect(attempts.take('c')).toBeUndefined();
  });
});
