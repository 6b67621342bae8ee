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
});
