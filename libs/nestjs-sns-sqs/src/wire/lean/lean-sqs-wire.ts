import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type {
  BatchResult,
  OutgoingSqsMessage,
  ReceiveRequest,
  SqsMessage,
  SqsWire,
} from '../../interfaces/wire.interface.js';
import { toBatchResult } from '../batch-result.js';
import { requestJson } from '../request-json.js';
import { deleteInput, idsOf, receiveInput, sendInput, visibilityInput } from '../sqs-inputs.js';
import { fromJsonAttributes, toJsonAttributes } from '../json-attributes.js';
import { SILENCE_MS } from '../http-bounds.js';
import { CALL_CONNECTIONS, Connections } from '../connections.js';
import { LeanCaller } from './lean-caller.js';
import { assertBodiesIntact, assertSentIntact, md5Of, type SentEntry } from './md5.js';
import { answeredClient, READER_CONFIG } from './sdk-reader.js';

type Command = Parameters<SQSClient['send']>[0];

interface Operation {
  headers: Readonly<Record<string, string>>;
  command: (input: never) => unknown;
}

interface BatchOutput {
  Successful?: SentEntry[];
  Failed?: Array<{ Id?: string; Code?: string; Message?: string; SenderFault?: boolean }>;
}

interface CallOptions {
  longPoll?: boolean;
  isRepeated?: boolean;
  signal?: AbortSignal | undefined;
  onDate?: ((date: number) => void) | undefined;
}

const operation = (name: string, command: (input: never) => unknown): Operation => ({
  headers: {
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': `AmazonSQS.${name}`,
    'x-amzn-query-mode': 'true',
  },
  command,
});

const RECEIVE = operation('ReceiveMessage', input => new ReceiveMessageCommand(input));
const DELETE = operation('DeleteMessageBatch', input => new DeleteMessageBatchCommand(input));
const VISIBILITY = operation('ChangeMessageVisibilityBatch', input => new ChangeMessageVisibilityBatchCommand(input));
const SEND = operation('SendMessageBatch', input => new SendMessageBatchCommand(input));

/** The hot calls to SQS without the SDK, as AWS JSON 1.0; polls, settles and sends have connections of their own each. */
export class LeanSqsWire implements SqsWire {
  private readonly polling: Connections;
  private readonly settling: Connections;
  private readonly sending: Connections;
  private readonly caller: LeanCaller;
  private readonly reader = new SQSClient({ ...READER_CONFIG, md5: false });
  private readonly checksMd5: boolean;

  /** @param client is asked for credentials, region, endpoint and the like; nothing is sent over it */
  constructor(client: SQSClient, { silenceMs = SILENCE_MS, isGiven = true } = {}) {
    this.polling = new Connections({ silenceMs: silenceMs.longPoll });
    this.settling = new Connections({ silenceMs: silenceMs.call, most: CALL_CONNECTIONS });
    this.sending = new Connections({ silenceMs: silenceMs.call, most: CALL_CONNECTIONS });
    this.caller = new LeanCaller(client.config, ReceiveMessageCommand, 'sqs', isGiven);
    this.checksMd5 = client.config.md5 !== false;
  }

  async receive(request: ReceiveRequest): Promise<SqsMessage[]> {
    const { attemptId, signal, onDate } = request;
    const options = { longPoll: true, isRepeated: attemptId === undefined, signal, onDate };
    const output = await this.call<{ Messages?: SqsMessage[] }>(RECEIVE, this.polling, receiveInput(request), options);
    const messages = output.Messages ?? [];
    const checking = this.checksMd5 ? assertBodiesIntact(messages) : undefined;
    if (checking) await checking;
    for (const { MessageAttributes } of messages) if (MessageAttributes) fromJsonAttributes(MessageAttributes);
    return messages;
  }

  deleteBatch(queueUrl: string, entries: ReadonlyArray<{ id: string; receiptHandle: string }>): Promise<BatchResult> {
    return this.settle(DELETE, deleteInput(queueUrl, entries), idsOf(entries));
  }

  changeVisibilityBatch(
    queueUrl: string,
    entries: ReadonlyArray<{ id: string; receiptHandle: string; visibilityTimeoutSeconds: number }>,
  ): Promise<BatchResult> {
    return this.settle(VISIBILITY, visibilityInput(queueUrl, entries), idsOf(entries));
  }

  async sendBatch(queueUrl: string, entries: readonly OutgoingSqsMessage[]): Promise<BatchResult> {
    const input = sendInput(queueUrl, entries, toJsonAttributes);
    const sums = this.checksMd5 ? entries.map(({ body }) => md5Of(body)) : undefined;
    const output = await this.call<BatchOutput>(SEND, this.sending, input);
    if (sums) assertSentIntact(entries, sums, output.Successful ?? [], entry => entry);
    return toBatchResult(idsOf(entries), output);
  }

  /** Cuts every connection. */
  destroy(): void {
    for (const connections of [this.polling, this.settling, this.sending]) connections.destroy();
  }

  private async settle(of: Operation, input: { QueueUrl: string }, ids: string[]): Promise<BatchResult> {
    return toBatchResult(ids, await this.call<BatchOutput>(of, this.settling, input));
  }

  private call<O extends object>(
    { headers, command }: Operation,
    connections: Connections,
    input: { QueueUrl: string },
    options?: CallOptions,
  ): Promise<O> {
    return this.caller.call<O>({
      connections,
      headers,
      body: requestJson(input),
      queueUrl: input.QueueUrl,
      read: body => JSON.parse(body.toString()) as O,
      readBySdk: answer =>
        answeredClient(this.reader, answer).send(command(input as never) as Command) as Promise<object> as Promise<O>,
      ...options,
    });
  }
}
