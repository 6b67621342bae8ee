import { spawnSync } from 'node:child_process';
import { Cluster, Redis } from 'ioredis';
import { describeWithRedis, hasRedis, RedisServer } from '../../../../test/support/redis-server.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import type { SnsSqsError } from '../errors/sns-sqs.error.js';
import { Inbox } from './inbox.js';
import { isOfTheRecord } from './redis-errors.js';
import { RedisInboxStore } from './redis-inbox-store.js';
import { StoreHealth } from './store-health.js';

const LEASE_MS = 30_000;

/** Ends what a test has opened, one that fails too: a store's health would look for it for ever. */
const closers: Array<() => void> = [];

/** One queue's inbox on a store, and what is told of it. */
function inboxOn(store: RedisInboxStore, queue = 'q') {
  const told: string[] = [];
  const health = new StoreHealth({
    store,
    queue,
    hasSubjects: true,
    onUnavailable: 'wait',
    logger: { warn: () => undefined },
    onFault: (error: SnsSqsError) => told.push(error.message),
    onRecovery: () => told.push('recovered'),
  });
  closers.push(() => health.stop());
  const rules = {
    ordering: 'sequential',
    gapTimeoutMs: 60_000,
    onGapTimeout: 'dead-letter',
    onInvalidSequence: 'dead-letter',
    leaseMs: LEASE_MS,
    rememberForMs: 3_600_000,
  } as const;
  const inbox = new Inbox({ queue, store, health, rules });
  const admit = (subject: string, sequence = 1) =>
    inbox.admit({
      metadata: { id: `${subject}-${sequence}`, source: 's', type: 't', subject, sequence: String(sequence) },
      data: undefined,
    });
  return { health, told, inbox, admit };
}

/** A connection that is left for a new one may be without it for a moment, on a machine that is busy. */
const isNoReconnect = (text: string): boolean => !text.includes('there is no connection to Redis');

describeWithRedis('a Redis that answers and refuses', () => {
  let server: RedisServer;
  beforeAll(async () => {
    if (hasRedis) server = await RedisServer.start();
  }, 30_000);
  afterAll(() => server?.stop());

  afterEach(() => closers.splice(0).forEach(close => close()));

  async function ready(store: RedisInboxStore): Promise<RedisInboxStore> {
    closers.push(() => store.close());
    await waitFor('the store to answer', () =>
      store.ping().then(
        () => true,
        () => false,
      ),
    );
    return store;
  }

  const set = (name: string, value: string | number) => server.client.config('SET', name, value);
  it.each<[string, () => Promise<unknown>, () => Promise<unknown>]>([
    ['READONLY', () => server.client.replicaof('127.0.0.1', 1), () => server.client.replicaof('NO', 'ONE')],
    ['OOM', () => set('maxmemory', 1), () => set('maxmemory', 0)],
    ['NOREPLICAS', () => set('min-replicas-to-write', 1), () => set('min-replicas-to-write', 0)],
    [
      'NOPERM',
      () => server.client.call('ACL', 'SETUSER', 'default', '-evalsha', '-eval'),
      () => server.client.call('ACL', 'SETUSER', 'default', '+@all'),
    ],
    [
      'ACL failure|run this command',
      () => server.client.call('ACL', 'SETUSER', 'default', '-set'),
      () => server.client.call('ACL', 'SETUSER', 'default', '+@all'),
    ],
  ])('is away with one reason, comes back once, and costs no attempt: %s', async (reason, refuse, admitAgain) => {
    const store = await ready(new RedisInboxStore({ url: server.url, prefix: reason.replace(/\W+/g, '-') }));
    const { told, health, inbox, admit } = inboxOn(store);
    const running = await admit('running');
    expect(running).toMatchObject({ kind: 'run', attempt: 1 });
    await refuse();
    try {
      for (let times = 0; times < 20; times += 1) {
        expect(await admit(`waits-${times}`)).toMatchObject({ kind: 'wait', why: 'unavailable' });
      }
      if (running.kind !== 'run' || !running.claim) throw new Error('it has no claim');
      expect(await inbox.renew([running.claim])).toEqual([]);
      // Long enough for a few probes.
      await health.untilAvailable(1_000);
      expect(health.isPaused).toBe(true);
    } finally {
      await admitAgain();
    }
    await waitFor('the store to be back', () => !health.isPaused);
    expect(told.filter(isNoReconnect)).toEqual([expect.stringMatching(new RegExp(reason)), 'recovered']);
    expect(await inbox.finish(running.claim, () => true)).toBe(true);
    expect(await admit('waits-0')).toMatchObject({ kind: 'run', attempt: 1 });
    expect(await admit('running', 2)).toMatchObject({ kind: 'run', attempt: 1 });
  });

  it('is left for the new primary by a connection of its own', async () => {
    const store = await ready(new RedisInboxStore({ url: server.url, prefix: 'failover' }));
    const { told, health, admit } = inboxOn(store);
    const connections = async (): Promise<string[]> =>
      String(await server.client.call('CLIENT', 'LIST'))
        .split('\n')
        .filter(line => line.includes('name=nestjs-sns-sqs-inbox'))
        .map(line => /\bid=(\d+)/.exec(line)?.[1] ?? '');
    const before = await connections();
    await server.client.replicaof('127.0.0.1', 1);
    expect(await admit('a')).toMatchObject({ kind: 'wait' });
    await waitFor('the connection to be remade', async () => {
      const now = await connections();
      return now.length > 0 && now.every(id => !before.includes(id));
    });
    await server.client.replicaof('NO', 'ONE');
    await waitFor('the store to be back', () => !health.isPaused);
    expect(await admit('a')).toMatchObject({ kind: 'run', attempt: 1 });
    expect(told.filter(isNoReconnect)).toHaveLength(2);
  });

  it.each<[string, string, string]>([
    ['another type', 'hset', 'e:.1:s:broken-1'],
    ['another text', 'set', 'e:.1:s:broken-1'],
    ['another type for its subject', 'set', 's:.1:s:broken'],
  ])('concerns one event where one key has %s', async (_, how, key) => {
    const store = await ready(new RedisInboxStore({ url: server.url, prefix: 'broken' }));
    const { told, health, admit } = inboxOn(store);
    const name = `broken:{q}:${key}`;
    await (how === 'set' ? server.client.set(name, 'not ours') : server.client.hset(name, 'not', 'ours'));
    expect(await admit('broken')).toEqual({ kind: 'wait', why: 'broken' });
    expect(await admit('well')).toMatchObject({ kind: 'run' });
    expect(health.isUnavailable).toBe(false);
    expect(told).toEqual([]);
    await server.client.del(name);
    await server.client.del('broken:{q}:e:.1:s:well-1', 'broken:{q}:s:.1:s:well');
    expect(await admit('broken')).toMatchObject({ kind: 'run', attempt: 1 });
    await server.client.flushall();
  });

  it('ends with a reason when the record was broken for 15 minutes', async () => {
    const store = await ready(new RedisInboxStore({ url: server.url, prefix: 'patient' }));
    const { health } = inboxOn(store);
    let now = 0;
    const rules = {
      ordering: 'none',
      gapTimeoutMs: 1,
      onGapTimeout: 'wait',
      onInvalidSequence: 'proceed',
      leaseMs: 1_000,
      rememberForMs: 1_000,
    } as const;
    const inbox = new Inbox({ queue: 'q', store, health, rules, now: () => now });
    const event = { metadata: { id: 'e', source: 's', type: 't' }, data: undefined };
    await server.client.hset('patient:{q}:e:.1:s:e', 'not', 'ours');
    expect(await inbox.admit(event)).toEqual({ kind: 'wait', why: 'broken' });
    now = 15 * 60_000;
    expect(await inbox.admit(event)).toMatchObject({
      kind: 'failed',
      error: { code: 'INBOX_RECORD_BROKEN', facts: { key: 'patient:{q}:e:.1:s:e' } },
    });
  });

  it('loses the claim whose record was broken, and keeps those beside it', async () => {
    const store = await ready(new RedisInboxStore({ url: server.url, prefix: 'renewing' }));
    const { told, inbox, admit } = inboxOn(store);
    const [one, other] = [await admit('one'), await admit('other')];
    if (one.kind !== 'run' || !one.claim || other.kind !== 'run' || !other.claim) throw new Error('they did not run');
    await server.client.del('renewing:{q}:e:.1:s:one-1');
    await server.client.hset('renewing:{q}:e:.1:s:one-1', 'not', 'ours');
    expect(await inbox.renew([one.claim, other.claim])).toEqual([one.claim]);
    expect(await inbox.finish(one.claim, () => true)).toBe(false);
    expect(await inbox.finish(other.claim, () => true)).toBe(true);
    expect(told).toEqual([]);
  });

  it('is away for the queues of the slot that is gone, and for no other', async () => {
    const clusterServer = await RedisServer.start({ cluster: true });
    await clusterServer.client.config('SET', 'cluster-require-full-coverage', 'no');
    const client = new Cluster([{ host: '127.0.0.1', port: clusterServer.port }], {
      retryDelayOnClusterDown: 50,
      maxRedirections: 3,
    });
    try {
      const store = await ready(new RedisInboxStore({ client, commandTimeoutMs: 10_000 }));
      const [gone, there] = [inboxOn(store, 'gone'), inboxOn(store, 'there')];
      const slot = String(await clusterServer.client.call('CLUSTER', 'KEYSLOT', '{gone}'));
      await clusterServer.client.call('CLUSTER', 'DELSLOTS', slot);
      expect(await gone.admit('a')).toMatchObject({ kind: 'wait', why: 'unavailable' });
      for (let times = 0; times < 5; times += 1) expect(await there.admit(`${times}`)).toMatchObject({ kind: 'run' });
      await gone.health.untilAvailable(1_000);
      await clusterServer.client.call('CLUSTER', 'ADDSLOTS', slot);
      await waitFor('the slot to be back', () => !gone.health.isPaused);
      expect(await gone.admit('a')).toMatchObject({ kind: 'run', attempt: 1 });
      expect(there.told).toEqual([]);
      expect(gone.told.at(-1)).toBe('recovered');
      expect(gone.told).toHaveLength(2);
    } finally {
      client.disconnect();
      await clusterServer.stop();
    }
  }, 30_000);

  it('has answered in time where the event loop stood still meanwhile', async () => {
    const commandTimeoutMs = 100;
    // The store's own client ends a connection that was silent for longer, in a standstill too.
    const client = new Redis(server.port, '127.0.0.1');
    closers.push(() => client.disconnect());
    const patient = await ready(new RedisInboxStore({ client, prefix: 'busy', commandTimeoutMs: 30_000 }));
    // Redis knows the script from here on.
    await inboxOn(patient).admit('first');
    const { told, admit } = inboxOn(new RedisInboxStore({ client, prefix: 'busy', commandTimeoutMs }));
    const admitted = admit('e');
    // The call leaves in the next turn.
    await new Promise(resolve => void setImmediate(resolve));
    const endsAt = performance.now() + 2 * commandTimeoutMs;
    // Redis answers in turn: what it was asked before.
    const ask = `require('net').connect(${server.port}, '127.0.0.1').on('data', () => process.exit()).write('PING\\r\\n')`;
    spawnSync(process.execPath, ['-e', ask]);
    while (performance.now() < endsAt);
    expect(await admitted).toMatchObject({ kind: 'run' });
    expect(told).toEqual([]);
  });

  it('does not remake a client of the user, whose own `reconnectOnError` decides', async () => {
    const client = new Redis(server.port, '127.0.0.1');
    closers.push(() => client.disconnect());
    const store = await ready(new RedisInboxStore({ client, prefix: 'given' }));
    const { health, admit } = inboxOn(store);
    let ends = 0;
    client.on('close', () => (ends += 1));
    await server.client.replicaof('127.0.0.1', 1);
    expect(await admit('a')).toMatchObject({ kind: 'wait' });
    await server.client.replicaof('NO', 'ONE');
    await waitFor('the store to be back', () => !health.isPaused);
    expect(ends).toBe(0);
  });
});

describe('an error of a script', () => {
  it.each([
    ['ERR Error running script (call to f_1): @user_script:9: Script killed by user with SCRIPT KILL...', false],
    ['ERR user_script:9: Script killed by user with SCRIPT KILL. script: f_1, on @user_script:9.', false],
    ['ERR user_script:9: not enough memory script: f_1, on @user_script:9.', false],
    ['ERR user_script:9: attempt to compare nil with number script: f_1, on @user_script:9.', true],
  ])('is of its record or of the server: %s', (message, expected) => {
    expect(isOfTheRecord(new Error(message))).toBe(expected);
  });
});
