import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { OnDomainEvent, type InboxStore } from 'nestjs-sns-sqs';
import { migrate, PostgresInboxStore } from 'nestjs-sns-sqs/postgres';
import { RedisInboxStore } from 'nestjs-sns-sqs/redis';
import { describeWithPostgres, TestDatabase } from '../support/postgres.js';
import { describeWithRedis, RedisServer } from '../support/redis-server.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const QUEUE = 'work-on-user-registered';
/** A store that does not answer in time pauses nothing, and the machine may be busy. */
const commandTimeoutMs = 30_000;

/** By a store of one kind, which is there between `setUp` and `tearDown`. */
interface SharedStore {
  setUp: () => Promise<void>;
  tearDown: () => Promise<void>;
  /** A store of one process. */
  open: (prefix: string) => InboxStore;
}

function steersTwoProcesses({ setUp, tearDown, open }: SharedStore): void {
  const here = world();
  beforeAll(setUp, 120_000);
  afterAll(tearDown);

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

  const start = async (controller: new () => object = Work) => {
    const store = open(here.prefix);
    await waitFor('the store', async () =>
      Promise.resolve(store.ping()).then(
        () => true,
        () => false,
      ),
    );
    return here.start([controller], { inbox: { store }, sharedPauses: true });
  };
  const emit = async (payloads: readonly object[]): Promise<void> => {
    const events = here.events();
    await Promise.all(payloads.map(payload => events.emit('user.registered', payload)));
  };

  it('by one rate limit, and by a pause that holds for a process that starts later', async () => {
    const one = await start();
    await one.server.pause(QUEUE);
    const two = await start();
    expect(two.server.health().queues[here.prefix + QUEUE]?.status).toBe('held');
    await emit(Array.from({ length: 45 }, (_, n) => ({ n })));
    expect(handled).toEqual([]);

    two.server.resume(QUEUE);
    const startedAt = performance.now();
    await waitFor('all', () => handled.length === 45);
    // What one second gives is there at once, and each process may have taken as much before.
    expect(performance.now() - startedAt).toBeGreaterThan(1_300);
    await waitFor('the other process', () => one.server.health().queues[here.prefix + QUEUE]?.status === 'up');
  });

  it('by one limit for each tenant', async () => {
    const tenants: string[] = [];
    @Controller()
    class PerTenant {
      @OnDomainEvent('user.registered', {
        from: 'users',
        useCase: 'work',
        rateLimit: {
          messages: 1,
          perSeconds: 1,
          shared: true,
          key: (_, data) => (data as { tenant: string }).tenant,
        },
      })
      handle(@Payload() { tenant }: { tenant: string }): void {
        tenants.push(tenant);
      }
    }
    await start(PerTenant);
    await start(PerTenant);
    const startedAt = performance.now();
    await emit(['a', 'b', 'a', 'b', 'a', 'b', 'a', 'b'].map(tenant => ({ tenant })));
    await waitFor('all', () => tenants.length === 8);
    // Of each two at once, then one each second.
    expect(performance.now() - startedAt).toBeGreaterThan(1_000);
  });
}

describeWithRedis('two processes of a service are steered together through Redis', () => {
  let redis: RedisServer;
  steersTwoProcesses({
    setUp: async () => void (redis = await RedisServer.start()),
    tearDown: async () => redis?.stop(),
    open: prefix => new RedisInboxStore({ url: redis.url, prefix, commandTimeoutMs }),
  });
});

describeWithPostgres('two processes of a service are steered together through PostgreSQL', () => {
  let database: TestDatabase;
  steersTwoProcesses({
    setUp: async () => {
      database = await TestDatabase.create();
      await migrate(database.pool);
    },
    tearDown: () => database?.drop(),
    open: () => new PostgresInboxStore({ pool: database.connect(), commandTimeoutMs }),
  });
});
