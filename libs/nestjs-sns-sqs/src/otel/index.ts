/**
 * Traces and metrics for OpenTelemetry.
 * @packageDocumentation
 */

export { otel } from './otel.js';
export { SnsSqsOtelMetrics, type SnsSqsOtelMetricsOptions } from './otel-metrics.js';
export type { OtelOptions } from './otel-options.js';
export { SnsSqsInstrumentation, type SnsSqsInstrumentationConfig } from './sns-sqs-instrumentation.js';
