import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { OnCommand, OnDomainEvent, SnsRecordBuilder, SqsContext, SqsRecordBuilder } from 'nestjs-sns-sqs';
import { fromPg, PostgresOutbox } from 'nestjs-sns-sqs/postgres';
import type { PoolClient } from 'pg';
import { lastValueFrom } from 'rxjs';
import { testIo } from '../../libs/nestjs-sns-sqs/test/cli-io.js';
import { begin } from '../../libs/nestjs-sns-sqs/test/postgres-transaction.js';
import { runCli } from '../../libs/nestjs-sns-sqs/src/cli/run-cli.js';
import { describeWithPostgres, TestDatabase } from '../support/postgres.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

const USERS = 8;
const CHANGES = 15;

describeWithPostgres('the outbox', () => {
  const here = world();
  let database: TestDatabase;
  let seen: Array<{ user: string; n: number; sequence: string }>;
  let steps: number[];

  @Controller()
  class Consumer {
    @OnDomainEvent('user.changed', { from: 'users', useCase: 'follow', ordering: 'sequential', startAt: 1 })
    follow(@Payload() { user, n }: { user: string; n: number }, @Ctx() context: SqsContext): void {
      seen.push({ user, n, sequence: context.getMetadata().sequence ?? '' });
    }

    @OnCommand('step')
    step(@Payload() { n }: { n: number }): void {
      steps.push(n);
    }
  }

  beforeAll(async () => {
    database = await TestDatabase.create();
    await new PostgresOutbox({ pool: database.pool }).migrate();
    await database.pool.query('CREATE TABLE users (id text PRIMARY KEY, version int NOT NULL)');
  });

  beforeEach(async () => {
    [seen, steps] = [[], []];
    await database.pool.query('TRUNCATE users');
    await here.start([Consumer]);
  });

  afterAll(() => database.drop());

  /** A process's clients, with an outbox and a relay of their own. */
  function service() {
    const pool = database.connect({ max: 10 });
    const outbox = new PostgresOutbox({ pool, relay: { pollMs: 200 } });
    const inTransaction = async (work: (tx: PoolClient) => Promise<void>): Promise<void> => {
      const tx = await pool.connect();
      // A pool does not listen to what it has lent.
      const ignore = (): void => undefined;
      tx.on('error', ignore);
      try {
        await tx.query('BEGIN');
        await work(tx);
        await tx.query('COMMIT');
      } catch (error) {
        await tx.query('ROLLBACK').catch(() => undefined);
        throw error;
      } finally {
        tx.off('error', ignore);
        tx.release();
      }
    };
    return { inTransaction, events: here.events({ outbox }).client, commands: here.commands({ outbox }).client };
  }

  const waiting = async (): Promise<number> => {
    const { rows } = await database.pool.query<{ n: number }>(
      'SELECT count(*)::int AS n FROM nestjs_sns_sqs.outbox_messages',
    );
    return rows[0]?.n ?? 0;
  };

  it('has an event exactly where its change is committed, in order for each user, by two processes', async () => {
    const services = [service(), service()];
    const refusal = new Error('the user is refused');
    const change = async ({ inTransaction, events }: ReturnType<typeof service>, user: string, fails: boolean) => {
      const changing = inTransaction(async tx => {
        const { rows } = await tx.query<{ version: number }>(
          `INSERT INTO users VALUES ($1, 1) ON CONFLICT (id) DO UPDATE SET version = users.version + 1 RETURNING version`,
          [user],
        );
        const event = new SnsRecordBuilder({ user, n: rows[0]?.version }).setSubject(user).setSequence('next').build();
        await lastValueFrom(events.within(fromPg(tx)).emit('user.changed', event), { defaultValue: undefined });
        if (fails) throw refusal;
      });
      await changing.catch((error: unknown) => {
        if (error !== refusal) throw error;
      });
    };
    const users = Array.from({ length: USERS }, (_, index) => `user-${index}`);
    const changes = users.flatMap((user, index) =>
      Array.from({ length: CHANGES + 3 }, (_, n) => ({ user, fails: n % 6 === 2, by: services[(n + index) % 2] })),
    );
    await Promise.all(changes.map(({ user, fails, by }) => by && change(by, user, fails)));
    const committed = changes.filter(({ fails }) => !fails).length;
    await waitFor('every event', () => seen.length >= committed);
    await waitFor('an empty outbox', async () => (await waiting()) === 0);
    for (const user of users) {
      const ofUser = seen.filter(each => each.user === user);
      expect(ofUser.map(({ n }) => n)).toEqual(Array.from({ length: CHANGES }, (_, n) => n + 1));
      expect(ofUser.map(({ sequence }) => sequence)).toEqual(ofUser.map(({ n }) => String(n)));
    }
  });

  it('is relayed by a process of its own, by the command line', async () => {
    const outbox = new PostgresOutbox({ pool: database.pool, relay: false });
    const { client } = here.commands({ outbox });
    const command = new SqsRecordBuilder({ n: 1 }).setGroupId('one').build();
    const { tx, commit } = await begin(database.pool);
    await lastValueFrom(client.within(tx).emit('step', command), { defaultValue: undefined });
    await commit();
    expect(await waiting()).toBe(1);
    const { endpoint, region, credentials } = here.aws;
    const before = { ...process.env };
    process.env['AWS_ACCESS_KEY_ID'] = credentials.accessKeyId;
    process.env['AWS_SECRET_ACCESS_KEY'] = credentials.secretAccessKey;
    try {
      const where = ['--database', database.url, '--endpoint', endpoint, '--region', region];
      expect(await runCli(['outbox', 'relay', '--until-empty', ...where], testIo())).toBe(0);
    } finally {
      process.env = before;
    }
    await waitFor('the command', () => steps.length === 1);
    expect(await waiting()).toBe(0);
  });

  it('goes on where every connection to the database was cut, and loses nothing', async () => {
    const { inTransaction, commands } = service();
    const emit = (n: number) =>
      inTransaction(async tx => {
        const command = new SqsRecordBuilder({ n }).setGroupId('one').build();
        await lastValueFrom(commands.within(fromPg(tx)).emit('step', command), { defaultValue: undefined });
      });
    for (let n = 1; n <= 6; n += 1) await emit(n);
    await database.cutConnections();
    await waitFor('the connection to be back', () =>
      emit(7).then(
        () => true,
        () => false,
      ),
    );
    await waitFor('all steps', () => steps.length >= 7);
    await waitFor('an empty outbox', async () => (await waiting()) === 0);
    expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });
});
