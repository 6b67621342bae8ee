/**
 * The server, the clients, decorators, contracts and the module of Nest.
 * @packageDocumentation
 */

export { SQS_TRANSPORT } from './constants.js';
export type { InboxHealth, OutboxHealth, QueueHealth, ServerHealth } from './server/health.js';
export type { ConsumerSnapshot } from './server/consumer-snapshot.js';
export { ServerSQS } from './server/server-sqs.js';
export type { SqsServerEvents, SqsServerStatus } from './server/server-state.js';
export { DEAD_LETTER_ATTRIBUTES } from './server/settle/dead-letter.js';
export { ClientSNS } from './client/client-sns.js';
export { ClientSQS } from './client/client-sqs.js';
export { sweepReplyQueues, type SweepOptions } from './client/request/sweep-reply-queues.js';
export { REPLY_QUEUE_TAGS } from './client/request/reply-queue-tags.js';
export { REPLY_ATTRIBUTES } from './envelope/reply.js';
export {
  getCommandsToken,
  InjectCommands,
  SnsSqsModule,
  type SnsSqsFeatureOptions,
  type SnsSqsModuleAsyncOptions,
  type SnsSqsModuleOptions,
  type SnsSqsOptionsFactory,
} from './sns-sqs.module.js';
export {
  SnsSqsHealthIndicator,
  type LivenessOptions,
  type ReadinessOptions,
  type SnsSqsHealthResult,
} from './sns-sqs-health.indicator.js';
export { OnCommand, type OnCommandOptions } from './decorators/on-command.decorator.js';
export { OnDomainEvent, type OnDomainEventOptions } from './decorators/on-domain-event.decorator.js';
export { OnRequest, type OnRequestOptions } from './decorators/on-request.decorator.js';
export { SqsBatchContext, type SqsBatchContextState } from './ctx-host/sqs-batch.context.js';
export { SqsContext, type SqsContextState } from './ctx-host/sqs.context.js';
export {
  nestOutboxPacket,
  type NestOutboxMessage,
  type NestOutboxPacket,
} from './record-builders/nest-outbox-packet.js';
export { SnsRecordBuilder, type SnsRecord } from './record-builders/sns-record.builder.js';
export { SqsRecordBuilder, type SqsRecord } from './record-builders/sqs-record.builder.js';
export {
  Contract,
  defineContract,
  type Answer,
  type HandlerDecorator,
  type OnContractEventOptions,
  type OnContractOptions,
  type OnContractRequestOptions,
  type PayloadOf,
} from './contracts/contract.js';
export {
  typed,
  type InputOf,
  type OutputOf,
  type RequestShape,
  type RequestShapes,
  type Shape,
  type Shapes,
  type Typed,
} from './contracts/shapes.js';
export type { EmittingClient, TypedEmitter } from './contracts/typed-emitter.js';
export type { SendingClient, TypedSender } from './contracts/typed-sender.js';
export { MemoryInboxStore, type MemoryInboxStoreOptions } from './inbox/memory-inbox-store.js';
export type { InboxCounts } from './inbox/admission.js';
export type {
  InboxClaim,
  InboxClaimResult,
  InboxDone,
  InboxGap,
  InboxOutlook,
  InboxReleaseReason,
  InboxStore,
  InboxWaiting,
  MaybePromise,
} from './interfaces/inbox-store.interface.js';
export { BatchFailure, type FailedElement } from './errors/batch-failure.js';
export type { OutboxEmitter } from './client/client-base.js';
export type {
  OutboxClaimRequest,
  OutboxMessage,
  OutboxRefusal,
  OutboxRelayOptions,
  OutboxResults,
  OutboxRow,
  OutboxSchedule,
  OutboxStatus,
  OutboxStore,
} from './interfaces/outbox-store.interface.js';
export type { SqlExecutor } from './interfaces/sql.interface.js';
export { DeadLetter, Discard, RetryLater } from './errors/handler-outcomes.js';
export {
  SnsSqsError,
  type ErrorFacts,
  type SnsSqsErrorOptions,
  type SnsSqsErrorParts,
} from './errors/sns-sqs.error.js';
export { ERROR_CODES, type SnsSqsErrorCode } from './errors/error-codes.js';
export type { InboxOptions, InboxQueueOptions } from './interfaces/inbox-options.interface.js';
export type {
  ClientOptionsBase,
  ClientSNSOptions,
  ClientSQSOptions,
  PublishOptions,
  RecordIdFactory,
} from './interfaces/client-options.interface.js';
export type {
  AwsAccessOptions,
  AwsClientOptions,
  BackoffOptions,
  ConsumerOptions,
  Provisioning,
  ServerSQSOptions,
  TelemetryOptions,
} from './interfaces/options.interface.js';
export type {
  BatchEvent,
  DiagnosticsEvents,
  LeaseLostEvent,
  PublishedEvent,
  PublishingEvent,
  ReceivedEvent,
  SettledEvent,
  StartedEvent,
  CircuitEvent,
  PausedEvent,
  StatusEvent,
} from './events/diagnostics.js';
export type { EventEnvelope, EventMetadata, PacketMetadata } from './interfaces/envelope.interface.js';
export type {
  ProcessOperation,
  ProcessReason,
  PublishOperation,
  ReceiveOperation,
  SendOperation,
  SettleOperation,
  Telemetry,
  TraceCarrier,
  TracedOperations,
} from './interfaces/telemetry.interface.js';
export type { Trace } from './interfaces/trace.interface.js';
export type { TopologyOptions } from './interfaces/topology-options.interface.js';
export type {
  CircuitBreakerOptions,
  RateLimitOptions,
  SteeringOptions,
} from './interfaces/steering-options.interface.js';
export type { RateGrant, RateOfLimit, SteeringStore } from './interfaces/steering-store.interface.js';
export type { ConfiguredName, NameSource, SqsHandlerExtras } from './interfaces/handler-extras.interface.js';
export type { BatchOptions, ElementClass, HandlerOptions } from './interfaces/handler-options.interface.js';
export type { MessageAttribute, MessageAttributes, SqsMessage } from './interfaces/wire.interface.js';
