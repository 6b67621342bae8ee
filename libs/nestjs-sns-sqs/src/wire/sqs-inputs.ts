import type { SendMessageBatchRequestEntry } from '@aws-sdk/client-sqs';
import type { MessageAttributes, OutgoingSqsMessage, ReceiveRequest } from '../interfaces/wire.interface.js';

export const idsOf = (entries: ReadonlyArray<{ id: string }>): string[] => entries.map(({ id }) => id);

/** The hot calls' inputs as SQS's API names them; the JSON of them is what travels. */
export const receiveInput = (request: ReceiveRequest) => ({
  QueueUrl: request.queueUrl,
  MaxNumberOfMessages: request.maxMessages,
  WaitTimeSeconds: request.waitTimeSeconds,
  VisibilityTimeout: request.visibilityTimeoutSeconds,
  MessageAttributeNames: ['All'],
  MessageSystemAttributeNames: ['All' as const],
  ...(request.attemptId !== undefined && { ReceiveRequestAttemptId: request.attemptId }),
});

export const deleteInput = (QueueUrl: string, entries: ReadonlyArray<{ id: string; receiptHandle: string }>) => ({
  QueueUrl,
  Entries: entries.map(({ id, receiptHandle }) => ({ Id: id, ReceiptHandle: receiptHandle })),
});

export const visibilityInput = (
  QueueUrl: string,
  entries: ReadonlyArray<{ id: string; receiptHandle: string; visibilityTimeoutSeconds: number }>,
) => ({
  QueueUrl,
  Entries: entries.map(({ id, receiptHandle, visibilityTimeoutSeconds }) => ({
    Id: id,
    ReceiptHandle: receiptHandle,
    VisibilityTimeout: visibilityTimeoutSeconds,
  })),
});

const traceHeader = (StringValue: string) => ({ AWSTraceHeader: { DataType: 'String', StringValue } });

/** @param write gives the attributes as the protocol has them */
export const sendInput = (
  QueueUrl: string,
  entries: readonly OutgoingSqsMessage[],
  write: (attributes: MessageAttributes) => MessageAttributes = attributes => attributes,
) => ({
  QueueUrl,
  Entries: entries.map(({ id, body, attributes, groupId, deduplicationId, delaySeconds, awsTraceHeader }) => {
    const entry: SendMessageBatchRequestEntry = {
      Id: id,
      MessageBody: body,
      MessageAttributes: write(attributes),
    };
    if (groupId !== undefined) entry.MessageGroupId = groupId;
    if (deduplicationId !== undefined) entry.MessageDeduplicationId = deduplicationId;
    if (delaySeconds !== undefined) entry.DelaySeconds = delaySeconds;
    if (awsTraceHeader !== undefined) entry.MessageSystemAttributes = traceHeader(awsTraceHeader);
    return entry;
  }),
});
