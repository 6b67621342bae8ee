import { createHash, createHmac } from 'node:crypto';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';
import { jest } from '@jest/globals';
import { ConfiguredRetryStrategy } from '@smithy/core/retry';
import { ScriptedServer, type Reply, type SeenRequest } from '../../test/scripted-server.js';
import { closedPort } from '../../../../test/support/cuttable-proxy.js';
import { fromAwsError } from '../errors/aws-errors.js';
import { LeanSnsWire } from './lean/lean-sns-wire.js';
import { LeanSqsWire } from './lean/lean-sqs-wire.js';
import { handlersOf, quickUnlessGiven } from './request-handlers.js';
import { SdkSnsWire } from './sdk-sns-wire.js';
import { SdkSqsWire } from './sdk-sqs-wire.js';

interface Clients {
  sqs: SQSClient;
  sns: SNSClient;
}

const WIRES = {
  sdk: ({ sqs, sns }: Clients) => [new SdkSqsWire(sqs), new SdkSnsWire(sns)] as const,
  /** Over clients that are made here. */
  hot: ({ sqs, sns }: Clients) =>
    [new SdkSqsWire(sqs, handlersOf(undefined)), new SdkSnsWire(sns, quickUnlessGiven())] as const,
  lean: ({ sqs, sns }: Clients) => [new LeanSqsWire(sqs), new LeanSnsWire(sns)] as const,
};
type WireName = keyof typeof WIRES;

const HOUR_MS = 3_600_000;
const ARN = 'arn:aws:sns:us-east-1:000000000000:t';
const message = { id: '0', body: 'b', attributes: {} };
const MD5_OF_B = '92eb5ffee6ae2fec3ad71c777531578f';
const SENT: Reply = { body: `{"Successful":[{"Id":"0","MessageId":"m","MD5OfMessageBody":"${MD5_OF_B}"}]}` };
const PUBLISHED: Reply = {
  body: '<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult><Failed/><Successful><member><MessageId>m</MessageId><Id>0</Id></member></Successful></PublishBatchResult></PublishBatchResponse>',
};

const jsonError = (status: number, type: string, query?: string, headers = {}): Reply => ({
  status,
  headers: { 'x-amzn-RequestId': 'request-1', ...(query && { 'x-amzn-query-error': `${query};Sender` }), ...headers },
  body: JSON.stringify({ __type: `com.amazonaws.sqs#${type}`, message: `why ${type}` }),
});
const xmlError = (status: number, code: string, headers = {}): Reply => ({
  status,
  headers: { 'Content-Type': 'text/xml', ...headers },
  body: `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>${code}</Code><Message>a &lt; b</Message></Error><RequestId>request-1</RequestId></ErrorResponse>`,
});

const UNREACHABLE = { code: 'ENDPOINT_UNREACHABLE', retryable: true };
const ALL_BUT_DATE = [
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
  'setTimeout',
  'clearTimeout',
] as const;
const nothing = (): void => undefined;
const silent = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

describe('a wire under faults', () => {
  let server: ScriptedServer;
  const closers: Array<() => void> = [];

  beforeAll(async () => {
    server = await ScriptedServer.start();
  });
  afterEach(() => {
    for (const close of closers.splice(0)) close();
  });
  afterAll(() => server.stop());

  function open(wire: WireName, changes: SQSClientConfig = {}) {
    const aws = {
      region: 'us-east-1',
      endpoint: server.url,
      credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret' },
      retryStrategy: new ConfiguredRetryStrategy(3, () => 1),
      ...changes,
    };
    const clients = { sqs: new SQSClient(aws), sns: new SNSClient(aws) };
    const [sqs, sns] = WIRES[wire](clients);
    for (const made of [sqs, sns, clients.sqs, clients.sns]) closers.push(() => made.destroy());
    const queueUrl = `${server.url}/000000000000/q`;
    const poll = { queueUrl, maxMessages: 10, waitTimeSeconds: 20, visibilityTimeoutSeconds: 30 };
    return {
      clients,
      receive: (signal?: AbortSignal) => sqs.receive({ ...poll, ...(signal && { signal }) }),
      remove: () => sqs.deleteBatch(queueUrl, [{ id: '0', receiptHandle: 'h' }]),
      send: () => sqs.sendBatch(queueUrl, [message]),
      publish: () => sns.publishBatch(ARN, [message]),
    };
  }

  type Operation = 'receive' | 'remove' | 'send' | 'publish';

  /** What the callers of a wire can learn of a call, and how often it was tried. */
  async function outcomeOf(wire: WireName, operation: Operation, script: Reply[]): Promise<Record<string, unknown>> {
    server.script(...script);
    const [result] = await Promise.allSettled([open(wire)[operation]()]);
    const tries = server.requests.length;
    if (result.status === 'fulfilled') return { output: result.value, tries };
    const { name, message: text, Code, Type, $fault, RequestId, $metadata } = result.reason as Record<string, unknown>;
    const { code, retryable } = fromAwsError(result.reason, operation, 'q');
    const { totalRetryDelay: _, ...metadata } = ($metadata ?? {}) as Record<string, unknown>;
    return { name, text, Code, Type, $fault, RequestId, metadata, verdict: { code, retryable }, tries };
  }

  const failed = (name: string, code: string, tries: number) => ({ name, tries, verdict: { code } });
  const skewed = { date: new Date(Date.now() + HOUR_MS).toUTCString() };

  it.each<[string, Operation, Reply[], object]>([
    ['a 503, once', 'send', [{ status: 503 }, SENT], { tries: 2, output: { failed: [] } }],
    [
      'a 503 for ever',
      'remove',
      [{ status: 503, body: '<html>' }],
      { tries: 3, metadata: { httpStatusCode: 503, attempts: 3 } },
    ],
    ['a 500 of SQS', 'remove', [jsonError(500, 'InternalError')], failed('InternalError', 'AWS_CALL_FAILED', 3)],
    [
      'a throttle of SQS, once',
      'send',
      [jsonError(400, 'RequestThrottled', 'RequestThrottled'), SENT],
      { tries: 2, output: { failed: [] } },
    ],
    [
      'a throttle of SQS for ever',
      'send',
      [jsonError(403, 'RequestThrottled', 'RequestThrottled')],
      failed('RequestThrottled', 'THROTTLED', 3),
    ],
    [
      'a ThrottlingException',
      'receive',
      [jsonError(400, 'ThrottlingException')],
      failed('ThrottlingException', 'THROTTLED', 3),
    ],
    ['a 429', 'receive', [{ status: 429, body: '{}' }], { tries: 3 }],
    ['too many in flight', 'receive', [jsonError(403, 'OverLimit', 'OverLimit')], failed('OverLimit', 'THROTTLED', 1)],
    [
      'a throttle of KMS',
      'receive',
      [jsonError(400, 'KmsThrottled', 'KMS.ThrottlingException')],
      failed('KmsThrottled', 'THROTTLED', 1),
    ],
    [
      'a missing queue',
      'remove',
      [jsonError(400, 'QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue')],
      {
        ...failed('QueueDoesNotExist', 'QUEUE_NOT_FOUND', 1),
        Code: 'AWS.SimpleQueueService.NonExistentQueue',
        Type: 'Sender',
      },
    ],
    [
      'no access',
      'receive',
      [jsonError(403, 'AccessDeniedException')],
      failed('AccessDeniedException', 'ACCESS_DENIED', 1),
    ],
    [
      'an expired token',
      'receive',
      [jsonError(403, 'ExpiredTokenException')],
      failed('ExpiredTokenException', 'CREDENTIALS_MISSING', 1),
    ],
    [
      'an error type in the header',
      'receive',
      [{ status: 400, headers: { 'x-amzn-errortype': 'UnrecognizedClientException:http://x' } }],
      failed('UnrecognizedClientException', 'CREDENTIALS_MISSING', 1),
    ],
    ['an error of no name', 'receive', [{ status: 400, body: '{}' }], { tries: 1, metadata: { httpStatusCode: 400 } }],
    ['a 503 of SNS, once', 'publish', [{ status: 503, body: '' }, PUBLISHED], { tries: 2, output: { failed: [] } }],
    [
      'a throttle of SNS for ever',
      'publish',
      [xmlError(429, 'Throttled')],
      { ...failed('ThrottledException', 'THROTTLED', 3), text: 'a < b' },
    ],
    ['a Throttling of SNS', 'publish', [xmlError(400, 'Throttling')], failed('Throttling', 'THROTTLED', 3)],
    ['a missing topic', 'publish', [xmlError(404, 'NotFound')], failed('NotFoundException', 'TOPIC_NOT_FOUND', 1)],
    [
      'no access to a topic',
      'publish',
      [xmlError(403, 'AuthorizationError')],
      failed('AuthorizationErrorException', 'ACCESS_DENIED', 1),
    ],
    [
      'an internal error of SNS',
      'publish',
      [xmlError(500, 'InternalError')],
      failed('InternalErrorException', 'AWS_CALL_FAILED', 3),
    ],
    [
      'JSON that is none',
      'receive',
      [{ body: '{"Messages":[' }],
      { name: 'SyntaxError', tries: 1, metadata: { httpStatusCode: 200 } },
    ],
    ['an empty answer', 'receive', [{ body: '' }], { output: [], tries: 1 }],
    ['an answer without results', 'remove', [{ body: '{}' }], { output: { failed: [{ code: 'NoResult' }] }, tries: 1 }],
    [
      'XML that is none',
      'publish',
      [{ body: '<PublishBatchResponse>' }],
      { tries: 1, metadata: { httpStatusCode: 200 } },
    ],
    [
      'a page of HTML for a receive',
      'receive',
      [{ status: 200, body: '<html></html>' }],
      { name: 'SyntaxError', tries: 1 },
    ],
    [
      'a body that SQS has otherwise',
      'receive',
      [{ body: '{"Messages":[{"MessageId":"m","Body":"x","MD5OfBody":"0"}]}' }],
      { text: 'Invalid MD5 checksum on messages: m', tries: 1 },
    ],
    [
      'a large body that SQS has otherwise',
      'receive',
      [{ body: `{"Messages":[{"MessageId":"m","Body":"${'x'.repeat(70_000)}","MD5OfBody":"0"}]}` }],
      { text: 'Invalid MD5 checksum on messages: m', tries: 1 },
    ],
    [
      'a body that SQS has got otherwise',
      'send',
      [{ body: '{"Successful":[{"Id":"0","MessageId":"m","MD5OfMessageBody":"0"}]}' }],
      { text: 'Invalid MD5 checksum on messages: m', tries: 1 },
    ],
    [
      'a clock that is off, at SQS',
      'send',
      [jsonError(403, 'RequestTimeTooSkewed', undefined, skewed), SENT],
      { tries: 2, output: { failed: [] } },
    ],
    [
      'a clock that is off, at SNS',
      'publish',
      [xmlError(403, 'SignatureDoesNotMatch', skewed), PUBLISHED],
      { tries: 2, output: { failed: [] } },
    ],
    [
      'a signature that is wrong at the right time',
      'send',
      [jsonError(403, 'SignatureDoesNotMatch')],
      failed('SignatureDoesNotMatch', 'CREDENTIALS_MISSING', 1),
    ],
  ])('takes %s as the SDK does', async (_, operation, script, expected) => {
    const bySdk = await outcomeOf('sdk', operation, script);
    expect(bySdk).toMatchObject(expected);
    expect(await outcomeOf('lean', operation, script)).toEqual(bySdk);
    expect(await outcomeOf('hot', operation, script)).toEqual(bySdk);
  });

  // Of a network's error the SDK keeps only the text where a test runner has a realm of its own: no names here.
  it.each<[string, WireName, Operation, Reply[], object]>(
    (['sdk', 'hot', 'lean'] as const).flatMap(wire => [
      [`cut once, over ${wire}`, wire, 'send', ['cut', SENT], { tries: 2, output: { failed: [] } }],
      [`cut within an answer, over ${wire}`, wire, 'receive', ['truncate', { body: '{}' }], { tries: 2, output: [] }],
      [`cut for ever, over ${wire}`, wire, 'publish', ['cut'], { tries: 3, verdict: UNREACHABLE }],
    ]),
  )('tries again when a connection is %s', async (_, wire, operation, script, expected) => {
    expect(await outcomeOf(wire, operation, script)).toMatchObject(expected);
  });

  it.each(['sdk', 'hot', 'lean'] as const)('gives up an endpoint where nobody listens, over %s', async wire => {
    const { send, remove } = open(wire, { endpoint: `http://127.0.0.1:${await closedPort()}` });
    for (const call of [send, remove]) {
      const [{ reason }] = (await Promise.allSettled([call()])) as [PromiseRejectedResult];
      expect(fromAwsError(reason, 'x', 'q')).toMatchObject(UNREACHABLE);
      expect(reason).toMatchObject({ $metadata: { attempts: 3 } });
    }
  });

  it('names faults of a connection as the SDK does', async () => {
    server.script('cut');
    const cut = { name: 'TimeoutError', code: 'ECONNRESET', message: 'other side closed' };
    await expect(open('lean').send()).rejects.toMatchObject(cut);
    const { send } = open('lean', { endpoint: `http://127.0.0.1:${await closedPort()}` });
    await expect(send()).rejects.toMatchObject({ name: 'TimeoutError', code: 'ECONNREFUSED' });
  });

  it('gives up a lean connection that says nothing', async () => {
    server.script('hold');
    const { clients } = open('lean', { maxAttempts: 1, retryStrategy: new ConfiguredRetryStrategy(1) });
    const wires = [
      new LeanSqsWire(clients.sqs, { silenceMs: { call: 100, longPoll: 200 } }),
      new LeanSnsWire(clients.sns, { silenceMs: 100 }),
    ] as const;
    for (const wire of wires) closers.push(() => wire.destroy());
    const timeout = { name: 'TimeoutError', code: 'ETIMEDOUT' };
    const request = { queueUrl: server.url, maxMessages: 1, waitTimeSeconds: 20, visibilityTimeoutSeconds: 30 };
    await expect(wires[0].receive(request)).rejects.toMatchObject(timeout);
    await expect(wires[0].deleteBatch(server.url, [])).rejects.toMatchObject(timeout);
    await expect(wires[1].publishBatch(ARN, [message])).rejects.toMatchObject(timeout);
  });

  describe.each(['sdk', 'hot', 'lean'] as const)('%s', wire => {
    it('aborts a poll that is under way, and closes its connection', async () => {
      server.script('hold');
      const stop = new AbortController();
      const polled = open(wire).receive(stop.signal);
      void server.untilHeld(1).then(() => stop.abort());
      await expect(polled).rejects.toMatchObject({ name: 'AbortError' });
      await server.untilHeld(0);
      expect(server.requests).toHaveLength(1);
    });

    it('aborts a poll that waits for its next try', async () => {
      server.script({ status: 503 });
      const stop = new AbortController();
      const patient = new ConfiguredRetryStrategy(3, () => {
        setImmediate(() => stop.abort());
        return 500;
      });
      const polled = open(wire, { retryStrategy: patient }).receive(stop.signal);
      await expect(polled).rejects.toMatchObject({ name: 'AbortError' });
    });

    it('signs what it sends', async () => {
      server.script(SENT, PUBLISHED);
      const { send, publish } = open(wire, {
        credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken: 'token' },
      });
      await send();
      await publish();
      expect(server.requests.map(({ headers }) => headers['x-amz-security-token'])).toEqual(['token', 'token']);
      for (const request of server.requests) expect(signatureOf(request)).toBe(expectedSignature(request, 'secret'));
      expect(
        server.requests.map(({ headers }) => /Credential=(\S+),/.exec(String(headers.authorization))?.[1]),
      ).toEqual([
        expect.stringMatching(/^AKID\/\d{8}\/us-east-1\/sqs\/aws4_request$/),
        expect.stringMatching(/^AKID\/\d{8}\/us-east-1\/sns\/aws4_request$/),
      ]);
    });

    it('signs by the clock of AWS once it knows that its own is off', async () => {
      const { send } = open(wire);
      const startedAt = Date.now() - 5_000;
      server.script(jsonError(403, 'RequestTimeTooSkewed', undefined, skewed), { ...SENT, headers: skewed });
      await send();
      await send();
      const hoursAhead = server.requests.map(request => Math.round((signedAt(request) - startedAt) / HOUR_MS));
      expect(hoursAhead).toEqual([0, 1, 1]);
    });

    it('asks once for new credentials when the old ones are about to expire, however many calls there are', async () => {
      jest.useFakeTimers({ doNotFake: [...ALL_BUT_DATE] });
      try {
        let asked = 0;
        const credentials = () => {
          asked += 1;
          const expiration = new Date(Date.now() + HOUR_MS);
          return Promise.resolve({ accessKeyId: `AKID${asked}`, secretAccessKey: 'secret', expiration });
        };
        const { send } = open(wire, { credentials });
        server.script(SENT);
        await send();
        await send();
        expect(asked).toBe(1);
        jest.setSystemTime(Date.now() + HOUR_MS - 60_000);
        await Promise.all(Array.from({ length: 10 }, send));
        expect(asked).toBe(2);
        const keys = server.requests.map(({ headers }) => /Credential=(\w+)/.exec(String(headers.authorization))?.[1]);
        expect(keys).toEqual(['AKID1', 'AKID1', ...Array.from({ length: 10 }, () => 'AKID2')]);
      } finally {
        jest.useRealTimers();
      }
    });

    it('leaves MD5 alone where it is told to', async () => {
      server.script({ body: '{"Messages":[{"MessageId":"m","Body":"x","MD5OfBody":"0"}]}' });
      expect(await open(wire, { md5: false }).receive()).toMatchObject([{ MessageId: 'm', Body: 'x' }]);
    });

    it("calls the host of a queue's URL, unless the endpoint is the user's or it is told not to", async () => {
      server.script(SENT);
      // One that the region has by itself, and nobody reaches.
      const { send } = open(wire, { endpoint: undefined, logger: silent });
      expect(await send()).toMatchObject({ failed: [] });
      expect(server.requests[0]?.headers.host).toBe(new URL(server.url).host);
      const { send: elsewhere } = open(wire, { endpoint: `http://127.0.0.1:${await closedPort()}` });
      await expect(elsewhere()).rejects.toMatchObject({ $metadata: { attempts: 3 } });
      expect(server.requests).toHaveLength(1);
    });

    it('rejects when there are no credentials', async () => {
      const error = Object.assign(new Error('none'), { name: 'CredentialsProviderError' });
      server.script(SENT);
      await expect(open(wire, { credentials: () => Promise.reject(error) }).send()).rejects.toMatchObject({
        name: 'CredentialsProviderError',
      });
      expect(server.requests).toEqual([]);
    });
  });
});

const signatureOf = ({ headers }: SeenRequest): string | undefined =>
  /Signature=([0-9a-f]{64})$/.exec(String(headers.authorization))?.[1];

/** When a request says that it was signed, in epoch milliseconds. */
const signedAt = ({ headers }: SeenRequest): number =>
  Date.parse(String(headers['x-amz-date']).replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'));

/** Signature Version 4 of what arrived, worked out from AWS's page (reference_sigv-create-signed-request). */
function expectedSignature({ method, path, headers, body }: SeenRequest, secret: string): string {
  const [, scope = '', names = ''] =
    /Credential=[^/]+\/(\S+), SignedHeaders=(\S+),/.exec(String(headers.authorization)) ?? [];
  expect(names.split(';')).toEqual(expect.arrayContaining(['host', 'x-amz-date', 'x-amz-security-token']));
  const lines = names.split(';').map(name => `${name}:${String(headers[name])}\n`);
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
  const canonical = [method, path, '', lines.join(''), names, hash(body)].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, hash(canonical)].join('\n');
  const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
  return hmac(scope.split('/').reduce<string | Buffer>(hmac, `AWS4${secret}`), toSign).toString('hex');
}
