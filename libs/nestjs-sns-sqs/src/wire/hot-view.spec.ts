import { DeleteMessageBatchCommand, GetQueueUrlCommand, SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { hash } from 'node:crypto';
import { createSqsClient } from './aws-clients.js';
import { hotView } from './hot-view.js';

const aws = {
  region: 'us-east-1',
  endpoint: 'http://sqs.test',
  credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
};

interface Sent {
  headers: Record<string, string>;
  body: Uint8Array;
}

/** A handler that answers `{}`, or what is to be answered next, and what it was given. */
function answering() {
  const sent: Sent[] = [];
  const answers: string[] = [];
  const handler = {
    handle: (request: Sent) => {
      sent.push(request);
      return Promise.resolve({
        response: { statusCode: 200, headers: {}, body: Buffer.from(answers.shift() ?? '{}') },
      });
    },
    destroy: () => undefined,
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  };
  return { sent, answers, handler };
}

const input = { QueueUrl: 'http://sqs.test/1/q', Entries: [{ Id: '0', ReceiptHandle: 'ünï "\u2028\n' }] };
const remove = (): DeleteMessageBatchCommand => new DeleteMessageBatchCommand(input);

function opened() {
  const { sent, answers, handler } = answering();
  const client = createSqsClient(aws);
  return { client, sent, answers, view: hotView(client, handler) };
}

describe('hotView', () => {
  it("sends what the SDK's own client sends", async () => {
    const { sent, answers: hot, view } = opened();
    const own = answering();
    const plain = new SQSClient({ ...aws, requestHandler: own.handler });
    const attributes = {
      text: { DataType: 'String', StringValue: 'ä' },
      bytes: { DataType: 'Binary', BinaryValue: new Uint8Array([0, 255]) },
    };
    const entry = { Id: '0', MessageBody: 'b', MessageAttributes: attributes, DelaySeconds: 0 };
    const done = JSON.stringify({ Successful: [{ Id: '0', MessageId: 'm', MD5OfMessageBody: hash('md5', 'b') }] });
    for (const [client, answers] of [
      [view, hot],
      [plain, own.answers],
    ] as const) {
      answers.push('{}', done);
      await client.send(remove());
      await client.send(new SendMessageBatchCommand({ QueueUrl: input.QueueUrl, Entries: [entry] }));
    }
    const told = ({ headers, body }: Sent) => ({
      body: JSON.parse(Buffer.from(body).toString()) as unknown,
      target: headers['x-amz-target'],
      names: Object.keys(headers).toSorted(),
    });
    expect(sent.map(told)).toEqual(own.sent.map(told));
    expect(sent).toHaveLength(2);
  });

  it('puts the middleware of a command together once', async () => {
    const { client, view } = opened();
    let times = 0;
    client.middlewareStack.add(
      next => {
        times += 1;
        return next;
      },
      { step: 'build', name: 'counted' },
    );
    for (let call = 0; call < 3; call += 1) await view.send(remove());
    expect(times).toBe(1);
  });

  it.each([true, false])('runs middleware that is added later, first call made before: %s', async isUsed => {
    const { client, sent, view } = opened();
    if (isUsed) await view.send(remove());
    client.middlewareStack.add(
      next => args => {
        Object.assign((args.request as Sent).headers, { 'x-added': 'yes' });
        return next(args);
      },
      { step: 'build', name: 'later' },
    );
    await view.send(remove());
    expect(sent.at(-1)?.headers).toMatchObject({ 'x-added': 'yes' });
    client.middlewareStack.remove('later');
    await view.send(remove());
    expect(sent.at(-1)?.headers['x-added']).toBeUndefined();
  });

  it('keeps the place of each middleware, so that one of the user finds the request written', async () => {
    const { client, view } = opened();
    const seen: unknown[] = [];
    client.middlewareStack.add(
      next => args => {
        seen.push(JSON.parse(Buffer.from((args as unknown as { request: Sent }).request.body).toString()));
        return next(args);
      },
      { step: 'serialize', name: 'after the SDK' },
    );
    await view.send(remove());
    expect(seen).toEqual([input]);
    expect(view.middlewareStack.identify()).toEqual(client.middlewareStack.identify());
  });

  it('leaves to the SDK what is none of the hot calls, and answers that are no JSON', async () => {
    const { answers, view } = opened();
    answers.push('{"QueueUrl":"u"}', '<html>');
    expect(await view.send(new GetQueueUrlCommand({ QueueName: 'q' }))).toMatchObject({ QueueUrl: 'u' });
    await expect(view.send(remove())).rejects.toMatchObject({ $metadata: { httpStatusCode: 200 } });
  });

  it('signs with the credentials of the moment', async () => {
    const { sent, handler } = answering();
    let accessKeyId = 'FIRST';
    const credentials = () =>
      Promise.resolve({ accessKeyId, secretAccessKey: 's', expiration: new Date(Date.now() + 1_000) });
    const view = hotView(createSqsClient({ ...aws, credentials }), handler);
    await view.send(remove());
    accessKeyId = 'SECOND';
    await view.send(remove());
    expect(sent.map(({ headers }) => /Credential=(\w+)/.exec(headers['authorization'] ?? '')?.[1])).toEqual([
      'FIRST',
      'SECOND',
    ]);
  });
});
