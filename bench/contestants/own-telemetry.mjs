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

const withSetUp = (setUp, settings) => ({
  consume: options => {
    setUp();
    return over({ inbox: false, ...settings }).consume(options);
  },
});

export const traced = withSetUp(
  () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [NO_EXPORTER] }));
  },
  { telemetry: otel() },
);

export const measured = withSetUp(() => new SnsSqsMetrics({ registry: new Registry() }), {});
