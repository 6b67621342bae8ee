import { setTimeout as pause } from 'node:timers/promises';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import type { TestingModule } from '@nestjs/testing';
import { OnDomainEvent } from 'nestjs-sns-sqs';
import { PostgresOutbox } from 'nestjs-sns-sqs/postgres';
import type { AmbientUsers } from '../support/ambient-users.js';
import { describeWithPostgres, TestDatabase } from '../support/postgres.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

describeWithPostgres('the outbox in the ambient transaction of @nestjs-cls/transactional', () => {
  const here = world();
  let server: TestDatabase;
  let module: TestingModule;
  let users: AmbientUsers;
  let heard: string[];

  @Controller()
  class Consumer {
    @OnDomainEvent('user.registered', { from: 'users', useCase: 'hear' })
    hear(@Payload() { id }: { id: string }): void {
      heard.push(id);
    }
  }

  beforeAll(async () => {
    server = await TestDatabase.create();
    await new PostgresOutbox({ pool: server.pool }).migrate();
    await server.pool.query('CREATE TABLE users (id text PRIMARY KEY)');
  });

  beforeEach(async () => {
    // The library is CommonJS, and requires Nest, which has to be loaded by then.
    const { ambientTransaction, AmbientUsers, startAmbientUsers } = await import('../support/ambient-users.js');
    heard = [];
    await here.start([Consumer]);
    const outbox = new PostgresOutbox({
      pool: server.pool,
      relay: { pollMs: 200 },
      transaction: ambientTransaction,
    });
    // The first of several takes longest.
    const serialize = async ({ data }: { data: { id: string } }, { event }: { event: unknown }) => {
      if (data.id === '1') await pause(20);
      return event;
    };
    module = await startAmbientUsers(server.pool, here.events({ outbox, serializer: { serialize } }).client);
    users = module.get(AmbientUsers);
  });

  afterEach(() => module.close());
  afterAll(() => server.drop());

  const numbersGiven = async (): Promise<number> => {
    const { rows } = await server.pool.query<{ sequence: string }>(
      `SELECT coalesce(sum(sequence), 0)::text AS sequence FROM nestjs_sns_sqs.outbox_lanes WHERE lane = 'all'`,
    );
    return Number(rows[0]?.sequence ?? 0);
  };

  it('publishes a plain emit after the commit, and never after a rollback', async () => {
    const before = await numbersGiven();
    await expect(users.register('refused', true)).rejects.toThrow('the user is refused');
    await users.register('ada');
    await waitFor('the event', () => heard.length > 0);
    await users.registerTwo('bob', 'refused too');
    await waitFor('the second event', () => heard.length > 1);
    expect(heard).toEqual(['ada', 'bob']);
    const { rows } = await server.pool.query('SELECT id FROM users ORDER BY id');
    expect(rows).toEqual([{ id: 'ada' }, { id: 'bob' }]);
    // The numbers of what was rolled back were given again.
    expect(await numbersGiven()).toBe(before + 2);
  });

  it('publishes at once where no transaction runs, and keeps the order of what is emitted together', async () => {
    await users.announce('alone');
    expect(await users.announceTogether(['1', '2', '3'])).toEqual(['1', '2', '3']);
    await waitFor('all events', () => heard.length === 4);
    expect(heard.toSorted()).toEqual(['1', '2', '3', 'alone']);
  });
});
