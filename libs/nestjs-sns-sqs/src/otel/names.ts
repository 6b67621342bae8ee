/**
 * Names of OpenTelemetry's semantic conventions for messaging 1.44, in one place: they are still in development. Own
 * names begin with `sns_sqs.`.
 */
export const ATTRIBUTES = {
  system: 'messaging.system',
  operationName: 'messaging.operation.name',
  operationType: 'messaging.operation.type',
  destination: 'messaging.destination.name',
  messageId: 'messaging.message.id',
  conversationId: 'messaging.message.conversation_id',
  batchCount: 'messaging.batch.message_count',
  errorType: 'error.type',
  /** AWS's name of the call. */
  call: 'rpc.method',
  queueUrl: 'aws.sqs.queue.url',
  topicArn: 'aws.sns.topic.arn',
  eventId: 'cloudevents.event_id',
  eventSource: 'cloudevents.event_source',
  eventType: 'cloudevents.event_type',
  eventSubject: 'cloudevents.event_subject',
  /** Before 1.26: written beside the others where `OTEL_SEMCONV_STABILITY_OPT_IN` asks for both. */
  oldOperation: 'messaging.operation',

  attempt: 'sns_sqs.attempt',
  maxReceiveCount: 'sns_sqs.max_receive_count',
  outcome: 'sns_sqs.outcome',
  reason: 'sns_sqs.reason',
  delaySeconds: 'sns_sqs.delay_s',
  queueTimeMs: 'sns_sqs.queue_time_ms',
  laneTimeMs: 'sns_sqs.lane_time_ms',
  groupId: 'sns_sqs.message_group.id',
  sequence: 'sns_sqs.sequence',
  causationId: 'sns_sqs.causation_id',
  isRequest: 'sns_sqs.request',
  settlement: 'sns_sqs.settlement',
  failedCount: 'sns_sqs.batch.failed_count',
  /** On a link: what it leads to. */
  link: 'sns_sqs.link',
} as const;

export const SYSTEM = { queue: 'aws_sqs', topic: 'aws.sns' } as const;

/** `messaging.operation.type` of each kind of span; the name is the same. */
export type SpanOperation = 'create' | 'send' | 'receive' | 'process' | 'settle';

/** `messaging.operation` as it was before 1.26. */
export const OLD_OPERATION: Record<SpanOperation, string> = {
  create: 'create',
  send: 'publish',
  receive: 'receive',
  process: 'process',
  settle: 'settle',
};

/** Where a link of a process span leads. */
export type LinkTarget = 'publish' | 'earlier-attempt' | 'dead-lettered-attempt';

export const TRACER_NAME = 'nestjs-sns-sqs';

/**
 * True: `OTEL_SEMCONV_STABILITY_OPT_IN` has `messaging/dup`, and old names are written too. There has never been a
 * version that wrote only old ones, so that `messaging` changes nothing.
 */
export const writesOldNames = (optIn = process.env['OTEL_SEMCONV_STABILITY_OPT_IN'] ?? ''): boolean =>
  optIn.split(',').some(name => name.trim() === 'messaging/dup');
