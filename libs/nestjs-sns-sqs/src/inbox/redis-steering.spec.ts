import { describeWithRedis, RedisServer } from '../../../../test/support/redis-server.js';
import { waitFor } from '../../../../test/support/wait-for.js';
import { steeringStoreContract } from '../testing/steering-store-contract.js';
import { RedisInboxStore } from './redis-inbox-store.js';

describeWithRedis('steering in Redis', () => {
  let redis: RedisServer;
  let stores: RedisInboxStore[] = [];
  beforeAll(async () => {
    redis = await RedisServer.start();
    stores = [1, 2].map(() => new RedisInboxStore({ url: redis.url }));
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

  steeringStoreContract(
    'Redis',
    () => {
      const [one, other] = stores.map(({ steering }) => steering);
      if (!one || !other) throw new Error('no store');
      return { one, other };
    },
    { describe, it },
  );

  it.each([false, true])(
    'lets nothing run whose turn takes less than the clock can tell (has waited: %p)',
    async hasWaited => {
      const limit = { messages: 1_000_000, perSeconds: 0.1 };
      const [store] = stores;
      await store?.steering.takeTurn('q', 'tiny', limit, hasWaited);
      const [bucket] = await redis.client.keys('*{q}:rate:tiny');
      await redis.client.hset(bucket ?? '', { n: 0, t: Date.now() + 600_000 });
      expect(await store?.steering.takeTurn('q', 'tiny', limit, hasWaited)).toBe(1);
      await redis.client.del(bucket ?? '');
    },
  );
});
