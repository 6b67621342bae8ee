import { Logger } from '@nestjs/common';
import { context, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { SnsSqsInstrumentation, SnsSqsOtelMetrics } from 'nestjs-sns-sqs/otel';

/** What a stop may wait for the collector, in milliseconds. */
const FLUSH_MS = 2_000;

/**
 * Sends traces and metrics to the collector that `OTEL_EXPORTER_OTLP_ENDPOINT` names. Without it nothing is recorded.
 * Gives what sends the rest at the end.
 */
export function startTelemetry(service: string): () => Promise<void> {
  if (!process.env['OTEL_EXPORTER_OTLP_ENDPOINT']) return () => Promise.resolve();
  const resource = resourceFromAttributes({ 'service.name': service });
  const tracerProvider = new TracerProvider({
    resource,
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  });
  const meterProvider = new MeterProvider({
    resource,
    readers: [new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter() })],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(tracerProvider);
  metrics.setGlobalMeterProvider(meterProvider);
  new SnsSqsInstrumentation({ relation: 'both' });
  const measured = new SnsSqsOtelMetrics();
  new Logger(service).log('traces and metrics go to OTEL_EXPORTER_OTLP_ENDPOINT');
  return async () => {
    measured.stop();
    const flushed = Promise.allSettled([tracerProvider.shutdown(), meterProvider.shutdown()]);
    await Promise.race([flushed, new Promise(resolve => setTimeout(resolve, FLUSH_MS).unref())]);
  };
}
