import { Agent, type AgentOptions } from 'node:http';
import { connect } from 'node:net';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { ScriptedServer } from '../../test/scripted-server.js';
import type { AwsClientOptions } from '../interfaces/options.interface.js';
import { createServerAws } from '../server/server-aws.js';
import { accessSns, accessSqs } from './aws-access.js';
import { handlersBeside } from './request-handlers.js';
import { SdkSnsControlPlane } from './sns-control-plane.js';
import { SdkSqsControlPlane } from './sqs-control-plane.js';

type Handler = AwsClientOptions['requestHandler'];

/** Nobody answers there: only what goes by the proxy arrives. */
const AWS = {
  region: 'us-east-1',
  endpoint: 'http://aws.invalid',
  credentials: { accessKeyId: 'a', secretAccessKey: 's' },
  md5: false as const,
  maxAttempts: 1,
};
const QUEUE = 'http://aws.invalid/000000000000/q';
const ARN = 'arn:aws:sns:us-east-1:000000000000:t';
const entry = { id: '0', receiptHandle: 'h' };
const message = { id: '0', body: 'b', attributes: {} };

describe("the user's request handler", () => {
  let proxy: ScriptedServer;
  const closers: Array<() => void> = [];

  beforeEach(async () => {
    proxy = await ScriptedServer.start();
    const xml = '<PublishBatchResponse><PublishBatchResult><Successful/></PublishBatchResult></PublishBatchResponse>';
    proxy.script(({ headers }) =>
      String(headers['content-type']).includes('urlencoded')
        ? { body: xml, headers: { 'Content-Type': 'text/xml' } }
        : { body: '{"Successful":[{"Id":"0","MessageId":"m"}],"Failed":[],"Attributes":{}}' },
    );
  });

  afterEach(async () => {
    for (const close of closers.splice(0)) close();
    await proxy.stop();
  });

  /** Connects by the proxy, whatever the host is. */
  const proxyAgent = (options?: AgentOptions): Agent => {
    const agent = new Agent({ keepAlive: true, ...options });
    const { port } = new URL(proxy.url);
    agent.createConnection = () => connect(Number(port), '127.0.0.1');
    closers.push(() => agent.destroy());
    return agent;
  };

  /** Every kind of call that the library makes, hot or rare. */
  const callsOver = (
    requestHandler: Handler,
    whose: 'aws' | 'clients',
    endpoint = AWS.endpoint,
  ): Array<[string, () => Promise<unknown>]> => {
    const aws = { ...AWS, endpoint, requestHandler };
    const given = whose === 'clients' ? { sqs: new SQSClient(aws), sns: new SNSClient(aws) } : { aws };
    const sqs = accessSqs(given);
    const sns = accessSns(given);
    closers.push(() => {
      for (const each of [sqs, sns, sqs.client, sns.client]) each.destroy();
    });
    const request = { queueUrl: QUEUE, maxMessages: 1, waitTimeSeconds: 20, visibilityTimeoutSeconds: 30 };
    return [
      ['a receive', () => sqs.wire.receive(request)],
      ['a delete', () => sqs.wire.deleteBatch(QUEUE, [entry])],
      ['a change', () => sqs.wire.changeVisibilityBatch(QUEUE, [{ ...entry, visibilityTimeoutSeconds: 0 }])],
      ['a send', () => sqs.wire.sendBatch(QUEUE, [message])],
      ['a publish', () => sns.wire.publishBatch(ARN, [message])],
      ['a rare call to SQS', () => new SdkSqsControlPlane(sqs.client).getQueueAttributes(QUEUE)],
      ['a rare call to SNS', () => new SdkSnsControlPlane(sns.client).getTopicAttributes(ARN)],
    ];
  };

  class ByProxy extends NodeHttpHandler {
    constructor() {
      super({ httpAgent: proxyAgent() });
    }
  }

  describe.each(['aws', 'clients'] as const)('in `%s`', whose => {
    it.each<[string, () => unknown]>([
      ['a handler of its own class', () => new ByProxy()],
      ['an agent for http', () => ({ httpAgent: proxyAgent() })],
      ['a function that gives an agent', () => async () => Promise.resolve({ httpAgent: proxyAgent() })],
    ])('%s carries every call', async (_, handler) => {
      const calls = callsOver(handler() as Handler, whose);
      for (const [, call] of calls) await call();
      expect(proxy.requests).toHaveLength(calls.length);
    });

    it('timeouts hold for every call', async () => {
      proxy.script('hold');
      const calls = callsOver({ socketTimeout: 50 }, whose, proxy.url);
      const results = await Promise.allSettled(calls.map(([, call]) => call()));
      expect(results).toEqual(
        calls.map(() => ({ status: 'rejected', reason: expect.objectContaining({ name: 'TimeoutError' }) as Error })),
      );
    });
  });

  it.each<[string, (agent: Agent) => unknown]>([
    ['a handler', httpAgent => new NodeHttpHandler({ httpAgent })],
    ['settings', httpAgent => ({ httpAgent })],
    ['a function', httpAgent => async () => Promise.resolve({ httpAgent })],
  ])('an agent of the user in %s stays open, for whoever else uses it', async (_, handlerOf) => {
    const agent = proxyAgent();
    let isDestroyed = false;
    const destroy = agent.destroy.bind(agent);
    agent.destroy = () => {
      isDestroyed = true;
      destroy();
    };
    const aws = { ...AWS, requestHandler: handlerOf(agent) as Handler };
    const accesses = [accessSqs({ aws }), accessSns({ aws })] as const;
    const [sqs, sns] = accesses;
    await sqs.wire.deleteBatch(QUEUE, [entry]);
    await sns.wire.publishBatch(ARN, [message]);
    for (const access of [...accesses, createServerAws({ aws })]) access.destroy();
    expect(isDestroyed).toBe(false);
  });

  it('settings without an agent give polls, settles and sends sockets of their own', async () => {
    proxy.script(({ headers }) =>
      headers['x-amz-target'] === 'AmazonSQS.ReceiveMessage' ? 'hold' : { body: '{"Successful":[],"Failed":[]}' },
    );
    const aws = { ...AWS, endpoint: proxy.url, requestHandler: { connectionTimeout: 1_000 } };
    const access = accessSqs({ aws });
    const { wire } = access;
    closers.push(() => access.destroy());
    const queueUrl = `${proxy.url}/000000000000/q`;
    const request = { queueUrl, maxMessages: 1, waitTimeSeconds: 20, visibilityTimeoutSeconds: 30 };
    // All the sockets that an agent of the SDK's has.
    const polls = Array.from({ length: 50 }, () => wire.receive(request).catch(() => undefined));
    await proxy.untilHeld(50);
    await wire.deleteBatch(queueUrl, [entry]);
    await wire.sendBatch(queueUrl, [message]);
    expect(proxy.held.size).toBe(50);
    proxy.release({});
    await Promise.all(polls);
  });

  it.each<[string, unknown]>([
    ['a client certificate', { httpsAgent: { cert: 'c', key: 'k' } }],
    ['another authority', { httpsAgent: { ca: 'c' } }],
    ['another number of sockets', { httpsAgent: { maxSockets: 7 } }],
    ['a time for a request', { requestTimeout: 1_000 }],
    ['a time to connect', { connectionTimeout: 1_000 }],
    ['a function that fails', () => Promise.reject(new Error('no secret'))],
  ])("is the user's where a client has %s", async (_, requestHandler) => {
    expect(await handlersBeside(new SQSClient({ ...AWS, requestHandler: requestHandler as Handler }))).toBeUndefined();
  });

  it.each(['standard', 'in-region', 'cross-region', 'mobile', 'legacy', 'auto'] as const)(
    'is not in a client that was given none, in the mode %s',
    async defaultsMode => {
      expect(await handlersBeside(new SQSClient({ ...AWS, defaultsMode }))).toBeDefined();
    },
  );
});
