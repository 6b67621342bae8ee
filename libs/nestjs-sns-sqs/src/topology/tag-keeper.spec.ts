import { jest } from '@jest/globals';
import { randomOf } from '../../../../test/support/random.mjs';
import { awsError, FakePlanes } from '../../test/fake-planes.js';
import type { Provisioning } from '../interfaces/options.interface.js';
import { buildTopology } from './build-topology.js';
import { provision } from './provision.js';
import { recordedPatterns } from './queue-tags.js';

const topology = (queue = 'mail', ...patterns: string[]) =>
  buildTopology({
    service: 'notifications',
    prefix: 'dev-',
    handlers: (patterns.length > 0 ? patterns : ['a']).map(pattern => ({ pattern, queue, topic: 'users' })),
    settingsOf: () => ({ visibilityTimeoutSeconds: 30, retentionSeconds: 1_209_600 }),
  });

describe('TagKeeper', () => {
  const start = (
    fake: FakePlanes,
    {
      service = 'notifications',
      mode = 'create',
      formerly = [],
      wants = topology(),
    }: { service?: string; mode?: Provisioning; formerly?: string[]; wants?: ReturnType<typeof topology> } = {},
  ) => provision(wants, fake.planes(), mode, { service, prefix: 'dev-', formerly });
  const tagsOf = (fake: FakePlanes) => fake.tags.get('dev-mail') ?? {};

  it('says at the creation whose a queue is, what it is for and which types are wanted', async () => {
    const fake = new FakePlanes();
    await start(fake);
    expect(tagsOf(fake)).toMatchObject({
      'nestjs-sns-sqs:service': 'notifications',
      'nestjs-sns-sqs:use-case': 'mail',
      'nestjs-sns-sqs:last-consumed': expect.stringMatching(/^\d{4}-\d\d-\d\d$/) as string,
    });
    expect(recordedPatterns(tagsOf(fake))).toEqual(['a']);
    // Once, to list the service's queues.
    expect(fake.calls.filter(call => call.startsWith('tag'))).toEqual(['tag dev-mail']);
  });

  it('says where positions are kept, and forgets where none have been kept for two weeks', async () => {
    const fake = new FakePlanes();
    const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
    const wants = buildTopology({
      service: 'notifications',
      prefix: 'dev-',
      positions: 'redis.0.inbox',
      handlers: [{ pattern: 'a', queue: 'mail', topic: 'users' }],
      settingsOf: () => ({ visibilityTimeoutSeconds: 30, retentionSeconds: 1_209_600, ordering: 'latest' }),
    });
    await start(fake, { wants });
    Object.assign(tagsOf(fake), {
      'nestjs-sns-sqs:positions-memory': daysAgo(3),
      'nestjs-sns-sqs:positions-shared': daysAgo(15),
    });
    await start(fake, { wants });
    expect(
      Object.keys(tagsOf(fake))
        .filter(key => key.includes('positions'))
        .toSorted(),
    ).toEqual(['nestjs-sns-sqs:positions-memory', 'nestjs-sns-sqs:positions-redis.0.inbox']);
  });

  it.each<Provisioning>(['create', 'verify', 'off'])(
    'refuses a queue of another service, with both names, before anything of it is changed: %s',
    async mode => {
      const fake = new FakePlanes();
      await start(fake);
      fake.calls.length = 0;
      await expect(start(fake, { service: 'billing', mode, wants: topology('mail', 'b') })).rejects.toMatchObject({
        code: 'QUEUE_OWNED_BY_ANOTHER',
        message: expect.stringMatching(
          /dev-mail belongs to the service notifications, and billing .*formerly/,
        ) as string,
        facts: { queue: 'dev-mail', owner: 'notifications', service: 'billing' },
      });
      expect(fake.calls).toEqual([]);
    },
  );

  it('lets exactly one of two services have a new queue', async () => {
    for (let turns = 0; turns < 20; turns += 1) {
      const fake = new FakePlanes();
      let calls = 0;
      fake.delay = async () => {
        for (let left = (calls += 1) % (turns + 1); left > 0; left -= 1) await Promise.resolve();
      };
      const outcomes = await Promise.allSettled([start(fake), start(fake, { service: 'billing' })]);
      expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    }
  });

  describe('a queue that has no owner yet', () => {
    beforeEach(() => void jest.useFakeTimers());
    afterEach(() => void jest.useRealTimers());

    async function ownerless(): Promise<FakePlanes> {
      const fake = new FakePlanes();
      await start(fake);
      delete tagsOf(fake)['nestjs-sns-sqs:service'];
      return fake;
    }

    it('belongs to exactly one of two services, in whatever order their calls are answered', async () => {
      for (let seed = 1; seed <= 150; seed += 1) {
        const fake = await ownerless();
        const random = randomOf(seed);
        fake.delay = () => new Promise(resolve => setTimeout(resolve, random() * 500));
        const starts = Promise.allSettled([start(fake), start(fake, { service: 'billing' })]);
        await jest.advanceTimersByTimeAsync(60_000);

        const outcomes = (await starts).map(outcome => (outcome.status === 'fulfilled' ? 'starts' : outcome.reason));
        const [loser] = outcomes.filter(outcome => outcome !== 'starts');
        expect([seed, outcomes.filter(outcome => outcome === 'starts').length]).toEqual([seed, 1]);
        expect(loser).toMatchObject({ code: 'QUEUE_OWNED_BY_ANOTHER' });
        expect(Object.keys(tagsOf(fake)).filter(key => key.includes(':claim:'))).toEqual([]);
      }
    });

    it('gets its owner without the right to remove the claim', async () => {
      const fake = await ownerless();
      fake.fault = operation => (operation === 'UntagQueue' ? awsError('AccessDenied') : undefined);
      await start(fake, { wants: topology('mail', 'b') });
      expect(tagsOf(fake)['nestjs-sns-sqs:service']).toBe('notifications');
      expect(recordedPatterns(tagsOf(fake))).toEqual(['a', 'b']);
      expect(fake.warnings.filter(text => text.includes('UntagQueue'))).not.toEqual([]);
    });

    it('is not kept by a service that has ended after it claimed it', async () => {
      const fake = await ownerless();
      tagsOf(fake)['nestjs-sns-sqs:claim:0123abcd'] = 'billing';
      const starting = start(fake);
      await jest.advanceTimersByTimeAsync(29_000);
      expect(tagsOf(fake)['nestjs-sns-sqs:service']).toBeUndefined();
      await jest.advanceTimersByTimeAsync(2_000);
      await starting;
      expect(tagsOf(fake)['nestjs-sns-sqs:service']).toBe('notifications');
    });
  });

  it('takes over the queues of a service that was renamed', async () => {
    const fake = new FakePlanes();
    await start(fake);
    await start(fake, { service: 'messages', formerly: ['notes', 'notifications'] });
    expect(tagsOf(fake)['nestjs-sns-sqs:service']).toBe('messages');
    await expect(start(fake, { service: 'billing' })).rejects.toMatchObject({ code: 'QUEUE_OWNED_BY_ANOTHER' });
  });

  it.each<Provisioning>(['create', 'verify', 'off'])(
    'lets the version with the old name start again beside the new one, which stays the owner: %s',
    async mode => {
      const fake = new FakePlanes();
      await start(fake);
      await start(fake, { service: 'messages', formerly: ['notes', 'notifications'] });
      fake.calls.length = 0;
      await start(fake, { mode });
      expect(fake.calls).toEqual([]);
      expect(tagsOf(fake)['nestjs-sns-sqs:service']).toBe('messages');
      await start(fake, { service: 'messages' });
    },
  );

  it('refuses a service with the old name once no version has named that for 14 days', async () => {
    const fake = new FakePlanes();
    await start(fake);
    await start(fake, { service: 'messages', formerly: ['notifications'] });
    const days = (count: number) => new Date(Date.now() - count * 86_400_000).toISOString().slice(0, 10);
    tagsOf(fake)['nestjs-sns-sqs:former-service:notifications'] = days(13);
    await start(fake);
    tagsOf(fake)['nestjs-sns-sqs:former-service:notifications'] = days(15);
    await expect(start(fake)).rejects.toMatchObject({ code: 'QUEUE_OWNED_BY_ANOTHER' });
  });

  it('claims a queue without an owner with create only', async () => {
    const fake = new FakePlanes();
    await start(fake);
    delete tagsOf(fake)['nestjs-sns-sqs:service'];
    await start(fake, { mode: 'verify' });
    expect(tagsOf(fake)['nestjs-sns-sqs:service']).toBeUndefined();
    await start(fake);
    expect(tagsOf(fake)['nestjs-sns-sqs:service']).toBe('notifications');
  });

  it('records the types before the filter lets them in', async () => {
    const fake = new FakePlanes();
    await start(fake);
    fake.calls.length = 0;
    await start(fake, { wants: topology('mail', 'b') });
    expect(fake.calls).toEqual(['tag dev-mail', 'set FilterPolicy of the subscription']);
    expect(recordedPatterns(tagsOf(fake))).toEqual(['a', 'b']);
  });

  it.each([['ListQueueTags'], ['TagQueue'], ['CreateQueue']])(
    'starts without the right to tag (%s), with one warning of what is lost',
    async denied => {
      const fake = new FakePlanes();
      const createQueue = fake.sqs.createQueue.bind(fake.sqs);
      fake.sqs.createQueue = (name, attributes, tags) =>
        tags && denied === 'CreateQueue'
          ? Promise.reject(awsError('AccessDenied'))
          : createQueue(name, attributes, denied === 'TagQueue' ? undefined : tags);
      fake.fault = operation =>
        operation === denied && denied !== 'CreateQueue' ? awsError('AccessDenied') : undefined;
      await start(fake);
      await start(fake);
      expect(fake.warnings.filter(text => text.includes('Without queue tags')).length).toBeLessThanOrEqual(2);
      expect(fake.warnings[0]).toMatch(new RegExp(`^${denied} on dev-mail failed: AccessDenied.*Without queue tags`));
      expect(fake.queues.has('dev-mail')).toBe(true);
    },
  );

  describe('a queue that has all the tags that AWS allows', () => {
    /** As SQS answers beyond 50 tags. */
    async function full(): Promise<FakePlanes> {
      const fake = new FakePlanes();
      await start(fake);
      const team = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`team-${n}`, 'x']));
      delete tagsOf(fake)['nestjs-sns-sqs:queue:mail'];
      const keep = fake.sqs.tagQueue.bind(fake.sqs);
      Object.assign(tagsOf(fake), Object.fromEntries(Object.entries(team).slice(Object.keys(tagsOf(fake)).length)));
      fake.sqs.tagQueue = (url, tags) => {
        const all = { ...tagsOf(fake), ...tags };
        if (Object.keys(all).length <= 50) return keep(url, tags);
        return Promise.reject(awsError('InvalidParameterValue', 'Too many tags added for queue dev-mail.'));
      };
      return fake;
    }

    it.each<Provisioning>(['create', 'verify', 'off'])(
      'does not end a start, and one warning says so: %s',
      async mode => {
        const fake = await full();
        for (const attributes of fake.subscriptions.values()) attributes['FilterPolicy'] = '{"type":["a","b"]}';
        await start(fake, { mode, wants: topology('mail', 'a', 'b') });
        expect(fake.warnings.filter(text => text.includes('50 tags'))).toHaveLength(1);
      },
    );

    it('records every type as wanted, so that no other version deletes one that finds no room', async () => {
      const fake = await full();
      await start(fake, { wants: topology('mail', 'a', 'b') });
      expect(recordedPatterns(tagsOf(fake))).toEqual(['*']);
    });

    it('has a new owner and a new day in the tags that are there', async () => {
      const fake = await full();
      tagsOf(fake)['nestjs-sns-sqs:last-consumed'] = '2020-01-01';
      await start(fake, { service: 'messages', formerly: ['notifications'], wants: topology('mail', 'a', 'b') });
      expect(tagsOf(fake)['nestjs-sns-sqs:service']).toBe('messages');
      expect(tagsOf(fake)['nestjs-sns-sqs:last-consumed']).not.toBe('2020-01-01');
      await expect(start(fake)).rejects.toMatchObject({ code: 'QUEUE_OWNED_BY_ANOTHER' });
    });

    it('has the day of its last consumption renewed, though another tag finds no room', async () => {
      const fake = await full();
      const [spec] = topology().queues;
      if (!spec) throw new Error('no queue');
      tagsOf(fake)['nestjs-sns-sqs:last-consumed'] = '2020-01-01';
      delete tagsOf(fake)['nestjs-sns-sqs:inbox'];
      for (let more = 0; Object.keys(tagsOf(fake)).length < 50; more += 1) tagsOf(fake)[`more-${more}`] = 'x';
      await fake.keeper(fake.planes(), { prefix: 'dev-' }).renew(spec, { url: 'url/dev-mail', memory: 'mail' });
      expect(tagsOf(fake)['nestjs-sns-sqs:last-consumed']).not.toBe('2020-01-01');
      expect(tagsOf(fake)['nestjs-sns-sqs:inbox']).toBeUndefined();
    });

    it('has the list of queues give way to what other versions go by', async () => {
      const fake = await full();
      const team = Object.keys(tagsOf(fake)).filter(key => key.startsWith('team-'));
      for (const key of team.slice(0, 30)) {
        delete tagsOf(fake)[key];
        tagsOf(fake)[`nestjs-sns-sqs:queue:${key}`] = '2026-01-01';
      }
      const wants = buildTopology({
        service: 'notifications',
        prefix: 'dev-',
        positions: 'redis.0.inbox',
        handlers: [{ pattern: 'a', queue: 'mail', topic: 'users' }],
        settingsOf: () => ({ visibilityTimeoutSeconds: 30, retentionSeconds: 1_209_600, ordering: 'sequential' }),
      });
      const [spec] = wants.queues;
      if (!spec) throw new Error('no queue');
      await fake.keeper(fake.planes(), { prefix: 'dev-' }).keep(spec, 'url/dev-mail');
      expect(tagsOf(fake)).toHaveProperty(['nestjs-sns-sqs:positions-redis.0.inbox']);
      expect(Object.keys(tagsOf(fake)).filter(key => key.startsWith('team-'))).toHaveLength(team.length - 30);
      expect(Object.keys(tagsOf(fake))).toHaveLength(50);
      expect(fake.warnings).toEqual([]);
    });

    it('is used by a service without an owner among the tags', async () => {
      const fake = await full();
      delete tagsOf(fake)['nestjs-sns-sqs:service'];
      Object.assign(tagsOf(fake), { more: 'x' });
      await start(fake);
      expect(tagsOf(fake)['nestjs-sns-sqs:service']).toBeUndefined();
    });
  });
});
