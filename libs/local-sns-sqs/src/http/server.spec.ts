import { request } from 'node:http';
import { VirtualClock } from '../core/virtual-clock.js';
import { startLocalBroker, type LocalBroker, type LocalBrokerOptions } from '../local-broker.js';
import { PAGE } from './page.js';
import type { BrokerState } from './state.js';

let broker: LocalBroker | undefined;

afterEach(() => broker?.stop());

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** `fetch` lets nobody choose Host and Origin. */
function ask(path: string, method = 'GET', headers: Record<string, string> = {}, body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request(`${broker?.endpoint}${path}`, { method, headers }, response => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    call.on('error', reject).end(body);
  });
}

const start = async (options: LocalBrokerOptions = {}): Promise<void> => {
  broker = await startLocalBroker(options);
};
const sqs = (action: string, input: object, headers: Record<string, string> = {}): Promise<Answer> =>
  ask('/', 'POST', { 'x-amz-target': `AmazonSQS.${action}`, ...headers }, JSON.stringify(input));
const urlOf = ({ text }: Answer): string => (JSON.parse(text) as { QueueUrl: string }).QueueUrl;

describe('what tells that the broker is up', () => {
  it.each(['/', '/health', '/anything'])('answers GET and HEAD of %s', async path => {
    await start();
    const get = await ask(path);
    expect([get.status, JSON.parse(get.text)]).toEqual([200, { service: 'local-sns-sqs', status: 'running' }]);
    const head = await ask(path, 'HEAD');
    expect([head.status, head.text]).toEqual([200, '']);
    expect(broker?.inspect.calls()).toEqual({});
  });
});

it('states the time by its own clock', async () => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  await start({ clock });
  clock.advance(3_600_000);
  expect((await sqs('ListQueues', {})).headers['date']).toBe('Thu, 01 Jan 2026 01:00:00 GMT');
});

describe('queue URLs', () => {
  it('begin with what the caller used', async () => {
    await start();
    expect(urlOf(await sqs('CreateQueue', { QueueName: 'q' }, { host: 'broker:4566' }))).toBe(
      'http://broker:4566/000000000000/q',
    );
  });

  it('begin with https behind a proxy that says so', async () => {
    await start();
    const headers = { host: 'broker', 'x-forwarded-proto': 'https' };
    expect(urlOf(await sqs('CreateQueue', { QueueName: 'q' }, headers))).toBe('https://broker/000000000000/q');
  });

  it('begin with the hostname that the broker was given, on every address', async () => {
    await start({ host: '0.0.0.0', hostname: 'queues.example.com' });
    const port = new URL(broker?.endpoint ?? '').port;
    expect(broker?.publicEndpoint).toBe(`http://queues.example.com:${port}`);
    expect(urlOf(await sqs('CreateQueue', { QueueName: 'q' }))).toBe(
      `http://queues.example.com:${port}/000000000000/q`,
    );
  });
});

describe('pages of other origins', () => {
  const EVIL = { origin: 'https://evil.example' };

  it('may call nothing, and have no answer of a preflight', async () => {
    await start();
    expect((await sqs('CreateQueue', { QueueName: 'q' }, EVIL)).status).toBe(403);
    expect((await ask('/?Action=CreateQueue&QueueName=q', 'GET', { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await ask('/_local/state', 'GET', { host: 'evil.example' })).status).toBe(403);
    const preflight = await ask('/', 'OPTIONS', EVIL);
    expect(preflight.status).toBe(403);
    expect(preflight.headers).not.toHaveProperty('access-control-allow-origin');
    expect(broker?.inspect.queues()).toEqual([]);
  });

  it('may call where they were asked in', async () => {
    const origin = 'http://localhost:3000';
    await start({ cors: [origin] });
    const preflight = await ask('/', 'OPTIONS', { origin, 'access-control-request-headers': 'x-amz-target' });
    expect([preflight.status, preflight.headers['access-control-allow-origin']]).toEqual([204, origin]);
    const answer = await sqs('CreateQueue', { QueueName: 'q' }, { origin });
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([200, origin]);
    const refused = await sqs('GetQueueUrl', { QueueName: 'none' }, { origin });
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([400, origin]);
  });
});

describe('GetCallerIdentity of STS', () => {
  it('tells the account of the broker', async () => {
    await start({ accountId: '123456789012' });
    const body = 'Action=GetCallerIdentity&Version=2011-06-15';
    const { status, text } = await ask('/', 'POST', { 'content-type': 'application/x-www-form-urlencoded' }, body);
    expect(status).toBe(200);
    expect(text).toContain('xmlns="https://sts.amazonaws.com/doc/2011-06-15/"');
    expect(text).toContain('<Account>123456789012</Account>');
  });
});

describe('another account or region', () => {
  it.each([
    ['GetQueueAttributes', { QueueUrl: 'http://127.0.0.1/111111111111/q' }],
    ['GetQueueUrl', { QueueName: 'q', QueueOwnerAWSAccountId: '111111111111' }],
    ['StartMessageMoveTask', { SourceArn: 'arn:aws:sqs:eu-west-1:000000000000:q' }],
    [
      'CreateQueue',
      {
        QueueName: 'other',
        Attributes: {
          RedrivePolicy: '{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:000000000000:q","maxReceiveCount":1}',
        },
      },
    ],
  ])('is named in the refusal of %s', async (action, input) => {
    await start();
    await sqs('CreateQueue', { QueueName: 'q' });
    expect((await sqs(action, input)).text).toMatch(/region us-east-1 and account 000000000000 only/);
  });

  it.each([
    ['Publish', 'TopicArn=arn:aws:sns:eu-west-1:000000000000:t&Message=x'],
    [
      'Subscribe',
      'TopicArn=arn:aws:sns:us-east-1:000000000000:t&Protocol=sqs&Endpoint=arn:aws:sqs:eu-west-1:000000000000:q',
    ],
    [
      'Subscribe',
      `TopicArn=arn:aws:sns:us-east-1:000000000000:t&Protocol=sqs&Endpoint=arn:aws:sqs:us-east-1:000000000000:q&Attributes.entry.1.key=RedrivePolicy&Attributes.entry.1.value=${encodeURIComponent('{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:111111111111:q"}')}`,
    ],
  ])('is named in the refusal of %s', async (action, parameters) => {
    await start();
    await ask('/', 'POST', {}, 'Action=CreateTopic&Name=t');
    const { status, text } = await ask('/', 'POST', {}, `Action=${action}&${parameters}`);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(text).toMatch(/region us-east-1 and account 000000000000 only/);
  });
});

describe('the page', () => {
  it('is for browsers, at most 30 KB, and lets nothing run but its own script', async () => {
    await start();
    const { headers, text } = await ask('/', 'GET', { accept: 'text/html,*/*' });
    expect(text).toBe(PAGE);
    expect(Buffer.byteLength(PAGE)).toBeLessThanOrEqual(30_000);
    expect(headers['content-security-policy']).toMatch(/default-src 'none'.*script-src 'sha256-[\w+/=]+'/);
  });

  it('has a state with bodies of waiting and dead letters, receives nothing and counts nothing', async () => {
    await start();
    await sqs('CreateQueue', { QueueName: 'dead' });
    const RedrivePolicy = '{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":3}';
    const QueueUrl = urlOf(await sqs('CreateQueue', { QueueName: 'q', Attributes: { RedrivePolicy } }));
    await sqs('SendMessage', { QueueUrl, MessageBody: 'x'.repeat(5_000) });
    const before = broker?.inspect.calls();
    const state = JSON.parse((await ask('/_local/state')).text) as BrokerState;
    expect(broker?.inspect.calls()).toEqual(before);
    const [dead, queue] = state.queues;
    expect(dead).toMatchObject({ name: 'dead', deadLettersOf: ['q'], messages: [] });
    expect(queue).toMatchObject({ name: 'q', visible: 1, messages: [{ state: 'ready', cut: 1_000, receives: 0 }] });
    expect(state.calls[0]).toMatchObject({ operation: 'sqs.SendMessage', resource: 'q', status: 200 });
    expect(broker?.inspect.queue('q')?.visible).toBe(1);
  });
});
