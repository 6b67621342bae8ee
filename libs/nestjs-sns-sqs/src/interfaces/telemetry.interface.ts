import type { EventMetadata } from './envelope.interface.js';
import type { Trace } from './trace.interface.js';
import type { BatchFailure, SqsMessage } from './wire.interface.js';

/** Trace context that travels with an event. A tracer fills it in; a value on the record takes precedence. */
export interface TraceCarrier {
  /** W3C Trace Context. */
  traceparent?: string;
  /** W3C Trace Context. */
  tracestate?: string;
  /** W3C Baggage. */
  baggage?: string;
  /** Value of SQS's system attribute `AWSTraceHeader`. SNS takes none. */
  awsTraceHeader?: string;
}

/** What each operation has when it has ended. */
interface Ended {
  /** From its begin to its end, in milliseconds. */
  durationMs?: number | undefined;
  /** Undefined: it succeeded. */
  error?: unknown;
}

/** One `emit()` or `send()`, from the call to AWS's answer; a request lasts until its last reply. */
export interface PublishOperation extends Ended {
  /** Name of the topic or queue. */
  destination: string;
  kind: 'topic' | 'queue';
  /** `send()`: a reply is awaited. */
  isRequest: boolean;
  metadata: Readonly<EventMetadata>;
  data: unknown;
  /** Written into the event when the operation has begun. */
  carrier: TraceCarrier;
}

/** One `PublishBatch` or `SendMessageBatch` call of a client. A retry of the library is another call. */
export interface SendOperation extends Ended {
  /** Name of the topic or queue. */
  destination: string;
  kind: 'topic' | 'queue';
  /** ARN of the topic, URL of the queue. */
  target: string;
  /** AWS's name of the call. */
  call: string;
  /** Messages in the call. */
  count: number;
  /**
   * The traced publishes whose messages the call carries. A message of an outbox was published before, perhaps by
   * another process: its trace has ended, and has `traceparent` and `parent` only.
   */
  origins: readonly Trace[];
  /** Entries that AWS has refused. */
  failed?: readonly BatchFailure[];
}

/** One `ReceiveMessage` call. */
export interface ReceiveOperation extends Ended {
  queue: string;
  queueUrl: string;
  /** The value that SQS returned; undefined until then. */
  messages?: readonly SqsMessage[];
}

/** Why a message was settled as it was. */
export type ProcessReason =
  | 'handled'
  | 'failed'
  | 'retry-later'
  | 'duplicate'
  | 'older'
  | 'unwanted'
  | 'in-work'
  | 'early'
  | 'unavailable'
  | 'unknown-type'
  | 'backoff'
  | 'rate-limit'
  | 'stopped';

/** One message, from its turn in its lane to the decision how it is settled. */
export interface ProcessOperation extends Ended {
  queue: string;
  queueUrl: string;
  fifo: boolean;
  message: SqsMessage;
  /** Undefined for a body that cannot be read. */
  metadata: Readonly<EventMetadata> | undefined;
  /** Undefined for a type that no handler of this version takes. */
  pattern?: string | undefined;
  /** Since it was sent, by SQS's stamp and this machine's wall clock, in milliseconds; undefined: SQS did not say. */
  queueTimeMs?: number | undefined;
  /** Since the time that the event names, by the wall clocks of two machines, in milliseconds; undefined: it names none. */
  eventAgeMs?: number | undefined;
  /** Until it was its turn in its lane and a slot was free, in milliseconds. */
  laneTimeMs: number;
  /** From 1; undefined until the end, and for a message that was returned to its queue undecided. */
  attempt?: number | undefined;
  maxReceiveCount: number;
  /** Of a letter that was redriven: trace context of the attempt that dead-lettered it. */
  deadLetterTraceparent?: string | undefined;
  /** Undefined: it was returned to its queue undecided, since the server stops or its lease was lost. */
  outcome?: 'delete' | 'retry' | 'wait' | 'dead-letter' | undefined;
  reason?: ProcessReason | undefined;
  /** Of a message that comes again: in seconds. */
  delaySeconds?: number | undefined;
}

/** One call that deletes, delays, extends or dead-letters messages. */
export interface SettleOperation extends Ended {
  queue: string;
  queueUrl: string;
  /** AWS's name of the call. */
  call: 'DeleteMessageBatch' | 'ChangeMessageVisibilityBatch' | 'SendMessageBatch';
  /** `extend`: the leases of messages whose handlers still run. */
  settlement: 'delete' | 'delay' | 'extend' | 'dead-letter';
  /** Messages in the call. */
  count: number;
  /** The traced messages that the call settles. */
  origins: readonly Trace[];
  /** Entries that AWS has refused. */
  failed?: readonly BatchFailure[];
}

/** The traced operations, by the name of the tracing channel, `tracing:nestjs-sns-sqs:<name>:start` and so on. */
export interface TracedOperations {
  publish: PublishOperation;
  send: SendOperation;
  receive: ReceiveOperation;
  process: ProcessOperation;
  settle: SettleOperation;
}

/** A tracer of this library's operations: `otel()` gives one. */
export interface Telemetry {
  /** Undefined: this operation is not traced. */
  begin<Name extends keyof TracedOperations>(name: Name, operation: TracedOperations[Name]): Trace | undefined;
}
