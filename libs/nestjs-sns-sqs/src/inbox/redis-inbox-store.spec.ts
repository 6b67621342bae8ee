import { Cluster, Redis } from 'ioredis';
import { describeWithRedis, hasRedis, RedisServer } from '../../../../test/support/redis-server.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import type { InboxClaim } from '../interfaces/inbox-store.interface.js';
import { inboxStoreContract } from '../testing/inbox-store-contract.js';
import { eventKey, newToken, subjectKey } from './inbox-key.js';
import { RedisInboxStore, type RedisInboxStoreOptions } from './redis-inbox-store.js';

const LONG_MS = 60_000;
const claimOf = (key: string, subject?: string): InboxClaim => ({
  queue: 'q',
  key,
  token: newToken(),
  ...(subject !== undefined && { subject }),
});

/** A store that is connected. */
async function ready(options: RedisInboxStoreOptions): Promise<RedisInboxStore> {
  const store = new RedisInboxStore(options);
  await answering(store);
  return store;
}

const isAway = (store: RedisInboxStore): Promise<boolean> =>
  store.ping().then(
    () => false,
    () => true,
  );
const answering = (store: RedisInboxStore): Promise<boolean> =>
  waitFor('the store to answer', async () => !(await isAway(store)));

let server: RedisServer;
let clusterServer: RedisServer;
let cluster: Cluster;
// Two servers start, beside whatever else the machine does.
const START_MS = 30_000;

beforeAll(async () => {
  if (!hasRedis) return;
  [server, clusterServer] = await Promise.all([RedisServer.start(), RedisServer.start({ cluster: true })]);
  cluster = new Cluster([{ host: '127.0.0.1', port: clusterServer.port }]);
}, START_MS);
afterAll(async () => {
  cluster?.disconnect();
  await Promise.all([server?.stop(), clusterServer?.stop()]);
});
const contractRunner = { describe: describeWithRedis, it };
/** Clients with options that change what ioredis sends or answers. */
const unusual = (): Redis =>
  new Redis(server.port, '127.0.0.1', {
    stringNumbers: true,
    keyPrefix: 'app:',
    enableAutoPipelining: true,
    showFriendlyErrorStack: true,
    enableOfflineQueue: false,
  });
const unusualCluster = (): Cluster =>
  new Cluster([{ host: '127.0.0.1', port: clusterServer.port }], {
    scaleReads: 'slave',
    keyPrefix: 'app:',
    enableAutoPipelining: true,
    redisOptions: { stringNumbers: true },
  });
/** A store of a client of its own, which ends with it. */
async function ofOwn(client: Redis | Cluster): Promise<RedisInboxStore> {
  const store = await ready({ client });
  return Object.assign(store, { close: () => client.disconnect() });
}

inboxStoreContract('RedisInboxStore', () => ready({ url: server.url, prefix: 'contract' }), contractRunner);
inboxStoreContract('RedisInboxStore on a cluster', () => ready({ client: cluster }), contractRunner);
inboxStoreContract('RedisInboxStore of a client with options of its own', () => ofOwn(unusual()), contractRunner);
inboxStoreContract('RedisInboxStore of a cluster with options', () => ofOwn(unusualCluster()), contractRunner);

describeWithRedis('RedisInboxStore', () => {
  const stores: RedisInboxStore[] = [];
  const open = async (options: Omit<RedisInboxStoreOptions, 'url'> = {}): Promise<RedisInboxStore> => {
    const store = await ready({ url: server.url, ...options });
    stores.push(store);
    return store;
  };

  beforeEach(() => server.client.flushall());
  afterEach(() => stores.splice(0).forEach(store => store.close()));

  it('holds for all processes', async () => {
    expect((await open()).isShared).toBe(true);
  });

  it('has the identity of what it remembers, whatever the address', async () => {
    const store = await open();
    expect(store.identity).toBe('redis.0.inbox');
    expect((await open()).identity).toBe(store.identity);
    expect((await open({ prefix: 'other' })).identity).toBe('redis.0.other');
    const elsewhere = new RedisInboxStore({ url: 'redis://127.0.0.1:1/2' });
    elsewhere.close();
    expect(elsewhere.identity).toBe('redis.2.inbox');
  });

  it('has every key under its prefix and queue, and a queue in one slot', async () => {
    const store = await open({ prefix: 'my.app:inbox' });
    const claim = claimOf(eventKey({ source: 'users', id: 'a {b}\n' }), subjectKey({ source: 'users', subject: 'u' }));
    await store.claim(claim, LONG_MS);
    expect((await server.client.keys('*')).toSorted()).toEqual([
      expect.stringMatching(/^my\.app:inbox:\{q\}:e:#[\w-]{43}$/),
      'my.app:inbox:{q}:s:.5:users:u',
    ]);
  });

  it('leaves nothing in Redis that does not expire, but positions where they are kept for ever', async () => {
    const store = await open();
    const [done, failed, held, waiting] = [claimOf('.a', '.s'), claimOf('.b'), claimOf('.c'), claimOf('.d', '.t')];
    for (const claim of [done, failed, held, waiting]) await store.claim(claim, LONG_MS);
    await store.done(done, { rememberForMs: LONG_MS, position: '1' });
    await store.release(failed, 'failed');
    await store.release(waiting, 'unstarted', '7');
    const keys = await server.client.keys('*');
    const lasting = await Promise.all(keys.map(async key => ((await server.client.pttl(key)) < 0 ? key : '')));
    expect(keys).toHaveLength(5);
    expect(lasting.filter(Boolean)).toEqual(['inbox:{q}:s:.s']);
    const next = claimOf('.e', '.s');
    await store.claim(next, LONG_MS);
    await store.done(next, { rememberForMs: LONG_MS, position: '2', rememberPositionForMs: LONG_MS });
    expect(await server.client.pttl('inbox:{q}:s:.s')).toBeGreaterThan(0);
  });

  it('sends its scripts to a Redis that does not know them, or not any more', async () => {
    const store = await open();
    await server.client.script('FLUSH');
    const claims = Array.from({ length: 20 }, (_, n) => claimOf(`.${n}`));
    expect(await Promise.all(claims.map(claim => store.claim(claim, LONG_MS)))).toEqual(
      claims.map(() => ({ status: 'claimed', attempt: 1 })),
    );
    await server.client.script('FLUSH');
    expect(await store.done(claims[0], { rememberForMs: LONG_MS })).toBe(true);
  });

  it('asks once for a claim and once for its end, and together what is called together', async () => {
    const store = await open();
    await store.claim(claimOf('.warm'), LONG_MS);
    const monitor = await server.client.monitor();
    const seen: string[] = [];
    monitor.on('monitor', (_, [command = '']: string[], source: string) => {
      if (source !== 'lua') seen.push(command.toLowerCase());
    });
    const claims = Array.from({ length: 50 }, (_, n) => claimOf(`.${n}`));
    await Promise.all(claims.map(claim => store.claim(claim, LONG_MS)));
    await Promise.all(claims.map(claim => store.done(claim, { rememberForMs: LONG_MS })));
    await waitFor(
      'the monitor',
      () => seen.filter(command => command === 'evalsha' || command === 'eval').length >= 100,
    );
    monitor.disconnect();
    // The first done is not known yet, and is sent.
    expect(seen.filter(command => command === 'evalsha')).toHaveLength(100);
  });

  it('is the same through two stores: one claimant over both', async () => {
    const [one, other] = [await open(), await open()];
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, n) => (n % 2 ? one : other).claim(claimOf('.a'), LONG_MS)),
    );
    expect(results.filter(({ status }) => status === 'claimed')).toHaveLength(1);
  });

  it('rejects at once without a connection, and works again when Redis is back, on what it saved', async () => {
    const store = await open();
    const claim = claimOf('.a');
    await store.claim(claim, LONG_MS);
    await store.done(claim, { rememberForMs: LONG_MS });
    await server.halt();
    try {
      await waitFor('the store to notice', () => isAway(store));
      await expect(store.claim(claimOf('.b'), LONG_MS)).rejects.toThrow(/Redis|Stream|Connection|retries/);
    } finally {
      await server.launch();
    }
    await answering(store);
    expect(await store.claim(claimOf('.a'), LONG_MS)).toEqual({ status: 'done' });
    // Nothing was sent late.
    expect(await server.client.exists('inbox:{q}:e:.b')).toBe(0);
  });

  it('gives up on a Redis that stands still, and what it is told behind takes a late claim back', async () => {
    const store = await open({ commandTimeoutMs: 300 });
    const wake = await server.freeze();
    const claim = claimOf('.a');
    try {
      await expect(store.claim(claim, LONG_MS)).rejects.toThrow('Redis has not answered within 300 ms');
      await expect(store.release(claim, 'unstarted')).rejects.toThrow(/300 ms/);
    } finally {
      wake();
    }
    await answering(store);
    expect(await store.claim(claimOf('.a'), LONG_MS)).toEqual({ status: 'claimed', attempt: 1 });
  });

  it('begins anew in a Redis that has lost its data, and refuses who claimed before', async () => {
    const store = await open();
    const claim = claimOf('.a', '.s');
    await store.claim(claim, LONG_MS);
    await server.client.flushall();
    expect(await store.renew([claim], LONG_MS)).toEqual([false]);
    expect(await store.done(claim, { rememberForMs: LONG_MS, position: '3' })).toBe(false);
    expect(await store.claim(claimOf('.a', '.s'), LONG_MS)).toEqual({ status: 'claimed', attempt: 1 });
  });

  it('tells what Redis answered when it refuses', async () => {
    const store = await open();
    await server.client.hset('inbox:{q}:e:.a', 'not', 'ours');
    await expect(store.claim(claimOf('.a'), LONG_MS)).rejects.toThrow(/WRONGTYPE/);
  });

  it('leaves a client of the user open', async () => {
    const client = new Redis(server.port, '127.0.0.1');
    (await ready({ client })).close();
    expect(await client.ping()).toBe('PONG');
    client.disconnect();
  });
});

describe('RedisInboxStore', () => {
  it.each<[string, object, RegExp]>([
    ['nothing', {}, /`url` or `client`, one of them/],
    ['both', { url: 'redis://localhost', client: {} }, /`url` or `client`, one of them/],
    ['another protocol', { url: 'http://localhost' }, /`url`: expected redis:/],
    ['a client that is none', { client: {} }, /`client`: expected a client of ioredis/],
    ['a prefix with braces', { url: 'redis://localhost', prefix: '{a}' }, /`prefix`/],
    ['an empty prefix', { url: 'redis://localhost', prefix: '' }, /`prefix`/],
    ['no time', { url: 'redis://localhost', commandTimeoutMs: 0 }, /`commandTimeoutMs`/],
    ['a text', 'redis://localhost' as never, /^RedisInboxStore: .*expected object, received string\. /],
    ['a misspelt option', { url: 'redis://localhost', urll: 1 }, /`urll` is not an option/],
  ])('refuses %s', (_, options, why) => {
    expect(() => new RedisInboxStore(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringMatching(why) as string }) as Error,
    );
  });
});
