import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueUrlCommand,
  ListMessageMoveTasksCommand,
  QueueDoesNotExist,
  ReceiptHandleIsInvalid,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { startLocalBroker, type LocalBroker } from './local-broker.js';
import { VirtualClock } from './core/virtual-clock.js';

describe('the broker over HTTP, with the AWS SDK', () => {
  let clock: VirtualClock;
  let broker: LocalBroker;
  let sqs: SQSClient;
  let QueueUrl: string;

  beforeEach(async () => {
    clock = new VirtualClock(Date.now());
    broker = await startLocalBroker({ clock, seed: 7 });
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
    sqs = new SQSClient({ endpoint: broker.endpoint, region: 'us-east-1', credentials, maxAttempts: 1 });
    QueueUrl = (await sqs.send(new CreateQueueCommand({ QueueName: 'q' }))).QueueUrl ?? '';
  });

  afterEach(async () => {
    sqs.destroy();
    await broker.stop();
  });

  const send = (MessageBody = 'x') => sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  const receive = async (VisibilityTimeout = 30) =>
    (await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout }))).Messages ??
    [];
  const visible = () => broker.inspect.queue('q')?.visible;

  it("throws the SDK's own error classes", async () => {
    await expect(sqs.send(new GetQueueUrlCommand({ QueueName: 'missing' }))).rejects.toBeInstanceOf(QueueDoesNotExist);
    const ReceiptHandle = 'nonsense';
    await expect(sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }))).rejects.toBeInstanceOf(
      ReceiptHandleIsInvalid,
    );
  });

  it('moves time as the test says: twelve hours in a moment', async () => {
    await send();
    const [message] = await receive(43_200);
    expect(await receive()).toEqual([]);
    clock.advance(43_199_999);
    expect(await receive()).toEqual([]);
    clock.advance(1);
    expect(await receive()).toHaveLength(1);
    const ReceiptHandle = message?.ReceiptHandle;
    const late = new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 });
    await expect(sqs.send(late)).rejects.toThrow(/not in flight/);
  });

  it('takes the older protocol in the URL too (sqs-making-api-requests-xml)', async () => {
    const ask = (query: string) => fetch(`${broker.endpoint}${query}`);
    const sent = await ask('/000000000000/q?Action=SendMessage&MessageBody=from%20the%20URL&Version=2012-11-05');
    expect([sent.status, await sent.text()]).toEqual([200, expect.stringContaining('<MessageId>')]);
    expect((await receive()).map(({ Body }) => Body)).toEqual(['from the URL']);
    expect(await (await ask('/')).json()).toMatchObject({ status: 'running' });
  });

  it('refuses what is larger than any request of AWS with 413, and goes on', async () => {
    const body = 'x'.repeat(17 * 1024 * 1024);
    expect((await fetch(broker.endpoint, { method: 'POST', body })).status).toBe(413);
    await send();
  });

  it('answers malformed JSON with 400, and goes on', async () => {
    const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.SendMessage' };
    const answer = await fetch(broker.endpoint, { method: 'POST', headers, body: '{"QueueUrl":' });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('SerializationException');
    await send();
    expect(visible()).toBe(1);
  });

  it('speaks the older Query protocol too', async () => {
    const ask = async (parameters: Record<string, string>): Promise<string> =>
      (await fetch(QueueUrl, { method: 'POST', body: new URLSearchParams(parameters) })).text();
    const attribute = 'MessageAttribute.1.';
    await ask({
      Action: 'SendMessage',
      MessageBody: 'a <b> & "c"',
      [`${attribute}Name`]: 'type',
      [`${attribute}Value.DataType`]: 'String',
      [`${attribute}Value.StringValue`]: 'x',
    });
    const received = await ask({ Action: 'ReceiveMessage', 'AttributeName.1': 'All', 'MessageAttributeName.1': 'All' });
    expect(received).toContain('<Body>a &lt;b&gt; &amp; &quot;c&quot;</Body>');
    expect(received).toContain('<Attribute><Name>ApproximateReceiveCount</Name><Value>1</Value></Attribute>');
    expect(received).toMatch(/<MessageAttribute><Name>type<\/Name><Value>.*<StringValue>x<\/StringValue>/);
    const refused = await ask({ Action: 'GetQueueUrl', QueueName: 'missing' });
    expect(refused).toContain('<Code>AWS.SimpleQueueService.NonExistentQueue</Code>');
  });

  it('moves dead letters back where they came from (StartMessageMoveTask)', async () => {
    const dlqArn = 'arn:aws:sqs:us-east-1:000000000000:dlq';
    const dlqUrl = (await sqs.send(new CreateQueueCommand({ QueueName: 'dlq' }))).QueueUrl;
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dlqArn, maxReceiveCount: 1 });
    QueueUrl =
      (await sqs.send(new CreateQueueCommand({ QueueName: 'source', Attributes: { RedrivePolicy } }))).QueueUrl ?? '';
    const { MessageId } = await send('poison');
    await receive(0);
    await receive(0);
    expect(broker.inspect.queue('dlq')?.visible).toBe(1);
    expect(broker.inspect.history(MessageId ?? '').map(({ what, queue }) => [what, queue])).toEqual([
      ['sent', 'source'],
      ['received', 'source'],
      ['visible', 'source'],
      ['removed', 'source'],
      ['dead-lettered', 'dlq'],
    ]);
    await sqs.send(new StartMessageMoveTaskCommand({ SourceArn: dlqArn }));
    clock.advance(1_000);
    expect(broker.inspect.queue('source')?.visible).toBe(1);
    const { Results } = await sqs.send(new ListMessageMoveTasksCommand({ SourceArn: dlqArn }));
    expect(Results).toMatchObject([{ Status: 'COMPLETED', ApproximateNumberOfMessagesMoved: 1 }]);
    expect(dlqUrl).toContain('/dlq');
  });

  describe('with faults', () => {
    it('throttles as AWS does', async () => {
      broker.faults.add({ operation: 'sqs.SendMessage', effect: { kind: 'throttle' }, times: 1 });
      await expect(send()).rejects.toMatchObject({ name: 'RequestThrottled' });
      await send();
    });

    it('answers 5xx', async () => {
      broker.faults.add({ effect: { kind: 'error', status: 503, code: 'ServiceUnavailable' }, times: 1 });
      await expect(send()).rejects.toMatchObject({ name: 'ServiceUnavailable', $metadata: { httpStatusCode: 503 } });
    });

    it('does not know a queue in its first second, as AWS does not (CreateQueue API)', async () => {
      broker.faults.add({ queueYoungerThanMs: 1_000, effect: { kind: 'missing' } });
      clock.advance(1_000);
      await send();
      const made = await sqs.send(new CreateQueueCommand({ QueueName: 'new' }));
      const ask = () => sqs.send(new GetQueueUrlCommand({ QueueName: 'new' }));
      await expect(ask()).rejects.toMatchObject({
        name: 'QueueDoesNotExist',
        Code: 'AWS.SimpleQueueService.NonExistentQueue',
      });
      await expect(sqs.send(new CreateQueueCommand({ QueueName: 'new' }))).resolves.toMatchObject({
        QueueUrl: made.QueueUrl,
      });
      clock.advance(1_000);
      await expect(ask()).resolves.toMatchObject({ QueueUrl: made.QueueUrl });
    });

    it('cuts the connection before or after the effect', async () => {
      broker.faults.add({ operation: 'sqs.SendMessage', effect: { kind: 'reset', when: 'before' }, times: 1 });
      await expect(send()).rejects.toThrow(/socket hang up|ECONNRESET/);
      expect(visible()).toBe(0);
      broker.faults.add({ operation: 'sqs.SendMessage', effect: { kind: 'reset', when: 'after' }, times: 1 });
      await expect(send()).rejects.toThrow(/socket hang up|ECONNRESET/);
      expect(visible()).toBe(1);
    });

    it('fails half of a batch', async () => {
      broker.faults.add({ effect: { kind: 'half-batch' }, times: 1 });
      const Entries = ['a', 'b', 'c'].map(Id => ({ Id, MessageBody: Id }));
      const { Successful, Failed } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
      expect(Successful?.map(({ Id }) => Id)).toEqual(['a', 'c']);
      expect(Failed).toMatchObject([{ Id: 'b', Code: 'InternalError', SenderFault: false }]);
    });

    it('claims a delete that did not happen', async () => {
      await send();
      const [message] = await receive(1);
      broker.faults.add({ operation: /Delete/, effect: { kind: 'stale-delete' }, times: 1 });
      const Entries = [{ Id: 'a', ReceiptHandle: message?.ReceiptHandle }];
      const { Successful } = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
      expect(Successful).toEqual([{ Id: 'a' }]);
      clock.advance(1_000);
      expect(visible()).toBe(1);
    });

    it('delivers twice', async () => {
      await send();
      broker.faults.add({ operation: 'sqs.ReceiveMessage', effect: { kind: 'duplicate' }, times: 1 });
      const [first] = await receive();
      const [second] = await receive();
      expect(second?.MessageId).toBe(first?.MessageId);
    });

    it('does the same again from the same seed, and tells what it did', async () => {
      const play = async (): Promise<number[]> => {
        broker.faults.clear();
        broker.faults.add({ rate: 0.5, effect: { kind: 'throttle' } });
        for (let n = 0; n < 20; n += 1) await send().catch(() => undefined);
        return broker.faults.done.map(({ call }) => call);
      };
      const first = await play();
      await broker.stop();
      broker = await startLocalBroker({ clock, seed: 7 });
      const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
      sqs = new SQSClient({ endpoint: broker.endpoint, region: 'us-east-1', credentials, maxAttempts: 1 });
      QueueUrl = (await sqs.send(new CreateQueueCommand({ QueueName: 'q' }))).QueueUrl ?? '';
      expect(await play()).toEqual(first);
      expect(first.length).toBeGreaterThan(3);
    });
  });
});
