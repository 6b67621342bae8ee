/**
 * Transport id of this library's handlers: the second argument of `@EventPattern` and `@MessagePattern`.
 * `Symbol.for`, so that the ESM and the CJS build, when both are loaded, name the same transport.
 *
 * @example
 * ```ts
 * @Controller()
 * class Orders {
 *   @EventPattern<string>('order.placed', SQS_TRANSPORT, { queue: 'orders' })
 *   place(): void {}
 * }
 * ```
 */
export const SQS_TRANSPORT: unique symbol = Symbol.for('nestjs-sns-sqs');

/** AWS's bound of entries in one batch call (SQS and SNS, quotas-messages). */
export const AWS_BATCH_MAX_ENTRIES = 10;
/** AWS's bound of one SQS message and of the sum of one batch, in bytes (SendMessageBatch API, since 2025). */
export const SQS_MAX_BYTES = 1_048_576;
/** AWS's default bound of one SNS message and of the sum of one PublishBatch, in bytes (large-message-payloads). */
export const SNS_DEFAULT_MAX_BYTES = 262_144;
/** AWS's bound of a visibility timeout, in seconds, counted from the receive (quotas-queues). */
export const SQS_MAX_VISIBILITY_SECONDS = 43_200;
/** AWS's longest long poll, in seconds (ReceiveMessage API). */
export const SQS_MAX_WAIT_TIME_SECONDS = 20;
/** AWS's longest delay of a message, in seconds (quotas-queues). */
export const SQS_MAX_DELAY_SECONDS = 900;
/** AWS's highest `maxReceiveCount` of a redrive policy (CreateQueue API). */
export const SQS_MAX_RECEIVE_COUNT = 1_000;
/** Tags that AWS takes on a queue (quotas-queues). */
export const SQS_MAX_TAGS = 50;
/** AWS's longest retention of a message, in seconds: 14 days (quotas-queues). */
export const SQS_MAX_RETENTION_SECONDS = 1_209_600;
/** AWS's bound of queues that a redrive allow policy names (SetQueueAttributes API). */
export const SQS_MAX_REDRIVE_SOURCES = 10;
/** AWS's shortest retention of a message, in seconds (quotas-queues). */
export const SQS_MIN_RETENTION_SECONDS = 60;
/** AWS's bound of message attributes on one message; SNS raw delivery discards a message with more (sns-message-attributes). */
export const AWS_MAX_MESSAGE_ATTRIBUTES = 10;

/** Batches of a queue that are handled at the same time. */
export const SQS_DEFAULT_BATCHES = 1;
export const SQS_DEFAULT_CONCURRENCY = 10;
export const SQS_DEFAULT_VISIBILITY_TIMEOUT_SECONDS = 30;
export const SQS_DEFAULT_WAIT_TIME_SECONDS = 20;
export const SQS_DEFAULT_MAX_RECEIVE_COUNT = 5;
export const SQS_DEFAULT_HANDLER_TIMEOUT_MS = 300_000;
export const SQS_DEFAULT_SHUTDOWN_TIMEOUT_MS = 20_000;
export const SQS_DEFAULT_START_TIMEOUT_MS = 30_000;
/**
 * With five attempts the delays are 2, 16, 128 and 1,024 s, each shortened by up to a fifth: a message that fails at once
 * each time is dead-lettered 15.6 to 19.5 minutes after its first attempt, so that an outage of a quarter of an hour
 * empties no queue into its dead letter queue (docs/adr/0021).
 */
export const SQS_DEFAULT_BACKOFF = { initialSeconds: 2, factor: 8, maxSeconds: 1_800 } as const;
/** 14 days: what waits in a queue waits as long as SQS can keep it. */
export const SQS_DEFAULT_RETENTION_SECONDS = SQS_MAX_RETENTION_SECONDS;
/** 12 hours: a rate limit or a maintenance window ends within them. */
export const SQS_DEFAULT_RETRY_LATER_FOR_SECONDS = 43_200;
/** A change of a filter policy takes up to 15 minutes at AWS, and a rolling deploy is over by then. */
export const SQS_DEFAULT_UNKNOWN_TYPE_GRACE_SECONDS = 900;
/** 14 days, AWS's longest: a dead letter waits for a person. */
export const SQS_DLQ_RETENTION_SECONDS = SQS_MAX_RETENTION_SECONDS;
export const INBOX_DEFAULT_REMEMBER_FOR_SECONDS = 604_800;
export const INBOX_DEFAULT_GAP_TIMEOUT_MS = 300_000;
export const DEFAULT_PUBLISH_LINGER_MS = 5;
export const DEFAULT_PUBLISH_MAX_ATTEMPTS = 5;
export const DEFAULT_PUBLISH_RETRY_DELAY_MS = 100;
export const DEFAULT_PUBLISH_MAX_PENDING = 10_000;
export const DEFAULT_PUBLISH_TIMEOUT_MS = 60_000;
/** How long a serializer, or a deserializer of replies, may take, in milliseconds: else it would keep a slot, a group or all replies. */
export const SERIALIZER_TIMEOUT_MS = 10_000;
