import { jest } from '@jest/globals';
import { awsError, FakePlanes, subscriptionArn, topicArn } from '../../test/fake-planes.js';
import type { Provisioning } from '../interfaces/options.interface.js';
import { buildTopology } from './build-topology.js';
import { provision } from './provision.js';
import { TopologyWatch } from './topology-watch.js';

const owner = { service: 'notifications', prefix: '' };
const topology = buildTopology({
  ...owner,
  handlers: [{ pattern: 'a', queue: 'mail', topic: 'users' }, { pattern: 'do' }],
  settingsOf: () => ({ visibilityTimeoutSeconds: 30, retentionSeconds: 60, ordering: 'none' }),
});
const SUBSCRIPTION = subscriptionArn('users', 'mail');

describe('TopologyWatch', () => {
  // At noon: a day of UTC ends once within the next 25 hours, whenever the test runs.
  beforeEach(() => void jest.useFakeTimers({ now: Date.UTC(2026, 0, 1, 12) }));
  afterEach(() => void jest.useRealTimers());

  async function watching(mode: Provisioning = 'create') {
    const fake = new FakePlanes();
    await provision(topology, fake.planes(), 'create', owner);
    const queues = await provision(topology, fake.planes(), mode, owner);
    const stopping = new AbortController();
    const watch = new TopologyWatch({ topology, queues, planes: fake.planes(stopping.signal), mode, owner });
    fake.calls.length = 0;
    fake.logger.warn.mockClear();
    watch.start();
    return { fake, watch, stopping };
  }
  const aMinute = () => jest.advanceTimersByTimeAsync(72_000);

  it('makes one call a minute for each queue and each subscription, and changes nothing', async () => {
    const { fake } = await watching();
    await aMinute();
    const seen: string[] = [];
    fake.fault = operation => void seen.push(operation);
    await aMinute();
    expect(seen).toEqual(['GetQueueAttributes', 'GetSubscriptionAttributes', 'GetQueueAttributes']);
    expect(fake.calls).toEqual([]);
    expect(fake.warnings).toEqual([]);
  });

  it('subscribes again where a subscription, or its topic, was deleted', async () => {
    const { fake } = await watching();
    fake.subscriptions.clear();
    fake.topics.clear();
    await aMinute();
    expect(fake.subscriptions.has(SUBSCRIPTION)).toBe(true);
    expect(fake.topics.has(topicArn('users'))).toBe(true);
  });

  it('repairs a filter and a policy that another version has overwritten in the moment of the start', async () => {
    const { fake } = await watching();
    Object.assign(fake.subscriptions.get(SUBSCRIPTION) ?? {}, { FilterPolicy: '{"type":["b"]}' });
    Object.assign(fake.queues.get('mail') ?? {}, { Policy: '' });
    await aMinute();
    expect(fake.subscriptions.get(SUBSCRIPTION)?.['FilterPolicy']).toBe('{"type":["b","a"]}');
    expect(fake.queues.get('mail')?.['Policy']).toContain(topicArn('users'));
  });

  it.each<[string, object, RegExp]>([
    ['the policy', { Policy: '' }, /^The policy of mail does not let in the topic users/],
    ['what its queue keeps', { MessageRetentionPeriod: '59' }, /^mail: MessageRetentionPeriod: wanted 60, found 59/],
    [
      'when SQS gives up',
      {
        RedrivePolicy: JSON.stringify({
          deadLetterTargetArn: 'arn:aws:sqs:eu-west-1:000000000000:mail-dlq',
          maxReceiveCount: 1,
        }),
      },
      /^mail: RedrivePolicy: wanted .*1000.*, found .*:1\b/,
    ],
  ])('repairs an attribute that somebody sets by hand at any time: %s', async (_, byHand, told) => {
    const { fake } = await watching();
    const before = { ...fake.queues.get('mail') };
    for (let times = 0; times < 2; times += 1) {
      await aMinute();
      Object.assign(fake.queues.get('mail') ?? {}, byHand);
      await aMinute();
      expect(fake.queues.get('mail')).toEqual(before);
      await aMinute();
    }
    expect(fake.warnings.filter(text => told.test(text))).toHaveLength(2);
  });

  it('says with verify what somebody has set by hand, and changes nothing', async () => {
    const { fake } = await watching('verify');
    Object.assign(fake.queues.get('notifications-async-commands.fifo') ?? {}, { MessageRetentionPeriod: '59' });
    for (let times = 0; times < 3; times += 1) await aMinute();
    expect(fake.warnings).toEqual([expect.stringMatching(/MessageRetentionPeriod: wanted 60, found 59\. Remedy/)]);
    expect(fake.calls).toEqual([]);
  });

  it('does not set again each minute what a server does not keep', async () => {
    const { fake } = await watching();
    const queue = fake.queues.get('mail') ?? {};
    const lost: unknown[] = [];
    Object.defineProperty(queue, 'MaximumMessageSize', {
      enumerable: true,
      get: () => '262144',
      set(value) {
        lost.push(value);
      },
    });
    for (let times = 0; times < 10; times += 1) await aMinute();
    expect(lost).toHaveLength(1);
    expect(fake.warnings.filter(text => text.includes('has changed nothing'))).toHaveLength(1);
  });

  it('leaves a queue that is gone to the next receive', async () => {
    const { fake } = await watching();
    fake.queues.clear();
    await aMinute();
    expect(fake.warnings).toEqual([]);
  });

  it('says with verify what is missing when that changes, and changes nothing', async () => {
    const { fake } = await watching('verify');
    const kept = fake.subscriptions.get(SUBSCRIPTION) ?? {};
    await aMinute();
    fake.subscriptions.clear();
    await aMinute();
    await aMinute();
    expect(fake.warnings).toEqual([expect.stringMatching(/^The subscription of mail to users is missing.*Remedy/)]);
    fake.subscriptions.set(SUBSCRIPTION, kept);
    await aMinute();
    expect(fake.logger.log).toHaveBeenLastCalledWith('mail: its topology is complete again');
    expect(fake.calls).toEqual([]);
  });

  it('makes a queue that vanished again with all of its part, once at a time', async () => {
    const { fake, watch } = await watching();
    fake.queues.clear();
    fake.tags.clear();
    fake.subscriptions.clear();
    await Promise.all([watch.repair('mail'), watch.repair('mail'), watch.repair('mail')]);
    expect(fake.calls.filter(call => call.startsWith('create'))).toEqual(['create mail-dlq', 'create mail']);
    expect(fake.subscriptions.has(SUBSCRIPTION)).toBe(true);
  });

  it('says why it could not when the reason changes, and tries again', async () => {
    const { fake, watch } = await watching();
    fake.queues.clear();
    fake.fault = operation => (operation === 'CreateQueue' ? awsError('QueueDeletedRecently') : undefined);
    for (let times = 0; times < 3; times += 1) {
      await watch.repair('mail');
      await jest.advanceTimersByTimeAsync(1_000);
    }
    expect(fake.warnings).toEqual([expect.stringMatching(/^CreateQueue on mail-dlq failed: QueueDeletedRecently/)]);
    fake.fault = () => undefined;
    await watch.repair('mail');
    expect(fake.queues.has('mail')).toBe(true);
  });

  it.each<Provisioning>(['verify', 'off'])('makes nothing with %s', async mode => {
    const { fake, watch } = await watching(mode);
    fake.queues.clear();
    await watch.repair('mail');
    expect(fake.calls).toEqual([]);
  });

  it.each<Provisioning>(['create', 'verify', 'off'])(
    'says once a day that the queues are still consumed, and whether in no order: %s',
    async mode => {
      const { fake } = await watching(mode);
      await jest.advanceTimersByTimeAsync(25 * 3_600_000);
      expect(fake.calls).toEqual(['tag mail', 'tag notifications-async-commands.fifo']);
      expect(fake.tags.get('mail')).toMatchObject({
        'nestjs-sns-sqs:last-consumed': '2026-01-02',
        'nestjs-sns-sqs:unordered': '2026-01-02',
      });
      expect(fake.tags.get('notifications-async-commands.fifo')).not.toHaveProperty('nestjs-sns-sqs:unordered');
    },
  );

  it('takes no topic of another account for its own of the same name', async () => {
    const { fake } = await watching();
    const policy = String(fake.queues.get('mail')?.['Policy']);
    Object.assign(fake.queues.get('mail') ?? {}, {
      Policy: policy.replace(/123456789012:users/, '999999999999:users'),
    });
    await aMinute();
    expect(fake.queues.get('mail')?.['Policy']).toContain(topicArn('users'));
  });

  it('tells which attribute of a subscription was changed by hand', async () => {
    const { fake } = await watching('verify');
    Object.assign(fake.subscriptions.get(SUBSCRIPTION) ?? {}, { RawMessageDelivery: 'false' });
    await aMinute();
    expect(fake.warnings).toEqual([
      expect.stringMatching(/^The subscription of mail to users: RawMessageDelivery: wanted true, found false\./),
    ]);
  });

  it('ends with the server, and leaves no timer', async () => {
    const { watch, stopping } = await watching();
    stopping.abort();
    watch.stop();
    expect(jest.getTimerCount()).toBe(0);
  });
});
