export { SnsSqsMetrics, type SnsSqsMetricsOptions } from './sns-sqs-metrics.js';
