import { jest } from '@jest/globals';
import { FakePlanes, queueArn, subscriptionArn } from '../../test/fake-planes.js';
import type { Provisioning } from '../interfaces/options.interface.js';
import { buildTopology } from './build-topology.js';
import { provision } from './provision.js';

const version = (...patterns: string[]) =>
  buildTopology({
    service: 'notifications',
    prefix: '',
    handlers: patterns.map(pattern => ({ pattern, queue: 'mail', topic: 'users' })),
    settingsOf: () => ({ visibilityTimeoutSeconds: 30, retentionSeconds: 1_209_600 }),
  });

describe('provision', () => {
  const start = async (fake: FakePlanes, mode: Provisioning, ...patterns: string[]): Promise<string[]> => {
    fake.logger.warn.mockClear();
    await provision(version(...patterns), fake.planes(), mode, { service: 'notifications', prefix: '' });
    return fake.warnings;
  };

  it.each<Provisioning>(['create', 'verify'])(
    'names in one line what is let through and this version does not take: %s',
    async mode => {
      const fake = new FakePlanes();
      await start(fake, 'create', 'user.registered', 'user.*.v2', 'user.deleted');
      expect(await start(fake, mode, 'user.registered')).toEqual([
        expect.stringMatching(
          /^mail: its subscriptions let through user\.deleted, user\.\*, which no handler .* prune narrows/,
        ),
      ]);
    },
  );

  it('says nothing where the filter is as this version needs it, or what it takes is everything', async () => {
    const fake = new FakePlanes();
    expect(await start(fake, 'create', 'a', 'b')).toEqual([]);
    expect(await start(fake, 'create', 'b', 'a')).toEqual([]);
    await start(fake, 'create', '*');
    expect(await start(fake, 'create', '*')).toEqual([]);
    expect(await start(fake, 'off', 'a')).toEqual([]);
  });

  const isLoose = async (fake: FakePlanes, mode: Provisioning, ...patterns: string[]): Promise<boolean | undefined> => {
    const owner = { service: 'notifications', prefix: '' };
    const [queue] = await provision(version(...patterns), fake.planes(), mode, owner);
    return queue?.isLooselyFiltered;
  };

  it('knows whether types may come that no version has wanted', async () => {
    const exact = new FakePlanes();
    expect(await isLoose(exact, 'create', 'a', 'user.*')).toBe(false);
    expect(await isLoose(exact, 'create', 'b')).toBe(false);
    expect(await isLoose(exact, 'create', 'user.*.v2')).toBe(true);
  });

  it.each<Provisioning>(['create', 'verify', 'off'])(
    'knows it in an older version too, after a newer one has widened the filter: %s',
    async mode => {
      const fake = new FakePlanes();
      await start(fake, 'create', 'a');
      await start(fake, 'create', 'a', 'user.*.v2');
      expect(await isLoose(fake, mode, 'a')).toBe(true);
    },
  );

  it('knows it where somebody has widened the filter', async () => {
    const fake = new FakePlanes();
    await start(fake, 'create', 'a');
    fake.subscriptions.set(subscriptionArn('users', 'mail'), { RawMessageDelivery: 'true' });
    expect(await isLoose(fake, 'create', 'a')).toBe(true);
  });
});

describe('a queue whose settings were copied from another one', () => {
  const owner = { service: 'notifications', prefix: '' };
  const topologyOf = (queue: string) =>
    buildTopology({
      service: 'notifications',
      prefix: '',
      handlers: [{ pattern: 'a', queue, topic: 'users' }],
      settingsOf: () => ({ visibilityTimeoutSeconds: 30, retentionSeconds: 1_209_600 }),
    });
  async function copied(): Promise<FakePlanes> {
    const fake = new FakePlanes();
    await provision(topologyOf('mail'), fake.planes(), 'create', owner);
    const { QueueArn: _, ...attributes } = fake.queues.get('mail') ?? {};
    fake.queues.set('copy', { ...attributes, QueueArn: queueArn('copy') });
    return fake;
  }

  it('gets a subscription of its own', async () => {
    const fake = await copied();
    await provision(topologyOf('copy'), fake.planes(), 'create', owner);
    expect([...fake.subscriptions.keys()].toSorted()).toEqual([
      subscriptionArn('users', 'copy'),
      subscriptionArn('users', 'mail'),
    ]);
    fake.calls.length = 0;
    await provision(topologyOf('copy'), fake.planes(), 'create', owner);
    expect(fake.calls).toEqual([]);
  });

  it('leaves that of the other queue when it is a former one itself', async () => {
    const fake = await copied();
    const topology = buildTopology({
      service: 'notifications',
      prefix: '',
      handlers: [{ pattern: 'a', queue: 'new', topic: 'users', formerly: ['copy'] }],
      settingsOf: () => ({ visibilityTimeoutSeconds: 30, retentionSeconds: 1_209_600 }),
    });
    await provision(topology, fake.planes(), 'create', owner);
    expect(fake.subscriptions.has(subscriptionArn('users', 'mail'))).toBe(true);
  });
});

describe('a start of 200 queues, where each call takes 10 ms', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it.each<[Provisioning, number]>([
    ['verify', 400],
    ['off', 200],
  ])('%s takes at most %i ms', async (mode, mostMs) => {
    const fake = new FakePlanes();
    const topology = buildTopology({
      service: 'notifications',
      prefix: '',
      handlers: Array.from({ length: 200 }, (_, at) => ({ pattern: `p${at}`, queue: `q${at}`, topic: 'users' })),
      settingsOf: () => ({ visibilityTimeoutSeconds: 30, retentionSeconds: 1_209_600 }),
    });
    const owner = { service: 'notifications', prefix: '' };
    await provision(topology, fake.planes(), 'create', owner);
    fake.delay = () => new Promise(resolve => setTimeout(resolve, 10));
    const beganAt = performance.now();
    let tookMs = NaN;
    const started = provision(topology, fake.planes(), mode, owner).then(() => {
      tookMs = performance.now() - beganAt;
    });
    await jest.advanceTimersByTimeAsync(2_000);
    await started;
    expect(tookMs).toBeLessThanOrEqual(mostMs);
  });
});
