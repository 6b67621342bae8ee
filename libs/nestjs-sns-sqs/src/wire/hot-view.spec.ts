import {
  DeleteMessageBatchCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
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

  it("compares the bodies' sums as the SDK does", async () => {
    const { answers: hot, view } = opened();
    const own = answering();
    const plain = new SQSClient({ ...aws, requestHandler: own.handler });
    const Entries = ['a', 'b', 'c'].map((MessageBody, at) => ({ Id: String(at), MessageBody }));
    const answer = (at: number, body: string) => ({
      Id: String(at),
      MessageId: `m${at}`,
      MD5OfMessageBody: hash('md5', body),
    });
    const sent = [
      [answer(0, 'a'), answer(1, 'b'), answer(2, 'c')],
      [answer(2, 'c'), answer(0, 'a')],
      [answer(0, 'a'), answer(1, 'other'), answer(2, 'other')],
      [answer(2, 'other'), answer(1, 'b')],
      [{ Id: '0', MessageId: 'm0' }],
      [answer(7, 'of nobody')],
    ].map(Successful => [
      () => new SendMessageBatchCommand({ QueueUrl: input.QueueUrl, Entries }),
      JSON.stringify({ Successful }),
    ]);
    const received = [
      [{ MessageId: 'm', Body: 'b', MD5OfBody: hash('md5', 'b') }],
      [{ MessageId: 'm', Body: 'b', MD5OfBody: hash('md5', 'c') }],
      [{ MessageId: 'm', Body: 'b' }],
    ].map(Messages => [() => new ReceiveMessageCommand({ QueueUrl: input.QueueUrl }), JSON.stringify({ Messages })]);
    for (const [command, text] of [...sent, ...received] as Array<[() => SendMessageBatchCommand, string]>) {
      const told = [];
      for (const [client, answers] of [
        [view, hot],
        [plain, own.answers],
      ] as const) {
        answers.push(text);
        told.push(
          await client.send(command()).then(
            () => 'intact',
            (error: Error) => error.message,
          ),
        );
      }
      expect(told[0]).toBe(told[1]);
    }
  });

  it('leaves the sums to a hash of the user', async () => {
    const { answers, handler } = answering();
    const view = hotView(createSqsClient({ ...aws, md5: false }), handler);
    answers.push('{"Messages":[{"MessageId":"m","Body":"b","MD5OfBody":"other"}]}');
    const { Messages } = await view.send(new ReceiveMessageCommand({ QueueUrl: input.QueueUrl }));
    expect(Messages).toHaveLength(1);
  });

  it("names the same user agent as the SDK's own client, at each call", async () => {
    const named = { ...aws, customUserAgent: [['shop', '1.0 ü']] as [string, string][], userAgentAppId: 'app id' };
    const { sent, handler } = answering();
    const view = hotView(createSqsClient(named), handler);
    const own = answering();
    const plain = new SQSClient({ ...named, requestHandler: own.handler });
    for (let call = 0; call < 3; call += 1) await view.send(remove());
    await view.send(remove(), { abortSignal: new AbortController().signal });
    await plain.send(remove());
    const agentsOf = ({ headers }: Sent) => [headers['user-agent'], headers['x-amz-user-agent']];
    const [expected = []] = own.sent.map(agentsOf);
    expect(expected[0]).toContain('shop');
    for (const agents of sent.map(agentsOf)) expect(agents).toEqual(expected);
  });

  const agentOf = ({ headers }: Sent) => headers['user-agent'];
  /** A call that is put together for itself. */
  const alone = () => ({ abortSignal: new AbortController().signal });

  it("adds a user agent that a middleware of the user's gives, to the calls that it gives one", async () => {
    const { client, sent, view } = opened();
    const given: Array<[string, string][] | undefined> = [undefined, undefined, [['later', '2']], undefined];
    let userAgent = given[0];
    client.middlewareStack.add(
      (next, context) => args => {
        Object.assign(context, { userAgent });
        return next(args);
      },
      { step: 'initialize', name: 'agent' },
    );
    for (userAgent of given) await view.send(remove());
    expect(sent.map(each => agentOf(each)?.includes('later/2'))).toEqual([false, false, true, false]);
  });

  it("names the features of a call and the source of its credentials as the SDK's own client does", async () => {
    const told: unknown[][] = [];
    for (const isQuick of [true, false]) {
      const { handler, sent } = answering();
      let feature = '1';
      let source = 'n';
      const expiration = new Date(Date.now() + 1_000);
      // Asked for at each call, since they expire soon; the same object as long as they are the same.
      const of = (SOURCE: string) => ({
        accessKeyId: SOURCE,
        secretAccessKey: 's',
        expiration,
        $source: { SOURCE },
      });
      const [first, second] = [of('n'), of('z')];
      const credentials = () => Promise.resolve(source === 'n' ? first : second);
      const client = isQuick
        ? createSqsClient({ ...aws, credentials })
        : new SQSClient({ ...aws, credentials, requestHandler: handler });
      client.middlewareStack.add(
        (next, context) => args => {
          Object.assign(context, { __aws_sdk_context: { features: { FEATURE: feature } } });
          return next(args);
        },
        { step: 'initialize', name: 'feature' },
      );
      const view = isQuick ? hotView(client, handler) : client;
      for (feature of ['1', '1', '2', '1']) await view.send(remove(), alone());
      source = 'z';
      await view.send(remove(), alone());
      told.push(sent.map(agentOf));
    }
    expect(told[0]).toEqual(told[1]);
    expect(new Set(told[0]).size).toBe(3);
  });

  it('keeps nothing of what a middleware does to one request', async () => {
    const { client, sent, view } = opened();
    let call = 0;
    client.middlewareStack.add(
      next => args => {
        Object.assign((args.request as Sent).headers, { [`x-${(call += 1)}`]: 'yes' });
        return next(args);
      },
      { step: 'serialize', name: 'marks' },
    );
    for (let time = 0; time < 3; time += 1) await view.send(remove());
    const marksOf = ({ headers }: Sent) => Object.keys(headers).filter(name => /^x-\d$/.test(name));
    expect(sent.map(marksOf)).toEqual([['x-1'], ['x-2'], ['x-3']]);
  });

  it('sends the headers that the endpoint of the moment asks for', async () => {
    const { handler, sent } = answering();
    let headers: Record<string, string> = {};
    const endpoint = () => Promise.resolve({ protocol: 'http:', hostname: 'sqs.test', path: '/', headers });
    const view = hotView(createSqsClient({ ...aws, endpoint }), handler);
    for (headers of [{}, {}, { 'x-end': 'a' }, { 'x-end': 'b' }] as Record<string, string>[]) await view.send(remove());
    expect(sent.map(each => each.headers['x-end'])).toEqual([undefined, undefined, 'a', 'b']);
  });

  it('writes to the endpoint of the moment', async () => {
    const { handler, sent } = answering();
    let port = 1;
    const endpoint = () => Promise.resolve({ protocol: 'http:', hostname: 'sqs.test', port, path: '/' });
    const view = hotView(createSqsClient({ ...aws, endpoint }), handler);
    for (port of [1, 2, 1, 2]) await view.send(remove());
    expect(sent.map(request => (request as unknown as { port: number }).port)).toEqual([1, 2, 1, 2]);
  });
});
