/**
 * Metrics for Prometheus.
 * @packageDocumentation
 */

export { SnsSqsMetrics, type SnsSqsMetricsOptions } from './sns-sqs-metrics.js';
