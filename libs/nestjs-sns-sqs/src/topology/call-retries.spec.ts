import { jest } from '@jest/globals';
import { awsError, FakePlanes } from '../../test/fake-planes.js';
import { buildTopology } from './build-topology.js';
import { CallRetries } from './call-retries.js';
import { call } from './control-planes.js';
import { provision } from './provision.js';

const owner = { service: 'notifications', prefix: '' };

describe('CallRetries', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  const retriesOf = (fake: FakePlanes, forMs = 30_000, random = Math.random) =>
    new CallRetries({ forMs, boundedBy: '`startTimeoutMs`', logger: fake.logger, random });
  /** Runs the timers until it has ended. */
  async function ended<T>(work: Promise<T>): Promise<PromiseSettledResult<T>> {
    const settled = Promise.allSettled([work]);
    await jest.runAllTimersAsync();
    return (await settled)[0];
  }
  /** A call that fails with these in turn, then succeeds; how often it was made. */
  function failing(...errors: Error[]) {
    const fake = new FakePlanes();
    const retries = retriesOf(fake);
    const run = jest.fn(() => {
      const error = errors.shift();
      return error ? Promise.reject(error) : Promise.resolve('well');
    });
    const planes = { ...fake.planes(), retries };
    return { fake, retries, run, outcome: () => ended(call(planes, 'GetQueueUrl', 'q', run)) };
  }

  it.each([
    ['throttling', awsError('ThrottlingException')],
    ['a fault of AWS', awsError('InternalFailure', 'oops', 500)],
    ['an endpoint that does not answer', Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })],
    [
      'a DNS that is away',
      Object.assign(new Error('getaddrinfo EAI_AGAIN sqs.eu-west-1.amazonaws.com'), { code: 'EAI_AGAIN' }),
    ],
    [
      'a DNS that denies a host which exists',
      Object.assign(new Error('getaddrinfo ENOTFOUND sqs.eu-west-1.amazonaws.com'), { code: 'ENOTFOUND' }),
    ],
    [
      'a DNS that denies a VPC endpoint',
      Object.assign(new Error('getaddrinfo ENOTFOUND vpce-1.sqs.us-east-2.vpce.amazonaws.com'), { code: 'ENOTFOUND' }),
    ],
    ['a timeout', awsError('TimeoutError', 'late', 0)],
    ['a queue deleted less than a minute ago', awsError('QueueDeletedRecently')],
  ])('tries again after %s, and says once what happens next', async (_, error) => {
    const { fake, run, outcome } = failing(error, error, error);
    expect(await outcome()).toEqual({ status: 'fulfilled', value: 'well' });
    expect(run).toHaveBeenCalledTimes(4);
    expect(fake.warnings).toEqual([
      expect.stringMatching(/^GetQueueUrl on q failed: .* It is tried again, with backoff, for up to 30 s/),
    ]);
  });

  it.each([
    ['missing rights', awsError('AccessDenied')],
    ['missing credentials', awsError('CredentialsProviderError')],
    ['a wrong value', awsError('InvalidParameterValue')],
    [
      'a region that does not exist',
      Object.assign(new Error('getaddrinfo ENOTFOUND sqs.eu-wst-1.amazonaws.com'), { code: 'ENOTFOUND' }),
    ],
    ['a queue that is missing', awsError('QueueDoesNotExist')],
  ])('does not after %s', async (_, error) => {
    const { run, outcome } = failing(error);
    expect(await outcome()).toMatchObject({ status: 'rejected' });
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('waits for a queue that was made a moment ago', async () => {
    const { retries, run, outcome } = failing(awsError('QueueDoesNotExist'), awsError('QueueDoesNotExist'));
    retries.existing.add('q');
    expect(await outcome()).toMatchObject({ status: 'fulfilled' });
    expect(run).toHaveBeenCalledTimes(3);
  });

  it('gives up when the time is over, and not before', async () => {
    const throttled = Array.from({ length: 1_000 }, () => awsError('ThrottlingException'));
    const begin = performance.now();
    const { outcome } = failing(...throttled);
    expect(await outcome()).toMatchObject({ status: 'rejected', reason: { code: 'THROTTLED' } });
    expect(performance.now() - begin).toBeGreaterThanOrEqual(30_000);
    expect(performance.now() - begin).toBeLessThan(31_000);
  });

  it('ends with the stop of the server', async () => {
    const fake = new FakePlanes();
    const stopping = new AbortController();
    const planes = { ...fake.planes(stopping.signal), retries: retriesOf(fake) };
    const calling = call(planes, 'GetQueueUrl', 'q', () => Promise.reject(awsError('ThrottlingException')));
    setTimeout(() => stopping.abort(), 50);
    expect(await ended(calling)).toMatchObject({ reason: { code: 'SERVER_CLOSED' } });
  });

  it('brings up 50 starts of 50 while 30 % of all calls are throttled and a new queue is unknown at first', async () => {
    let luck = 1;
    const random = (): number => (luck = (luck * 16_807) % 2_147_483_647) / 2_147_483_647;
    for (let start = 0; start < 50; start += 1) {
      const fake = new FakePlanes();
      const unknown = new Map<string, number>();
      fake.fault = (operation, resource) => {
        if (random() < 0.3) return awsError('ThrottlingException');
        if (operation === 'CreateQueue') unknown.set(resource, performance.now() + 1_000);
        const isUnknown =
          /QueueAttributes|QueueTags/.test(operation) && (unknown.get(resource) ?? 0) > performance.now();
        return isUnknown ? awsError('QueueDoesNotExist') : undefined;
      };
      const handlers = Array.from({ length: 5 }, (_, n) => ({ pattern: 'a', topic: 't', queue: `q${n}` }));
      const settingsOf = () => ({ visibilityTimeoutSeconds: 30, retentionSeconds: 60 });
      const topology = buildTopology({ ...owner, handlers, settingsOf });
      const planes = { ...fake.planes(), retries: retriesOf(fake, 30_000, random) };
      expect(await ended(provision(topology, planes, 'create', owner))).toMatchObject({ status: 'fulfilled' });
    }
    // Work, and no wait: a busy machine takes longer.
  }, 30_000);

  it('brings up versions with other settings that start in one moment, while SQS does not know a new queue at first', async () => {
    const fake = new FakePlanes();
    const madeAt = new Map<string, number>();
    fake.fault = (operation, resource) => {
      const ageMs = performance.now() - (madeAt.get(resource) ?? performance.now());
      if (operation === 'CreateQueue' && !madeAt.has(resource)) madeAt.set(resource, performance.now());
      const isUnknown = /QueueUrl|QueueAttributes|QueueTags|TagQueue/.test(operation) && madeAt.has(resource);
      // One of its servers knows it, and another one does not.
      return isUnknown && ageMs < 1_000 && Math.floor(ageMs / 50) % 2 === 0 ? awsError('QueueDoesNotExist') : undefined;
    };
    const getQueueUrl = fake.sqs.getQueueUrl.bind(fake.sqs);
    fake.sqs.getQueueUrl = name =>
      getQueueUrl(name).catch((error: Error) => {
        if (error.name !== 'QueueDoesNotExist') throw error;
        return undefined;
      });
    const startOf = (visibilityTimeoutSeconds: number) => {
      const handlers = [{ pattern: 'a', topic: 't', queue: 'q' }];
      const settingsOf = () => ({ visibilityTimeoutSeconds, retentionSeconds: 60 });
      const topology = buildTopology({ ...owner, handlers, settingsOf });
      return provision(topology, { ...fake.planes(), retries: retriesOf(fake) }, 'create', owner);
    };
    fake.delay = () => new Promise(resolve => setTimeout(resolve, 10));
    const starting = Promise.allSettled([30, 60, 90].map(startOf));
    await jest.runAllTimersAsync();
    expect((await starting).filter(({ status }) => status === 'rejected')).toEqual([]);
    expect(fake.queues.get('q')).toMatchObject({ VisibilityTimeout: '90' });
  });
});
