import { randomBytes } from 'node:crypto';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { startLocalBroker, type LocalBroker } from 'local-sns-sqs';
import type {
  MessageAttributes,
  OutgoingSqsMessage,
  SnsWire,
  SqsMessage,
  SqsWire,
} from '../interfaces/wire.interface.js';
import { LeanSnsWire } from './lean/lean-sns-wire.js';
import { LeanSqsWire } from './lean/lean-sqs-wire.js';
import { handlersOf, quickUnlessGiven } from './request-handlers.js';
import { SdkSnsWire } from './sdk-sns-wire.js';
import { SdkSqsWire } from './sdk-sqs-wire.js';

const TRICKY = 'ünï 🙈 <a b="c">&amp;</a> %41+\u2028\n\t"\\ \'()*!~';
const text = (StringValue: string): MessageAttributes => ({ type: { DataType: 'String', StringValue } });
const OPEN = JSON.stringify({
  Statement: [{ Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage', Resource: '*' }],
});
const plain = (id: string, body = id): OutgoingSqsMessage => ({ id, body, attributes: {} });

describe.each([
  ['sdk', (client: SQSClient) => new SdkSqsWire(client), (client: SNSClient) => new SdkSnsWire(client)],
  [
    'sdk, over clients that are made here',
    (client: SQSClient) => new SdkSqsWire(client, handlersOf(undefined)),
    (client: SNSClient) => new SdkSnsWire(client, quickUnlessGiven()),
  ],
  ['lean', (client: SQSClient) => new LeanSqsWire(client), (client: SNSClient) => new LeanSnsWire(client)],
])('the wire %s', (_, sqsWire, snsWire) => {
  let broker: LocalBroker;
  let sqsClient: SQSClient;
  let snsClient: SNSClient;
  let sqs: SqsWire & { destroy(): void };
  let sns: SnsWire & { destroy(): void };

  beforeAll(async () => {
    broker = await startLocalBroker();
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const aws = { region: 'us-east-1', endpoint: broker.endpoint, credentials };
    sqsClient = new SQSClient(aws);
    snsClient = new SNSClient(aws);
    sqs = sqsWire(sqsClient);
    sns = snsWire(snsClient);
  });

  afterAll(async () => {
    for (const made of [sqs, sns, sqsClient, snsClient]) made.destroy();
    await broker.stop();
  });

  async function queue(suffix = ''): Promise<string> {
    const fifo: Record<string, string> = suffix === '.fifo' ? { FifoQueue: 'true' } : {};
    const QueueName = `q-${randomBytes(4).toString('hex')}${suffix}`;
    const { QueueUrl = '' } = await sqsClient.send(
      new CreateQueueCommand({ QueueName, Attributes: { ...fifo, Policy: OPEN } }),
    );
    return QueueUrl;
  }

  async function subscribedTopic(): Promise<{ topicArn: string; queueUrl: string }> {
    const queueUrl = await queue();
    const { TopicArn = '' } = await snsClient.send(
      new CreateTopicCommand({ Name: `t-${randomBytes(4).toString('hex')}` }),
    );
    const Endpoint = `arn:aws:sqs:us-east-1:000000000000:${queueUrl.slice(queueUrl.lastIndexOf('/') + 1)}`;
    const Attributes = { RawMessageDelivery: 'true' };
    await snsClient.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint, Attributes }));
    return { topicArn: TopicArn, queueUrl };
  }

  const receive = (queueUrl: string, changes = {}): Promise<SqsMessage[]> =>
    sqs.receive({ queueUrl, maxMessages: 10, waitTimeSeconds: 0, visibilityTimeoutSeconds: 30, ...changes });
  const handles = (messages: SqsMessage[]) =>
    messages.map(({ ReceiptHandle = '' }, index) => ({ id: String(index), receiptHandle: ReceiptHandle }));

  it('carries bodies and attributes, of text and of bytes, as they are', async () => {
    const url = await queue();
    const bytes = new Uint8Array([0, 1, 127, 128, 255]);
    const attributes = { ...text(TRICKY), raw: { DataType: 'Binary', BinaryValue: bytes } };
    const result = await sqs.sendBatch(url, [{ id: 'a', body: TRICKY, attributes }, plain('b')]);
    expect(result.failed).toEqual([]);
    expect(result.successful).toEqual([
      { id: 'a', messageId: expect.any(String) as string },
      { id: 'b', messageId: expect.any(String) as string },
    ]);
    const messages = await receive(url);
    const sent = messages.find(({ Body }) => Body === TRICKY);
    expect(sent?.MessageAttributes?.['type']).toMatchObject({ DataType: 'String', StringValue: TRICKY });
    const raw = sent?.MessageAttributes?.['raw']?.BinaryValue;
    expect(ArrayBuffer.isView(raw)).toBe(true);
    expect([...(raw ?? [])]).toEqual([...bytes]);
    expect(messages.find(({ Body }) => Body === 'b')).toMatchObject({
      MessageId: expect.any(String) as string,
      ReceiptHandle: expect.any(String) as string,
      Attributes: { ApproximateReceiveCount: '1', SentTimestamp: expect.any(String) as string },
    });
  });

  it('carries group, deduplication id and delay', async () => {
    const fifo = await queue('.fifo');
    await sqs.sendBatch(fifo, [{ ...plain('a'), groupId: 'g', deduplicationId: 'd' }]);
    expect((await receive(fifo))[0]?.Attributes).toMatchObject({ MessageGroupId: 'g', MessageDeduplicationId: 'd' });
    const standard = await queue();
    await sqs.sendBatch(standard, [{ ...plain('late'), delaySeconds: 900 }, plain('now')]);
    expect((await receive(standard)).map(({ Body }) => Body)).toEqual(['now']);
  });

  it('gives an empty list when there is nothing', async () => {
    expect(await receive(await queue())).toEqual([]);
  });

  it('tells the date of the answer', async () => {
    const dates: number[] = [];
    await receive(await queue(), { onDate: (date: number) => dates.push(date) });
    expect(dates).toHaveLength(1);
    expect(Math.abs(Date.now() - (dates[0] ?? 0))).toBeLessThan(5_000);
  });

  it('waits for a message as long as it is told to', async () => {
    const url = await queue();
    const received = receive(url, { waitTimeSeconds: 20 });
    await sqs.sendBatch(url, [plain('a')]);
    expect((await received).map(({ Body }) => Body)).toEqual(['a']);
  });

  it('asks for no more than it is told to, and hides for as long as it is told to', async () => {
    const url = await queue();
    await sqs.sendBatch(
      url,
      ['a', 'b', 'c'].map(id => plain(id)),
    );
    expect(await receive(url, { maxMessages: 2, visibilityTimeoutSeconds: 0 })).toHaveLength(2);
    expect(await receive(url)).toHaveLength(3);
  });

  it('receives the same messages under the same handles when a receive from a FIFO queue is made again', async () => {
    const url = await queue('.fifo');
    await sqs.sendBatch(
      url,
      ['a', 'b', 'c'].map(id => ({ ...plain(id), groupId: id, deduplicationId: id })),
    );
    const first = await receive(url, { maxMessages: 2, attemptId: 'one' });
    expect(first).toHaveLength(2);
    const again = await receive(url, { maxMessages: 2, attemptId: 'one' });
    expect(handles(again)).toEqual(handles(first));
    expect((await receive(url, { attemptId: 'two' })).map(({ Body }) => Body)).toEqual(['c']);
  });

  it('deletes, and says of each entry whether it did', async () => {
    const url = await queue();
    await sqs.sendBatch(url, [plain('a')]);
    const entries = [...handles(await receive(url)), { id: 'bad', receiptHandle: 'rubbish' }];
    expect(await sqs.deleteBatch(url, entries)).toEqual({
      successful: [{ id: '0' }],
      failed: [{ id: 'bad', code: 'ReceiptHandleIsInvalid', message: expect.any(String) as string, senderFault: true }],
    });
  });

  it('changes visibility, to 0 too, and says of each entry whether it did', async () => {
    const url = await queue();
    await sqs.sendBatch(url, [plain('a')]);
    const entries = [...handles(await receive(url)), { id: 'bad', receiptHandle: 'rubbish' }];
    const result = await sqs.changeVisibilityBatch(
      url,
      entries.map(entry => ({ ...entry, visibilityTimeoutSeconds: 0 })),
    );
    expect(result.successful).toEqual([{ id: '0' }]);
    expect(result.failed).toMatchObject([{ id: 'bad', code: 'ReceiptHandleIsInvalid', senderFault: true }]);
    expect(await receive(url)).toHaveLength(1);
  });

  it('publishes, and says of each entry whether it did', async () => {
    const { topicArn, queueUrl } = await subscribedTopic();
    const bytes = new Uint8Array([0, 255]);
    const attributes = { ...text(TRICKY), raw: { DataType: 'Binary', BinaryValue: bytes } };
    expect(await sns.publishBatch(topicArn, [{ id: 'a', body: TRICKY, attributes }])).toEqual({
      successful: [{ id: 'a', messageId: expect.any(String) as string }],
      failed: [],
    });
    const [message] = await receive(queueUrl, { waitTimeSeconds: 5 });
    expect(message?.Body).toBe(TRICKY);
    expect(message?.MessageAttributes?.['type']?.StringValue).toBe(TRICKY);
    expect([...(message?.MessageAttributes?.['raw']?.BinaryValue ?? [])]).toEqual([...bytes]);
    const empty = { id: 'empty', body: '', attributes: {} };
    const mixed = await sns.publishBatch(topicArn, [{ id: 'b', body: 'b', attributes: {} }, empty]);
    expect(mixed.successful).toEqual([{ id: 'b', messageId: expect.any(String) as string }]);
    expect(mixed.failed).toMatchObject([
      { id: 'empty', code: expect.stringMatching(/^InvalidParameter/) as string, senderFault: true },
    ]);
  });

  it('aborts a long poll by its signal', async () => {
    const stop = new AbortController();
    const received = receive(await queue(), { waitTimeSeconds: 20, signal: stop.signal });
    setImmediate(() => stop.abort());
    await expect(received).rejects.toMatchObject({ name: 'AbortError' });
    await expect(receive(await queue(), { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
  });

  it("rejects a whole call with the SDK's error", async () => {
    const url = await queue();
    await expect(receive(`${url}-gone`)).rejects.toMatchObject({
      name: 'QueueDoesNotExist',
      Code: 'AWS.SimpleQueueService.NonExistentQueue',
      $fault: 'client',
      $metadata: { httpStatusCode: 400, attempts: 1 },
    });
    const eleven = Array.from({ length: 11 }, (__, index) => plain(String(index)));
    await expect(sqs.sendBatch(url, eleven)).rejects.toMatchObject({ name: 'TooManyEntriesInBatchRequest' });
    const arn = 'arn:aws:sns:us-east-1:000000000000:gone';
    await expect(sns.publishBatch(arn, [plain('a')])).rejects.toMatchObject({
      name: 'NotFoundException',
      $metadata: { httpStatusCode: 404, attempts: 1 },
    });
  });
});
