import { awsError, FakePlanes, subscriptionArn } from '../../test/fake-planes.js';
import type { Provisioning } from '../interfaces/options.interface.js';
import { buildTopology, type DeclaredHandler } from './build-topology.js';
import { provision } from './provision.js';

const settingsOf = () => ({ visibilityTimeoutSeconds: 30, retentionSeconds: 1_209_600 });
const build = (handlers: DeclaredHandler[], formerly: string[] = []) =>
  buildTopology({ service: 'notifications', prefix: 'dev-', formerly, handlers, settingsOf });
const onEvent = (queue: string, ...formerly: string[]): DeclaredHandler => ({
  pattern: 'user.registered',
  topic: 'users',
  queue,
  formerly,
});

describe('formerly', () => {
  const start = (
    fake: FakePlanes,
    topology: ReturnType<typeof build>,
    mode: Provisioning = 'create',
    service = 'notifications',
  ) => provision(topology, fake.planes(), mode, { service, prefix: 'dev-' });

  it('subscribes the new queue, then ends the subscription of the old one, which is drained', async () => {
    const fake = new FakePlanes();
    await start(fake, build([onEvent('send-mail')]));
    fake.calls.length = 0;
    const [queue] = await start(fake, build([onEvent('send-email', 'mail', 'send-mail')]));
    expect(queue?.former).toEqual([
      { name: 'dev-send-mail', url: 'url/dev-send-mail', deadLetterQueueUrl: 'url/dev-send-mail-dlq' },
    ]);
    const subscribing = fake.calls.indexOf('subscribe dev-send-email');
    expect(subscribing).toBeGreaterThanOrEqual(0);
    expect(fake.calls.indexOf('unsubscribe dev-send-mail')).toBeGreaterThan(subscribing);
    expect(fake.subscriptions.has(subscriptionArn('dev-users', 'dev-send-mail'))).toBe(false);
    fake.calls.length = 0;
    await start(fake, build([onEvent('send-email', 'mail', 'send-mail')]));
    expect(fake.calls).toEqual([]);
  });

  it.each<Provisioning>(['verify', 'off'])('drains it and leaves its subscription alone: %s', async mode => {
    const fake = new FakePlanes();
    await start(fake, build([onEvent('send-mail')]));
    await start(fake, build([onEvent('send-email')]));
    const [queue] = await start(fake, build([onEvent('send-email', 'send-mail')]), mode);
    expect(queue?.former).toHaveLength(1);
    expect(fake.subscriptions.has(subscriptionArn('dev-users', 'dev-send-mail'))).toBe(true);
    expect(fake.warnings).toContainEqual(expect.stringMatching(/^dev-send-mail, a former name .* stay/));
  });

  it('takes the dead-letter queue of the new one where the old one has none', async () => {
    const fake = new FakePlanes();
    await start(fake, build([onEvent('send-mail')]));
    fake.queues.delete('dev-send-mail-dlq');
    const [queue] = await start(fake, build([onEvent('send-email', 'send-mail')]));
    expect(queue?.former?.[0]?.deadLetterQueueUrl).toBe('url/dev-send-email-dlq');
  });

  it('takes the dead-letter queue of the new one where the role does not reach that of the old one', async () => {
    const fake = new FakePlanes();
    await start(fake, build([onEvent('send-mail')]));
    fake.fault = (operation, resource) =>
      operation === 'GetQueueUrl' && resource === 'dev-send-mail-dlq' ? awsError('AccessDenied') : undefined;
    const [queue] = await start(fake, build([onEvent('send-email', 'send-mail')]));
    expect(queue?.former?.[0]?.deadLetterQueueUrl).toBe('url/dev-send-email-dlq');
  });

  it('drains no queue of another service', async () => {
    const fake = new FakePlanes();
    await start(fake, build([onEvent('send-mail')]), 'create', 'marketing');
    await expect(start(fake, build([onEvent('send-email', 'send-mail')]))).rejects.toMatchObject({
      code: 'QUEUE_OWNED_BY_ANOTHER',
    });
    expect(fake.subscriptions.has(subscriptionArn('dev-users', 'dev-send-mail'))).toBe(true);
  });

  it('drains the command queue of a service that was renamed', async () => {
    const fake = new FakePlanes();
    fake.queues.set('dev-notes-async-commands.fifo', {});
    const [queue] = await start(fake, build([{ pattern: 'do' }], ['notes']));
    expect(queue?.former?.map(({ name }) => name)).toEqual(['dev-notes-async-commands.fifo']);
  });

  describe("what the inbox's memory is named by", () => {
    const memory = async (fake: FakePlanes, queue: string, ...formerly: string[]) =>
      (await start(fake, build([onEvent(queue, ...formerly)])))[0]?.memory;

    it.each<[string, string[][], string]>([
      ['a queue of one name', [['a']], 'dev-a'],
      ['renamed', [['a'], ['b', 'a']], 'dev-a'],
      ['renamed where the old queue has never been', [['b', 'a']], 'dev-a'],
      ['`formerly` is taken away again', [['a'], ['b', 'a'], ['b']], 'dev-a'],
      ['renamed twice', [['a'], ['b', 'a'], ['c', 'a', 'b']], 'dev-a'],
      ['renamed twice, without the first name', [['a'], ['b', 'a'], ['b'], ['c', 'b']], 'dev-a'],
      ['renamed and back', [['a'], ['b', 'a'], ['a', 'b'], ['a']], 'dev-a'],
      ['the new queue was there before, and the old version still runs', [['a'], ['b'], ['b', 'a']], 'dev-a'],
    ])('stays the same: %s', async (_, versions, expected) => {
      const fake = new FakePlanes();
      let last: string | undefined;
      for (const [queue = '', ...formerly] of versions) last = await memory(fake, queue, ...formerly);
      expect(last).toBe(expected);
      for (const [queue = '', ...formerly] of versions.slice(-1))
        expect(await memory(fake, queue, ...formerly)).toBe(expected);
    });

    it('is one for two queues that were one, until an event comes to both', async () => {
      const fake = new FakePlanes();
      const of = async (...handlers: DeclaredHandler[]) =>
        (await start(fake, build(handlers))).map(queue => queue.memory);
      const takes = (pattern: string, queue: string, ...formerly: string[]) => ({
        ...onEvent(queue, ...formerly),
        pattern,
      });
      await of(takes('x', 'old'), takes('y', 'old'));
      expect(await of(takes('x', 'a', 'old'), takes('y', 'b', 'old'))).toEqual(['dev-old', 'dev-old']);
      expect(await of(takes('y', 'b'), takes('x', 'a'))).toEqual(['dev-old', 'dev-old']);
      const elsewhere = [takes('y', 'b'), takes('x', 'a'), { ...takes('y', 'a'), topic: 'orders' }];
      expect(await of(...elsewhere)).toEqual(['dev-old', 'dev-old']);
      const both = [takes('y', 'b'), takes('x', 'a'), takes('*', 'a')];
      expect(await of(...both)).toEqual(['dev-b', 'dev-old']);
      expect(await of(...both)).toEqual(['dev-b', 'dev-old']);
    });

    it('is its own where the old queue has not been consumed for days', async () => {
      const fake = new FakePlanes();
      await memory(fake, 'a');
      Object.assign(fake.tags.get('dev-a') ?? {}, { 'nestjs-sns-sqs:last-consumed': '2020-01-01' });
      await memory(fake, 'b');
      expect(await memory(fake, 'b', 'a')).toBe('dev-b');
    });

    it('is the oldest name where tags cannot be read', async () => {
      const fake = new FakePlanes();
      await memory(fake, 'a');
      fake.fault = operation => (operation.includes('Tag') ? awsError('AccessDenied') : undefined);
      expect(await memory(fake, 'c', 'a', 'b')).toBe('dev-a');
    });
  });

  it.each<[string, DeclaredHandler[]]>([
    ['a queue that is consumed', [onEvent('a', 'b'), onEvent('b')]],
    ['itself', [onEvent('a', 'a')]],
    ['a queue of the other type', [onEvent('a', 'b.fifo')]],
    ['no list', [{ ...onEvent('a'), formerly: 'b' as unknown as string[] }]],
    ['no names', [onEvent('a', '')]],
    [
      'the same queue for two that take the same events',
      [
        { ...onEvent('a', 'old'), pattern: 'user.*' },
        { ...onEvent('b', 'old'), pattern: 'user.deleted' },
      ],
    ],
  ])('refuses %s', (_, handlers) => {
    expect(() => build(handlers)).toThrow(expect.objectContaining({ code: 'INVALID_HANDLER' }) as Error);
  });
});

describe('queues that no handler takes from any more', () => {
  const start = (fake: FakePlanes, ...handlers: DeclaredHandler[]) => {
    fake.logger.warn.mockClear();
    return provision(build(handlers), fake.planes(), 'create', { service: 'notifications', prefix: 'dev-' });
  };

  it('are named at the start, unless they are former names or are gone', async () => {
    const fake = new FakePlanes();
    const command: DeclaredHandler = { pattern: 'do' };
    // The list is in the tags of the command queue, from the second start on.
    await start(fake, onEvent('audit'), onEvent('send-mail'), command);
    await start(fake, onEvent('audit'), command);
    expect(fake.warnings).toEqual([expect.stringMatching(/^dev-send-mail still exists and no handler .*formerly/)]);
    await start(fake, onEvent('audit', 'send-mail'), command);
    expect(fake.warnings).toEqual([]);
    await start(fake, onEvent('audit'), command);
    expect(fake.warnings).toHaveLength(1);
    await fake.sqs.deleteQueue('url/dev-send-mail');
    await start(fake, onEvent('audit'), command);
    expect(fake.warnings).toEqual([]);
    expect(Object.keys(fake.tags.get('dev-notifications-async-commands.fifo') ?? {})).not.toContain(
      'nestjs-sns-sqs:queue:send-mail',
    );
  });

  it.each<Provisioning>(['create', 'verify', 'off'])(
    'end no start where the role has no right to look at them any more: %s',
    async mode => {
      const fake = new FakePlanes();
      await start(fake, onEvent('audit'), onEvent('send-mail'));
      await start(fake, onEvent('audit'));
      fake.fault = (_, resource) => (resource === 'dev-send-mail' ? awsError('AccessDenied') : undefined);
      const owner = { service: 'notifications', prefix: 'dev-' };
      fake.logger.warn.mockClear();
      await provision(build([onEvent('audit')]), fake.planes(), mode, owner);
      expect(fake.warnings).toEqual([expect.stringMatching(/^dev-send-mail was last listed .* no permission/)]);
    },
  );

  it.each<[string, string[], string[], string[]]>([
    ['the first one by name', ['a', 'b'], ['b'], ['a']],
    ['another one, while a new first one comes', ['b', 'c'], ['a', 'b'], ['c']],
    ['all but one, of many', ['a', 'b', 'c', 'd'], ['b'], ['a', 'c', 'd']],
  ])('are named where the use case that was removed is %s', async (_, before, after, orphans) => {
    const fake = new FakePlanes();
    await start(fake, ...before.map(name => onEvent(name)));
    await start(fake, ...after.map(name => onEvent(name)));
    expect(fake.warnings.map(text => text.split(' ', 1)[0])).toEqual(orphans.map(name => `dev-${name}`));
  });

  it('are listed as far as tags have room', async () => {
    const fake = new FakePlanes();
    const many = Array.from({ length: 60 }, (_, n) => onEvent(`q${n}`));
    await start(fake, ...many);
    expect(Object.keys(fake.tags.get('dev-q0') ?? {}).length).toBeLessThanOrEqual(40);
    fake.calls.length = 0;
    await start(fake, ...many);
    expect(fake.calls).toEqual([]);
  });

  it('leave ten places free beside the tags of the team', async () => {
    const fake = new FakePlanes();
    await start(fake, onEvent('q0'));
    const team = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`team-${n}`, 'x']));
    fake.tags.set('dev-q0', { ...fake.tags.get('dev-q0'), ...team });
    await start(fake, ...Array.from({ length: 60 }, (_, n) => onEvent(`q${n}`)));
    const keys = Object.keys(fake.tags.get('dev-q0') ?? {});
    expect(keys).toEqual(expect.arrayContaining(Object.keys(team)));
    expect(keys).toHaveLength(40);
  });
});
