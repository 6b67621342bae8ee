export { TestHarness, type DeadLetterReport, type TestAwsConfig } from './test-harness.js';
