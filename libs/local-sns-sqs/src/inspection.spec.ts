import {
  CreateTopicCommand,
  PublishBatchCommand,
  PublishCommand,
  SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { CoreDriver } from '../test/core-driver.js';
import { VirtualClock } from './core/virtual-clock.js';
import { Inspection } from './inspection.js';
import { type LocalBroker, startLocalBroker } from './local-broker.js';

describe('inspection, with the AWS SDK beside it', () => {
  let clock: VirtualClock;
  let broker: LocalBroker;
  let sqs: SQSClient;
  let sns: SNSClient;
  let QueueUrl: string;

  beforeEach(async () => {
    clock = new VirtualClock(Date.now());
    broker = await startLocalBroker({ clock, seed: 7, region: 'eu-central-1', accountId: '123456789012' });
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
    const config = { endpoint: broker.endpoint, region: 'eu-central-1', credentials, maxAttempts: 1 };
    sqs = new SQSClient(config);
    sns = new SNSClient(config);
    ({ QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'q' })));
  });

  afterEach(async () => {
    sqs.destroy();
    sns.destroy();
    await broker.stop();
  });

  const send = (MessageBody: string, DelaySeconds?: number) =>
    sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, ...(DelaySeconds !== undefined && { DelaySeconds }) }));
  const receive = (WaitTimeSeconds = 0) => sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds }));

  it('shows queues with their messages by state, in order of arrival', async () => {
    await send('in flight');
    await send('delayed', 60);
    await send('visible');
    await receive();
    expect(broker.inspect.queues()).toHaveLength(1);
    expect(broker.inspect.queue('q')).toMatchObject({
      arn: 'arn:aws:sqs:eu-central-1:123456789012:q',
      visible: 1,
      inFlight: 1,
      delayed: 1,
      messages: [
        { body: 'in flight', state: 'inFlight', receiveCount: 1 },
        { body: 'delayed', state: 'delayed', receiveCount: 0 },
        { body: 'visible', state: 'ready', receiveCount: 0 },
      ],
    });
    expect(broker.inspect.queue('missing')).toBeUndefined();
  });

  it('shows attributes by value, and groups', async () => {
    await sqs.send(
      new SendMessageCommand({
        QueueUrl,
        MessageBody: 'x',
        MessageGroupId: 'g',
        MessageAttributes: {
          text: { DataType: 'String', StringValue: 'ü' },
          bytes: { DataType: 'Binary', BinaryValue: Buffer.from([1, 2]) },
        },
      }),
    );
    expect(broker.inspect.queue('q')?.messages[0]).toMatchObject({
      attributes: { text: 'ü', bytes: 'AQI=' },
      groupId: 'g',
    });
  });

  it('shows topics and subscriptions', async () => {
    const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: 't' }));
    const Endpoint = broker.inspect.queue('q')?.arn;
    const Attributes = { RawMessageDelivery: 'true' };
    const { SubscriptionArn } = await sns.send(
      new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint, Attributes }),
    );
    expect(broker.inspect.topics()).toEqual(['arn:aws:sns:eu-central-1:123456789012:t']);
    expect(broker.inspect.subscriptions()).toEqual([
      { arn: SubscriptionArn, topicArn: TopicArn, queueArn: Endpoint, attributes: Attributes },
    ]);
  });

  it('counts calls by service and operation, refused ones too, and itself not', async () => {
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 't' }));
    await sns.send(new PublishCommand({ TopicArn, Message: 'x' }));
    await sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries: [{ Id: 'a', Message: 'x' }] }));
    await expect(sns.send(new PublishCommand({ TopicArn: `${TopicArn}2`, Message: 'x' }))).rejects.toMatchObject({
      name: 'NotFoundException',
    });
    broker.inspect.queues();
    expect(broker.inspect.calls()).toEqual({
      'sqs.CreateQueue': 1,
      'sns.CreateTopic': 1,
      'sns.Publish': 2,
      'sns.PublishBatch': 1,
    });
  });

  it('waits until a condition holds, at once or later', async () => {
    await expect(broker.inspect.until('q', ({ visible }) => visible === 0)).resolves.toMatchObject({ name: 'q' });
    const two = broker.inspect.until('q', ({ visible }) => visible === 2);
    await send('a');
    await send('b');
    await expect(two).resolves.toMatchObject({ visible: 2, messages: [{ body: 'a' }, { body: 'b' }] });
  });

  it('waits for a queue that is not there yet, and for what time does', async () => {
    const created = broker.inspect.until('later', () => true);
    await sqs.send(new CreateQueueCommand({ QueueName: 'later' }));
    await expect(created).resolves.toMatchObject({ name: 'later' });
    await send('x', 10);
    const visible = broker.inspect.until('q', queue => queue.visible === 1);
    clock.advance(10_000);
    await expect(visible).resolves.toMatchObject({ delayed: 0 });
  });

  it('tells the history of a message, with times and receive counts', async () => {
    const { MessageId = '' } = await send('x');
    const sentAt = clock.now();
    const first = (await receive()).Messages?.[0];
    const ReceiptHandle = first?.ReceiptHandle;
    await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
    clock.advance(1_000);
    const again = (await receive()).Messages?.[0];
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: again?.ReceiptHandle }));
    expect(broker.inspect.history(MessageId)).toEqual([
      { at: sentAt, what: 'sent', queue: 'q', receiveCount: 0 },
      { at: sentAt, what: 'received', queue: 'q', receiveCount: 1 },
      { at: sentAt, what: 'visible', queue: 'q', receiveCount: 1 },
      { at: sentAt + 1_000, what: 'received', queue: 'q', receiveCount: 2 },
      { at: sentAt + 1_000, what: 'removed', queue: 'q', receiveCount: 2 },
    ]);
    expect(broker.inspect.history('unknown')).toEqual([]);
  });

  it('keeps the histories of the latest 10,000 messages, whole ones only', () => {
    const core = new CoreDriver();
    const inspection = new Inspection(core.broker);
    const queue = core.createQueue('many');
    const ids = Array.from({ length: 10_001 }, (_, index) => core.send(queue, `m${index}`).MessageId);
    core.receive(queue);
    expect(ids.filter(id => inspection.history(id).length > 0)).toHaveLength(10_000);
    expect(inspection.history(ids[0] ?? '')).toEqual([]);
    expect(inspection.history(ids[1] ?? '').map(({ what }) => what)).toEqual(['sent', 'received']);
  });

  it('is empty after a reset, and a long poll ends empty', async () => {
    const { MessageId = '' } = await send('x');
    await receive();
    const poll = receive(20);
    while (broker.inspect.calls()['sqs.ReceiveMessage'] !== 2) await new Promise(resolve => setImmediate(resolve));
    broker.reset();
    expect((await poll).Messages ?? []).toEqual([]);
    expect([broker.inspect.queues(), broker.inspect.calls(), broker.inspect.history(MessageId)]).toEqual([[], {}, []]);
  });

  it('gives a message to who is still there when a long poll is hung up on', async () => {
    const hangUp = new AbortController();
    const gone = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }), {
      abortSignal: hangUp.signal,
    });
    while (broker.inspect.calls()['sqs.ReceiveMessage'] !== 1) await new Promise(resolve => setImmediate(resolve));
    hangUp.abort();
    await expect(gone).rejects.toMatchObject({ name: 'AbortError' });
    await send('x');
    const { Messages } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20, MessageSystemAttributeNames: ['All'] }),
    );
    expect(Messages).toMatchObject([{ Body: 'x', Attributes: { ApproximateReceiveCount: '1' } }]);
  });
});
