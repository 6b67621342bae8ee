import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { OnDomainEvent, SnsRecordBuilder, SqsContext } from 'nestjs-sns-sqs';
import { fromPg, migrate, PostgresInboxStore, PostgresOutbox } from 'nestjs-sns-sqs/postgres';
import { lastValueFrom } from 'rxjs';
import { CompiledConsumer } from '../support/child-consumer.js';
import { describeWithPostgres, hasPostgres, TestDatabase } from '../support/postgres.js';
import { waitFor } from '../support/wait-for.js';
import { world } from '../support/world.js';

interface Payment {
  account: string;
  n: number;
}

const QUEUE = 'credit-on-payment-received';
let credit: (payment: Payment, context: SqsContext) => Promise<void>;

@Controller()
class Accounts {
  @OnDomainEvent('payment.received', { from: 'payments', useCase: 'credit', ordering: 'sequential', startAt: 1 })
  credit(@Payload() payment: Payment, @Ctx() context: SqsContext): Promise<void> {
    return credit(payment, context);
  }
}

describeWithPostgres('from commit to commit', () => {
  const here = world();
  let database: TestDatabase;

  beforeAll(async () => {
    if (!hasPostgres) return;
    database = await TestDatabase.create();
    await migrate(database.pool);
    await database.pool.query(
      'CREATE TABLE effects (id int GENERATED ALWAYS AS IDENTITY, account text, n int, attempt int)',
    );
  }, 120_000);
  afterAll(() => database?.drop());
  beforeEach(() => database.pool.query('TRUNCATE effects, nestjs_sns_sqs.outbox_messages'));

  const effects = async (): Promise<Payment[]> =>
    (await database.pool.query<Payment>('SELECT account, n FROM effects ORDER BY id')).rows;

  const pay = async (payments: readonly Payment[], times: number): Promise<void> => {
    const events = here.events({ service: 'payments' });
    const records = payments.map(payment =>
      new SnsRecordBuilder(payment)
        .setId(`${payment.account}-${payment.n}`)
        .setSubject(payment.account)
        .setSequence(payment.n)
        .build(),
    );
    for (let time = 0; time < times; time += 1) {
      await Promise.all(records.map(record => events.emit('payment.received', record)));
    }
  };

  it('has one effect and one event for each, in order, whatever the handler throws and how often it comes', async () => {
    const outbox = new PostgresOutbox({ pool: database.pool, relay: false });
    const events = here.events({ service: 'accounts', outbox }).client;
    const failed = new Set<string>();
    const failsOnce = (when: string, { account, n }: Payment): void => {
      const name = `${when} ${account} ${n}`;
      if (failed.has(name)) return;
      failed.add(name);
      throw new Error(name);
    };
    credit = async (payment, context) => {
      const client = await database.pool.connect();
      try {
        await client.query('BEGIN');
        const tx = fromPg(client);
        await client.query('INSERT INTO effects (account, n) VALUES ($1, $2)', [payment.account, payment.n]);
        const record = new SnsRecordBuilder(payment).setSubject(payment.account).setSequence('next').build();
        await lastValueFrom(events.within(tx).emit('account.credited', record), { defaultValue: undefined });
        await context.markDoneIn(tx);
        if (payment.n === 2) failsOnce('before the commit', payment);
        await client.query('COMMIT');
      } catch (error) {
        await client.query('ROLLBACK');
        throw error;
      } finally {
        client.release();
      }
      if (payment.n === 3) failsOnce('after the commit', payment);
    };
    const store = new PostgresInboxStore({ pool: database.connect({ max: 5 }) });
    await here.start([Accounts], { service: 'accounts', inbox: { store } });
    const payments = ['ada', 'grace', 'edsger'].flatMap(account => [1, 2, 3, 4].map(n => ({ account, n })));

    await pay(payments.toReversed(), 2);

    await waitFor('all to be credited', async () => (await effects()).length >= payments.length);
    await here.queue(QUEUE).untilEmpty();
    const all = await effects();
    for (const account of ['ada', 'grace', 'edsger']) {
      expect(all.filter(each => each.account === account).map(({ n }) => n)).toEqual([1, 2, 3, 4]);
    }
    expect(failed.size).toBe(6);
    const { rows } = await database.pool.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM nestjs_sns_sqs.outbox_messages',
    );
    expect(rows).toEqual([{ count: payments.length }]);
    expect(await here.queue(`${QUEUE}-dlq`).size()).toBe(0);
  });

  it('has one effect when its process is killed before the commit, and when it is killed before the delete', async () => {
    const compiled = await CompiledConsumer.compile('postgres-consumer');
    here.onClose(() => compiled.remove());
    const consumer = { visibilityTimeoutSeconds: 2, maxReceiveCount: 5 };
    const options = here.serverOptions({ service: 'accounts', consumer });
    const run = (dies: string) => compiled.run({ options, url: database.url, dies });

    const first = await run('before the commit');
    await pay([{ account: 'ada', n: 1 }], 1);
    await first.untilEnd();
    expect(await effects()).toEqual([]);

    const second = await run('after the commit');
    await second.untilEnd();
    expect(await effects()).toEqual([{ account: 'ada', n: 1 }]);

    const handled: number[] = [];
    credit = async ({ n }) => void handled.push(n);
    const store = new PostgresInboxStore({ pool: database.connect({ max: 3 }) });
    await here.start([Accounts], { service: 'accounts', inbox: { store }, consumer });
    await pay([{ account: 'ada', n: 2 }], 1);
    await waitFor('the next one to be handled', () => handled.length > 0);
    await here.queue(QUEUE).untilEmpty();
    expect(handled).toEqual([2]);
    expect(await here.queue(`${QUEUE}-dlq`).size()).toBe(0);
  });
});
