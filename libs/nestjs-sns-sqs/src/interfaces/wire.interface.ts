import type { Trace } from './trace.interface.js';
import type { QueueUrl, TopicArn } from './names.interface.js';

/** A message attribute as SQS and SNS carry it (structurally the SDK's `MessageAttributeValue`). */
export interface MessageAttribute {
  DataType: string | undefined;
  StringValue?: string | undefined;
  BinaryValue?: Uint8Array | undefined;
}

export type MessageAttributes = Record<string, MessageAttribute>;

/** A received SQS message, raw (structurally the SDK's `Message`). */
export interface SqsMessage {
  MessageId?: string | undefined;
  ReceiptHandle?: string | undefined;
  Body?: string | undefined;
  /** System attributes: ApproximateReceiveCount, SentTimestamp, MessageGroupId, … */
  Attributes?: Partial<Record<string, string>> | undefined;
  MessageAttributes?: MessageAttributes | undefined;
}

export interface BatchFailure {
  id: string;
  /** AWS's code: `ReceiptHandleIsInvalid`, `InternalError`, … */
  code: string;
  message: string;
  /** True: the entry itself is wrong, another try fails too. False: AWS's fault, worth another try. */
  senderFault: boolean;
  /** True: AWS refuses the call as it is, whatever its entries are; another try fails too. */
  isRefusedCall?: boolean;
  /** True: the call was not sent, perhaps for one of its entries; then the others may be accepted without it. */
  isUnsentCall?: boolean;
  /** What the whole call failed with, when it did. */
  cause?: unknown;
}

export interface BatchSuccess {
  id: string;
  messageId?: string;
  sequenceNumber?: string;
}

/** One entry's result each: a batch call succeeds or fails entry by entry. */
export interface BatchResult {
  successful: BatchSuccess[];
  failed: BatchFailure[];
}

/** What an entry of a call was made from, for telemetry; it is not sent. */
export interface Traced {
  origin?: Trace | undefined;
}

export interface OutgoingSqsMessage extends Traced {
  id: string;
  body: string;
  attributes: MessageAttributes;
  groupId?: string;
  deduplicationId?: string;
  delaySeconds?: number;
  /** Value of the system attribute `AWSTraceHeader`. */
  awsTraceHeader?: string;
}

/** An entry of a call that deletes. */
export interface Deletion extends Traced {
  id: string;
  receiptHandle: string;
}

/** An entry of a call that changes visibilities. */
export interface VisibilityChange extends Deletion {
  visibilityTimeoutSeconds: number;
}

export interface OutgoingSnsMessage extends Traced {
  id: string;
  body: string;
  attributes: MessageAttributes;
  groupId?: string;
  deduplicationId?: string;
}

export interface ReceiveRequest {
  queueUrl: QueueUrl;
  /** 1 to 10. */
  maxMessages: number;
  /** 0 to 20. */
  waitTimeSeconds: number;
  visibilityTimeoutSeconds: number;
  /**
   * On FIFO queues: a receive that is made again under the same id within five minutes gets the same messages under the
   * same handles, unless something was done to them (`ReceiveRequestAttemptId`).
   */
  attemptId?: string;
  signal?: AbortSignal;
  /** Called with the answer's `Date`, in milliseconds since the epoch, before the call resolves. Not called where the answer has none. */
  onDate?: (date: number) => void;
}

/** The hot calls to SQS. Each rejects with what the AWS client threw; entries fail one by one in the result. */
export interface SqsWire {
  receive(request: ReceiveRequest): Promise<SqsMessage[]>;
  deleteBatch(queueUrl: QueueUrl, entries: readonly Deletion[]): Promise<BatchResult>;
  changeVisibilityBatch(queueUrl: QueueUrl, entries: readonly VisibilityChange[]): Promise<BatchResult>;
  sendBatch(queueUrl: QueueUrl, entries: readonly OutgoingSqsMessage[]): Promise<BatchResult>;
}

/** The hot call to SNS. */
export interface SnsWire {
  publishBatch(topicArn: TopicArn, entries: readonly OutgoingSnsMessage[]): Promise<BatchResult>;
}
