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
import { noteDate } from './answer-date.js';
import { hotView } from './hot-view.js';
import { withOwnSockets, type SqsClients } from './own-sockets.js';
import { SILENCE_MS } from './http-bounds.js';
import { handlersBeside, type MakeHandler } from './request-handlers.js';
import { deleteInput, idsOf, receiveInput, sendInput, visibilityInput } from './sqs-inputs.js';

/** Innermost, where the answer's headers are. */
const BESIDE_ANSWER = { step: 'deserialize', priority: 'low', name: 'nestjs-sns-sqs-date' } as const;

function tellDate(command: ReceiveMessageCommand, onDate: (date: number) => void): void {
  command.middlewareStack.add(
    next => async args => {
      const result = await next(args);
      const { headers } = result.response as { headers?: Partial<Record<string, string>> };
      noteDate(headers?.['date'], onDate);
      return result;
    },
    BESIDE_ANSWER,
  );
}

/**
 * The hot calls to SQS over the AWS SDK; polls, settles and sends have sockets of their own each, unless the client's
 * handler, agents or timeouts are the user's: then every call goes as these say.
 */
export class SdkSqsWire implements SqsWire {
  /** Undefined until it is known whose the client's handler is, which an SDK client tells asynchronously. */
  private clients: SqsClients | undefined;
  private looking: Promise<SqsClients> | undefined;
  private isDestroyed = false;

  /**
   * @param handlers of a client that was made here; `'of-the-client'`: the user made it
   * @param view for calls of a client that was made here
   */
  constructor(
    private readonly client: SQSClient,
    handlers: MakeHandler | undefined | 'of-the-client' = 'of-the-client',
    view = hotView,
  ) {
    if (handlers !== 'of-the-client') this.clients = withOwnSockets(client, handlers, SILENCE_MS, view);
  }

  async receive(request: ReceiveRequest): Promise<SqsMessage[]> {
    const command = new ReceiveMessageCommand(receiveInput(request));
    if (request.onDate) tellDate(command, request.onDate);
    const { polling } = this.clients ?? (await this.look());
    const { Messages } = await polling.send(command, request.signal ? { abortSignal: request.signal } : {});
    return Messages ?? [];
  }

  async deleteBatch(
    queueUrl: string,
    entries: ReadonlyArray<{ id: string; receiptHandle: string }>,
  ): Promise<BatchResult> {
    const { settling } = this.clients ?? (await this.look());
    const output = await settling.send(new DeleteMessageBatchCommand(deleteInput(queueUrl, entries)));
    return toBatchResult(idsOf(entries), output);
  }

  async changeVisibilityBatch(
    queueUrl: string,
    entries: ReadonlyArray<{ id: string; receiptHandle: string; visibilityTimeoutSeconds: number }>,
  ): Promise<BatchResult> {
    const { settling } = this.clients ?? (await this.look());
    const output = await settling.send(new ChangeMessageVisibilityBatchCommand(visibilityInput(queueUrl, entries)));
    return toBatchResult(idsOf(entries), output);
  }

  async sendBatch(queueUrl: string, entries: readonly OutgoingSqsMessage[]): Promise<BatchResult> {
    const { sending } = this.clients ?? (await this.look());
    const output = await sending.send(new SendMessageBatchCommand(sendInput(queueUrl, entries)));
    return toBatchResult(idsOf(entries), output);
  }

  /** Frees the sockets that were made here; the client stays open. */
  destroy(): void {
    this.isDestroyed = true;
    for (const own of Object.values(this.clients ?? {}) as SQSClient[]) {
      if (own !== this.client) own.config.requestHandler.destroy?.();
    }
  }

  private look(): Promise<SqsClients> {
    this.looking ??= handlersBeside(this.client).then(handlers => {
      this.clients = withOwnSockets(this.client, handlers);
      if (this.isDestroyed) this.destroy();
      return this.clients;
    });
    return this.looking;
  }
}
