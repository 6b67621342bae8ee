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
import { forCalls, forPolling } from './aws-clients.js';
import { toBatchResult } from './batch-result.js';
import { deleteInput, idsOf, receiveInput, sendInput, visibilityInput } from './sqs-inputs.js';

/** The hot calls to SQS over the AWS SDK; polls, settles and sends have sockets of their own each. */
export class SdkSqsWire implements SqsWire {
  private readonly polling: SQSClient;
  private readonly settling: SQSClient;
  private readonly sending: SQSClient;

  /** @param isOurs the client was made here, with a request handler of ours */
  constructor(
    private readonly client: SQSClient,
    isOurs = false,
  ) {
    this.polling = forPolling(client, isOurs);
    this.settling = forCalls(client, isOurs);
    this.sending = forCalls(client, isOurs);
  }

  async receive(request: ReceiveRequest): Promise<SqsMessage[]> {
    const command = new ReceiveMessageCommand(receiveInput(request));
    const { Messages } = await this.polling.send(command, request.signal ? { abortSignal: request.signal } : {});
    return Messages ?? [];
  }

  async deleteBatch(
    queueUrl: string,
    entries: ReadonlyArray<{ id: string; receiptHandle: string }>,
  ): Promise<BatchResult> {
    const output = await this.settling.send(new DeleteMessageBatchCommand(deleteInput(queueUrl, entries)));
    return toBatchResult(idsOf(entries), output);
  }

  async changeVisibilityBatch(
    queueUrl: string,
    entries: ReadonlyArray<{ id: string; receiptHandle: string; visibilityTimeoutSeconds: number }>,
  ): Promise<BatchResult> {
    const output = await this.settling.send(
      new ChangeMessageVisibilityBatchCommand(visibilityInput(queueUrl, entries)),
    );
    return toBatchResult(idsOf(entries), output);
  }

  async sendBatch(queueUrl: string, entries: readonly OutgoingSqsMessage[]): Promise<BatchResult> {
    const output = await this.sending.send(new SendMessageBatchCommand(sendInput(queueUrl, entries)));
    return toBatchResult(idsOf(entries), output);
  }

  /** Frees the sockets that were made here; the client stays open. */
  destroy(): void {
    for (const own of [this.polling, this.settling, this.sending]) {
      if (own !== this.client) own.config.requestHandler.destroy?.();
    }
  }
}
