/**
 * The harness for tests of an app, and the suites that stores must pass.
 * @packageDocumentation
 */

export { TestHarness, type DeadLetterReport, type TestAwsConfig } from './test-harness.js';
export { inboxStoreContract, type ContractRunner } from './inbox-store-contract.js';
export type { ContractTransaction, OutboxContractSubject } from './contract-outbox.js';
export { outboxStoreContract } from './outbox-store-contract.js';
export { steeringStoreContract, type SteeringContractSubject } from './steering-store-contract.js';
export { sqsContext, type TestContextOptions } from './sqs-context.js';
