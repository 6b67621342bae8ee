import { describeWithRedis, RedisServer } from '../../../../test/support/redis-server.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import { RedisInboxStore } from './redis-inbox-store.js';

describeWithRedis('steering in Redis', () => {
  let redis: RedisServer;
  let stores: RedisInboxStore[] = [];
  beforeAll(async () => {
    redis = await RedisServer.start();
    stores = [1, 2, 3].map(() => new RedisInboxStore({ url: redis.url }));
    await waitFor('the stores', async () =>
      Promise.all(stores.map(store => store.ping())).then(
        () => true,
        () => false,
      ),
    );
  }, 30_000);
  afterAll(async () => {
    for (const store of stores) store.close();
    await redis?.stop();
  });

  it('gives three processes one bucket, full at first, by its own clock', async () => {
    const limit = { messages: 100, perSeconds: 1 };
    const startedAt = performance.now();
    const take = (): Promise<number[]> =>
      Promise.all(stores.map(async ({ steering }) => (await steering.takeRate('q', 60, limit)).granted));
    const first = await take();
    expect(first.reduce((sum, each) => sum + each, 0)).toBeGreaterThanOrEqual(100);
    let total = first.reduce((sum, each) => sum + each, 0);
    await waitFor('another hundred', async () => {
      total += (await take()).reduce((sum, each) => sum + each, 0);
      return total >= 200;
    });
    const seconds = (performance.now() - startedAt) / 1000;
    expect(total).toBeLessThanOrEqual(101 + 100 * seconds);
    expect(seconds).toBeGreaterThan(0.9);
  });

  it('says when there is one more, and keeps each queue its own bucket', async () => {
    const [store] = stores;
    const limit = { messages: 1, perSeconds: 10 };
    expect(await store?.steering.takeRate('slow', 5, limit)).toEqual({ granted: 1, retryAfterMs: 10_000 });
    const again = await store?.steering.takeRate('slow', 5, limit);
    expect(again?.granted).toBe(0);
    expect(again?.retryAfterMs).toBeGreaterThan(5_000);
    expect(await store?.steering.takeRate('another', 5, limit)).toMatchObject({ granted: 1 });
  });

  it('knows the paused queues of a service', async () => {
    const [one, two] = stores;
    await one?.steering.setPaused('dev-users', 'dev-a', true);
    await one?.steering.setPaused('dev-users', 'dev-a', true);
    await one?.steering.setPaused('dev-other', 'dev-b', true);
    expect(await two?.steering.pausedQueues('dev-users')).toEqual(['dev-a']);
    await two?.steering.setPaused('dev-users', 'dev-a', false);
    expect(await one?.steering.pausedQueues('dev-users')).toEqual([]);
  });
});
