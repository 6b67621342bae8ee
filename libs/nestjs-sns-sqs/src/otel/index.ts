export { otel } from './otel.js';
export type { OtelOptions } from './otel-options.js';
export { SnsSqsInstrumentation, type SnsSqsInstrumentationConfig } from './sns-sqs-instrumentation.js';
