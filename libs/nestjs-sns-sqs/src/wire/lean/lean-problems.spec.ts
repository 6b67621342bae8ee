import { Agent as HttpAgent } from 'node:http';
import { Agent } from 'node:https';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';
import { ClientSNS } from '../../client/client-sns.js';
import { ClientSQS } from '../../client/client-sqs.js';
import { ServerSQS } from '../../server/server-sqs.js';
import { LeanSqsWire } from './lean-sqs-wire.js';
import { leanProblems } from './lean-problems.js';

const AWS = { region: 'eu-west-1', credentials: { accessKeyId: 'a', secretAccessKey: 's' } };
const problemsOf = (sqs: unknown): string[] => leanProblems({ wire: 'lean', sqs }, 'sqs');
const withMiddleware = <C extends SQSClient | SNSClient>(client: C, name?: string): C => {
  (client as SQSClient).middlewareStack.add(next => args => next(args), { step: 'build', ...(name && { name }) });
  return client;
};

describe("wire: 'lean'", () => {
  it.each<[string, SQSClientConfig]>([
    ['nothing but access', AWS],
    ['an endpoint', { ...AWS, endpoint: 'http://127.0.0.1:4566' }],
    [
      'FIPS, dual-stack, retries and no MD5',
      { ...AWS, useFipsEndpoint: true, useDualstackEndpoint: true, maxAttempts: 1, md5: false },
    ],
  ])('takes a client with %s', (_, config) => {
    expect(problemsOf(new SQSClient(config))).toEqual([]);
    expect(leanProblems({ wire: 'lean', aws: config }, 'sqs')).toEqual([]);
  });

  it('takes a client that has been used', async () => {
    const client = new SQSClient({ ...AWS, endpoint: 'http://127.0.0.1:1', maxAttempts: 1 });
    await client.config.requestHandler.handle({} as never, {}).catch(() => undefined);
    expect(problemsOf(client)).toEqual([]);
  });

  it.each<[string, unknown, RegExp]>([
    [
      'middleware without a name',
      withMiddleware(new SQSClient(AWS)),
      /^the middleware of `sqs` \(anonymous - build\) would be lost/,
    ],
    ['middleware with a name', withMiddleware(new SQSClient(AWS), 'tracing'), /\(tracing - build\)/],
    [
      'a request handler',
      new SQSClient({ ...AWS, requestHandler: { handle: () => Promise.reject(new Error()) } as never }),
      /request handler or agent of `sqs`/,
    ],
    [
      'an agent, maybe of a proxy',
      new SQSClient({ ...AWS, requestHandler: { httpsAgent: new Agent() } }),
      /request handler or agent of `sqs`/,
    ],
    ['a logger', new SQSClient({ ...AWS, logger: console }), /the logger of `sqs`/],
    ['a send() of its own', Object.assign(new SQSClient(AWS), { send: () => undefined }), /send\(\) of `sqs`/],
    [
      'a class of its own',
      new (class extends SQSClient {
        override send = (): never => {
          throw new Error('no');
        };
      })(AWS),
      /send\(\) of `sqs`/,
    ],
    ['no SDK client', { send: () => undefined }, /no client of the AWS SDK v3/],
    ['nothing that is an object', 7, /no client of the AWS SDK v3/],
  ])('refuses a client with %s', (_, client, why) => {
    expect(problemsOf(client)).toEqual([expect.stringMatching(why)]);
  });

  it.each<[string, object]>([
    ['an agent for plain HTTP, maybe of a proxy', { httpAgent: Object.create(new HttpAgent()) as HttpAgent }],
    ['an agent with a proxy of its own', { httpAgent: { proxyEnv: { HTTP_PROXY: 'http://127.0.0.1:1' } } }],
    ['an agent with settings of TLS', { httpsAgent: { rejectUnauthorized: false } }],
    ['a timeout', { requestTimeout: 1_000 }],
  ])('refuses at the first call a client with %s', async (_, requestHandler) => {
    const wire = new LeanSqsWire(new SQSClient({ ...AWS, endpoint: 'http://127.0.0.1:1', requestHandler }));
    const refused = {
      code: 'INVALID_OPTIONS',
      message: expect.stringMatching(/^The (agent|requestTimeout) of/) as string,
    };
    await expect(wire.deleteBatch('http://127.0.0.1:1/1/q', [])).rejects.toMatchObject(refused);
    wire.destroy();
  });

  it('takes a client whose agents have other numbers of sockets', async () => {
    const requestHandler = { httpAgent: { maxSockets: 7 }, httpsAgent: { maxSockets: 7, keepAliveMsecs: 5 } };
    const client = new SQSClient({ ...AWS, endpoint: 'http://127.0.0.1:1', maxAttempts: 1, requestHandler });
    const wire = new LeanSqsWire(client);
    await expect(wire.deleteBatch('http://127.0.0.1:1/1/q', [])).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    wire.destroy();
  });

  it('refuses a client that lacks a part of the usual stack', () => {
    const client = new SQSClient(AWS);
    client.middlewareStack.remove('retryMiddleware');
    expect(problemsOf(client)).toEqual([expect.stringContaining('without retryMiddleware')]);
  });

  it('refuses settings that act in layers which it does not have, and nothing without it', () => {
    const aws = { ...AWS, requestHandler: { requestTimeout: 1 }, logger: console };
    const problems = leanProblems({ wire: 'lean', aws }, 'sqs');
    expect(problems).toEqual([
      "`aws.requestHandler` would be lost by `wire: 'lean'`: leave it out, or take 'sdk'",
      "`aws.logger` would be lost by `wire: 'lean'`: leave it out, or take 'sdk'",
    ]);
    expect(leanProblems({ wire: 'sdk', aws, sqs: withMiddleware(new SQSClient(AWS)) }, 'sqs')).toEqual([]);
  });

  it('is refused at construction, with every other problem in the same error', () => {
    const sqs = withMiddleware(new SQSClient(AWS));
    const sns = withMiddleware(new SNSClient(AWS));
    const both = (of: string): Error =>
      expect.objectContaining({
        code: 'INVALID_OPTIONS',
        message: expect.stringMatching(
          new RegExp(`${of} have 2 problems:.*\`concurency\` is not an option.*the middleware of`, 's'),
        ) as string,
      }) as Error;
    const misspelt = { service: 'a', wire: 'lean' as const, concurency: 1 };
    expect(() => new ServerSQS({ ...misspelt, sqs })).toThrow(both('ServerSQS'));
    expect(() => new ClientSQS({ ...misspelt, sqs })).toThrow(both('ClientSQS'));
    expect(() => new ClientSNS({ ...misspelt, sns })).toThrow(both('ClientSNS'));
  });

  it("does not mind a server's SNS client, over which nothing hot goes", () => {
    expect(() => new ServerSQS({ service: 'a', wire: 'lean', sns: withMiddleware(new SNSClient(AWS)) })).not.toThrow();
  });
});
