import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { OnDomainEvent } from 'nestjs-sns-sqs';
import { RedisInboxStore } from 'nestjs-sns-sqs/redis';
import { describeWithRedis, RedisServer } from '../support/redis-server.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const QUEUE = 'work-on-user-registered';

describeWithRedis('two processes of a service are steered together', () => {
  const here = world();
  let redis: RedisServer;
  beforeAll(async () => void (redis = await RedisServer.start()));
  afterAll(() => redis?.stop());

  const handled: number[] = [];
  beforeEach(() => void (handled.length = 0));

  @Controller()
  class Work {
    @OnDomainEvent('user.registered', {
      from: 'users',
      useCase: 'work',
      rateLimit: { messages: 10, perSeconds: 1, shared: true },
    })
    handle(@Payload() { n }: { n: number }): void {
      handled.push(n);
    }
  }

  const start = async () => {
    const store = new RedisInboxStore({ url: redis.url, prefix: here.prefix });
    await waitFor('the store', () =>
      store.ping().then(
        () => true,
        () => false,
      ),
    );
    return here.start([Work], { inbox: { store }, sharedPauses: true });
  };
  const emit = async (count: number): Promise<void> => {
    const events = here.events();
    await Promise.all(Array.from({ length: count }, (_, n) => events.emit('user.registered', { n })));
  };

  it('by one rate limit, and by a pause that holds for a process that starts later', async () => {
    const one = await start();
    await one.server.pause(QUEUE);
    const two = await start();
    expect(two.server.health().queues[here.prefix + QUEUE]?.status).toBe('held');
    await emit(45);
    expect(handled).toEqual([]);

    two.server.resume(QUEUE);
    const startedAt = performance.now();
    await waitFor('all', () => handled.length === 45);
    // What one second gives is there at once, and each process may have taken as much before.
    expect(performance.now() - startedAt).toBeGreaterThan(1_300);
    await waitFor('the other process', () => one.server.health().queues[here.prefix + QUEUE]?.status === 'up');
  });
});
