import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { Registry } from 'prom-client';
import { otel } from '../../dist/libs/nestjs-sns-sqs/esm/otel/index.js';
import { SnsSqsMetrics } from '../../dist/libs/nestjs-sns-sqs/esm/prometheus/index.js';
import { over } from './own.mjs';

/** Every span is recorded, and goes nowhere. */
const NO_EXPORTER = {
  onStart: () => undefined,
  onEnd: () => undefined,
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
};

export const traced = {
  consume(options) {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [NO_EXPORTER] }));
    return over({ inbox: false, wire: 'lean', telemetry: otel() }).consume(options);
  },
};

/** Metrics are those of a process: those of others that it runs are measured in its turns alone. */
export const measured = {
  async consume(options) {
    const consumer = await over({ inbox: false, wire: 'lean' }).consume(options);
    let metrics;
    return {
      ...consumer,
      beginTurn: () => (metrics = new SnsSqsMetrics({ registry: new Registry() })),
      endTurn: () => metrics.stop(),
    };
  },
};
