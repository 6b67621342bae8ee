import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type {
  BatchResult,
  OutgoingSqsMessage,
  ReceiveRequest,
  SqsMessage,
  SqsWire,
} from '../interfaces/wire.interface.js';
import { toBatchResult } from './batch-result.js';

const idsOf = (entries: ReadonlyArray<{ id: string }>): string[] => entries.map(({ id }) => id);

/** The hot calls to SQS over the AWS SDK; receives go through `polling`, all else through `client`. */
export class SdkSqsWire implements SqsWire {
  constructor(
    private readonly client: SQSClient,
    private readonly polling: SQSClient = client,
  ) {}

  async receive(request: ReceiveRequest): Promise<SqsMessage[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl: request.queueUrl,
      MaxNumberOfMessages: request.maxMessages,
      WaitTimeSeconds: request.waitTimeSeconds,
      VisibilityTimeout: request.visibilityTimeoutSeconds,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
    });
    const { Messages } = await this.polling.send(command, request.signal ? { abortSignal: request.signal } : {});
    return Messages ?? [];
  }

  async deleteBatch(
    queueUrl: string,
    entries: ReadonlyArray<{ id: string; receiptHandle: string }>,
  ): Promise<BatchResult> {
    const Entries = entries.map(({ id, receiptHandle }) => ({ Id: id, ReceiptHandle: receiptHandle }));
    const output = await this.client.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    return toBatchResult(idsOf(entries), output);
  }

  async changeVisibilityBatch(
    queueUrl: string,
    entries: ReadonlyArray<{ id: string; receiptHandle: string; visibilityTimeoutSeconds: number }>,
  ): Promise<BatchResult> {
    const Entries = entries.map(({ id, receiptHandle, visibilityTimeoutSeconds }) => ({
      Id: id,
      ReceiptHandle: receiptHandle,
      VisibilityTimeout: visibilityTimeoutSeconds,
    }));
    const output = await this.client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries }));
    return toBatchResult(idsOf(entries), output);
  }

  async sendBatch(queueUrl: string, entries: readonly OutgoingSqsMessage[]): Promise<BatchResult> {
    const Entries = entries.map(({ id, body, attributes, groupId, deduplicationId, delaySeconds }) => ({
      Id: id,
      MessageBody: body,
      MessageAttributes: attributes,
      ...(groupId !== undefined && { MessageGroupId: groupId }),
      ...(deduplicationId !== undefined && { MessageDeduplicationId: deduplicationId }),
      ...(delaySeconds !== undefined && { DelaySeconds: delaySeconds }),
    }));
    const output = await this.client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    return toBatchResult(idsOf(entries), output);
  }
}
