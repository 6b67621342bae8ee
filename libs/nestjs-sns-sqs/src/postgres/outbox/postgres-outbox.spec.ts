import { jest } from '@jest/globals';
import { Client } from 'pg';
import { describeWithPostgres, TestDatabase } from '../../../../../test/support/postgres.js';
import { waitFor } from '../../../../../test/support/wait-for.js';
import { begin } from '../../../test/postgres-transaction.js';
import type { OutboxMessage } from '../../interfaces/outbox-store.interface.js';
import { outboxStoreContract } from '../../testing/outbox-store-contract.js';
import { PostgresInboxStore } from '../inbox/postgres-inbox-store.js';
import { appliedMigrations, knownMigrations, migrate, migrationsSql } from '../migrations.js';
import { outboxSql } from './outbox-sql.js';
import { PostgresOutbox } from './postgres-outbox.js';

const TO = 'sns:users-domain-events';
const message = (id: string, lane?: string): OutboxMessage => ({
  destination: TO,
  id,
  type: 'user.registered',
  entry: '{}',
  ...(lane !== undefined && { lane }),
});

describeWithPostgres('PostgresOutbox', () => {
  let database: TestDatabase;
  let store: PostgresOutbox;

  beforeAll(async () => {
    database = await TestDatabase.create();
    store = new PostgresOutbox({ pool: database.pool });
    await store.migrate();
  });

  afterAll(() => database.drop());

  outboxStoreContract('PostgreSQL', () => ({ store, begin: () => begin(database.pool) }));

  it('takes a savepoint that is rolled back for what it is', async () => {
    const { tx, commit } = await begin(database.pool);
    await tx.query('SAVEPOINT step');
    expect(await store.nextSequence(tx, TO, 'savepoint')).toBe('1');
    await store.add(tx, message('lost', 'savepoint'), true);
    await tx.query('ROLLBACK TO SAVEPOINT step');
    expect(await store.nextSequence(tx, TO, 'savepoint')).toBe('1');
    await commit();
  });

  it('numbers a subject without a gap while many write at one time and some roll back', async () => {
    const numbers: number[] = [];
    const write = async (index: number): Promise<void> => {
      const { tx, commit, rollback } = await begin(database.pool);
      const number = await store.nextSequence(tx, TO, 'busy');
      await store.add(tx, message(number, 'busy'), true);
      if (index % 4 === 0) return rollback();
      numbers.push(Number(number));
      await commit();
    };
    await Promise.all(Array.from({ length: 40 }, (_, index) => write(index)));
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
  });

  it('numbers and writes in one step, in one row of numbers with those that are taken before', async () => {
    const to = 'sns:next';
    const next = async (ends: 'commit' | 'rollback', by = store): Promise<void> => {
      const transaction = await begin(database.pool);
      const entry = '{"body":"{\\"sequence\\":\\"to come\\"}"}';
      await by.addNext(transaction.tx, { ...message('n', 'user 1'), destination: to, entry }, 'to come');
      await transaction[ends]();
    };
    await next('commit');
    await next('rollback');
    await Promise.all([next('commit'), next('commit', new PostgresOutbox({ pool: database.pool, notify: true }))]);
    expect(await store.nextSequence(database.pool, to, 'user 1')).toBe('4');
    await next('commit');
    await store.open([to]);
    const rows = await store.claim({ destinations: [to], token: 'next', leaseMs: 5_000, rows: 9, exceptLanes: [] });
    const numbers = rows.map(({ entry }) => JSON.parse((JSON.parse(entry) as { body: string }).body) as object);
    expect(numbers).toEqual(['1', '2', '3', '5'].map(sequence => ({ sequence })));
    expect(rows.map(({ lane }) => lane)).toEqual(Array.from({ length: 4 }, () => 'user 1'));
  });

  it('gives the rows of a lane in the order of their numbers, whoever wrote them when', async () => {
    const { rows } = await database.pool.query<{ event_id: string }>(
      `SELECT event_id FROM nestjs_sns_sqs.outbox_messages WHERE lane = 'busy' ORDER BY id`,
    );
    const ids = rows.map(({ event_id: id }) => Number(id));
    expect(ids).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
  });

  it('takes no more large messages at a time than a process can hold', async () => {
    const to = 'sns:large';
    await store.open([to]);
    await database.pool.query(
      `INSERT INTO nestjs_sns_sqs.outbox_messages (destination, bucket, event_id, type, entry)
       SELECT $1, n % 16, n::text, 't', repeat('x', 1000000) FROM generate_series(1, 24) n`,
      [to],
    );
    const claim = { destinations: [to], token: 'large', leaseMs: 5_000, rows: 400, exceptLanes: [] };
    expect(await store.claim(claim)).toHaveLength(9);
  });

  it('wakes the relay of another process at the commit, with and without a lane, and after its connection was cut', async () => {
    const [writer, wake] = [new PostgresOutbox({ pool: database.pool, notify: true }), jest.fn()];
    const connections: Client[] = [];
    const listen = async (): Promise<Client> => {
      const client = new Client(database.url);
      await client.connect();
      connections.push(client);
      return client;
    };
    const stop = new PostgresOutbox({ pool: database.pool, listen }).watch(wake);
    const woken = (times: number) => waitFor('a hint', () => wake.mock.calls.length >= times);
    await woken(1);
    const { tx, commit } = await begin(database.pool);
    await writer.add(tx, { ...message('a', 'user 1'), destination: 'sns:told' }, false);
    expect(wake).toHaveBeenCalledTimes(1);
    await commit();
    await woken(2);
    await database.pool.query('SELECT pg_terminate_backend($1)', [
      (connections[0] as { processID?: number }).processID,
    ]);
    await woken(3);
    await writer.add(database.pool, { ...message('b'), destination: 'sns:told' }, false);
    await woken(4);
    await stop();
    expect(connections).toHaveLength(2);
  });

  it('shows what was refused, and puts it back', async () => {
    const to = 'sns:refusing';
    const commit = async (id: string): Promise<void> =>
      store.add(database.pool, { ...message(id, 'user 1'), destination: to }, false);
    await store.open([to]);
    await commit('a');
    await commit('b');
    const claim = (token: string) =>
      store.claim({ destinations: [to], token, leaseMs: 5_000, rows: 10, exceptLanes: [] });
    const rows = await claim('refusing');
    await store.settle('refusing', { sent: [], refused: rows.map(({ row }) => ({ row, code: 'C', reason: 'r' })) });
    const refused = await store.refused({ destination: to });
    expect(refused).toMatchObject([{ id: 'a', code: 'C', reason: 'r', lane: 'user 1' }, { id: 'b' }]);
    expect(Date.parse(refused[0]?.refusedAt ?? '')).toBeGreaterThan(0);
    expect(await store.requeue({ destination: 'sns:another' })).toBe(0);
    expect(await store.requeue({ rows: [refused[0]?.row ?? ''] })).toBe(1);
    expect(await store.requeue({ destination: to })).toBe(1);
    expect((await claim('again')).map(({ id }) => id)).toEqual(['a', 'b']);
    expect(await store.destinations()).toContain(to);
  });

  it('settles what was refused for a reason that PostgreSQL cannot keep as it is', async () => {
    const to = 'sns:odd-reasons';
    await store.open([to]);
    const reasons = ['nothing \0 there', 'half \ud83d', '\udc00 half', 'whole \ud83d\ude42', 'a \\u0000 in words'];
    for (const [index] of reasons.entries()) {
      const { tx, commit } = await begin(database.pool);
      await store.add(tx, { ...message(String(index)), destination: to }, false);
      await commit();
    }
    // Rows of no lane are in any bucket, and a claim takes eight.
    for (let claimed = 0; claimed < reasons.length;) {
      const rows = await store.claim({ destinations: [to], token: 'odd', leaseMs: 60_000, rows: 99, exceptLanes: [] });
      const refused = rows.map(({ row, id }) => ({ row, code: 'PUBLISH_FAILED', reason: reasons[Number(id)] ?? '' }));
      await store.settle('odd', { sent: [], refused });
      claimed += rows.length;
    }
    const kept = (await store.refused({ destination: to })).map(({ reason }) => reason);
    expect(kept.toSorted()).toEqual(
      ['nothing \ufffd there', 'half \ufffd', '\ufffd half', 'whole \ud83d\ude42', 'a \\u0000 in words'].toSorted(),
    );
  });

  it('removes lanes without a number a day after their last use, page by page, and no others', async () => {
    const { pool } = database;
    const lanes = async (): Promise<number> => {
      const { rows } = await pool.query<{ n: number }>('SELECT count(*)::int AS n FROM nestjs_sns_sqs.outbox_lanes');
      return rows[0]?.n ?? 0;
    };
    await pool.query('TRUNCATE nestjs_sns_sqs.outbox_lanes');
    await pool.query(
      `INSERT INTO nestjs_sns_sqs.outbox_lanes (destination, lane, sequence, used_at)
       SELECT 'sns:lanes', n::text, CASE WHEN n % 4 = 0 THEN 1 END,
         now() - CASE WHEN n % 2 = 0 THEN interval '25 hours' ELSE interval '23 hours' END
       FROM generate_series(1, 12000) n`,
    );
    const cleaner = new PostgresOutbox({ pool });
    // Of 5,000 each; the fourth is behind the last one, and the next begins anew.
    for (const left of [10_750, 9_500, 9_000, 9_000]) {
      await cleaner.tidy();
      expect(await lanes()).toBeCloseTo(left, -3);
    }
    expect(await lanes()).toBe(9_000);
    await pool.query(`UPDATE nestjs_sns_sqs.outbox_lanes SET used_at = now() - interval '2 days' WHERE lane = '1'`);
    for (let page = 0; page < 4; page += 1) await cleaner.tidy();
    expect(await lanes()).toBe(8_999);
  });

  it('finds what is to be relayed by its index, however much waits and however much is left for others', async () => {
    const { pool } = database;
    await pool.query(
      `INSERT INTO nestjs_sns_sqs.outbox_messages (destination, bucket, lane, event_id, type, entry)
       SELECT 'sns:many', n % 16, 'user ' || n % 1000, n::text, 't', '{}' FROM generate_series(1, 20000) n`,
    );
    await pool.query(
      `INSERT INTO nestjs_sns_sqs.outbox_lanes (destination, lane)
       SELECT 'sns:many', 'user ' || n FROM generate_series(1, 20000) n`,
    );
    await pool.query('ANALYZE nestjs_sns_sqs.outbox_messages, nestjs_sns_sqs.outbox_lanes');
    await store.open(['sns:many']);
    const sql = outboxSql('nestjs_sns_sqs');
    const client = await pool.connect();
    // Of 20,000 rows a whole table is nearly as cheap, and the planner's statistics decide: what counts is that an index serves.
    await client.query('SET enable_seqscan = off');
    for (const [text, values] of [
      [sql.lease, [JSON.stringify(['sns:many']), 'plan', '1000']],
      [sql.read, ['plan', '50', '[]']],
      [sql.tidy, ['', '']],
      [sql.neglected, ['[]', '1000']],
    ] as const) {
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${text}`, [...values]);
      const plan = rows.map(row => row['QUERY PLAN']).join('\n');
      expect(plan).toMatch(/Index (Only )?Scan using (outbox_messages_due|outbox_lanes_pkey)/);
      expect(plan).not.toMatch(/Seq Scan on outbox_(messages|lanes)/);
    }
    client.release(true);
  });
});

describe('PostgresOutbox, where a connection does not answer', () => {
  afterEach(() => jest.useRealTimers());

  it.each<[string, (store: PostgresOutbox) => Promise<unknown>]>([
    ['open', store => store.open([TO])],
    ['claim', store => store.claim({ destinations: [TO], token: 'a', leaseMs: 5_000, rows: 9, exceptLanes: [] })],
    ['renew', store => store.renew('a', 5_000)],
    ['settle', store => store.settle('a', { sent: ['1'], refused: [] })],
    ['status', store => store.status([TO])],
    ['tidy', store => store.tidy()],
  ])('gives up after the lease, closes it, and has the next %s on another', async (_, call) => {
    jest.useFakeTimers();
    const released: unknown[] = [];
    let connections = 0;
    const pool = {
      query: () => Promise.reject(new Error('not by the pool')),
      connect: () => {
        const isDead = (connections += 1) === 1;
        return Promise.resolve({
          query: () => (isDead ? new Promise<never>(() => undefined) : Promise.resolve({ rows: [] })),
          release: (isSpoilt: unknown) => released.push(isSpoilt),
        });
      },
    };
    const store = new PostgresOutbox({ pool, relay: { leaseMs: 5_000 } });
    const [result] = await Promise.all([Promise.allSettled([call(store)]), jest.advanceTimersByTimeAsync(5_001)]);
    const reason: unknown = expect.objectContaining({ message: expect.stringMatching(/an answer within 5000 ms/) });
    expect(result).toEqual([{ status: 'rejected', reason }]);
    await call(store);
    expect(released.slice(0, 2)).toEqual([true, false]);
  });
});

describeWithPostgres('The tables of PostgreSQL', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await TestDatabase.create();
  });

  afterEach(() => database.drop());

  it('are made once by many processes that start at one time', async () => {
    const made = await Promise.all([1, 2, 3].map(() => migrate(database.pool)));
    expect(new Set(made.flat())).toEqual(new Set(knownMigrations()));
    expect(await migrate(database.pool)).toEqual([]);
    expect((await appliedMigrations(database.pool)).toSorted()).toEqual(knownMigrations().toSorted());
  });

  it('are made by the text too, which may be run again, in a schema of any name', async () => {
    for (let time = 0; time < 2; time += 1) await database.pool.query(migrationsSql('messages'));
    expect(await migrate(database.pool, 'messages')).toEqual([]);
    const store = new PostgresOutbox({ pool: database.pool, schema: 'messages' });
    expect(await store.status([TO])).toHaveLength(1);
  });

  it.each(['user', 'order', 'interval', 'x'.repeat(63)])('and calls are possible in the schema %s', async schema => {
    await migrate(database.pool, schema);
    await database.pool.query(migrationsSql(schema));
    const store = new PostgresOutbox({ pool: database.pool, schema, notify: true, keep: { days: 1 } });
    const inbox = new PostgresInboxStore({ pool: database.pool, schema, commandTimeoutMs: 60_000 });
    await store.open([TO]);
    const { tx, commit } = await begin(database.pool);
    await store.addNext(tx, message('a', 'lane'), 'placeholder');
    await store.schedule(tx, message('b'), { dueAt: new Date(0) });
    await commit();
    const rows = await store.claim({ destinations: [TO], token: 'token', leaseMs: 60_000, rows: 99, exceptLanes: [] });
    const [first, ...others] = rows.map(({ row }) => row);
    const refused = [{ row: first ?? '', code: 'PUBLISH_FAILED', reason: '' }];
    await store.settle('token', { sent: others, refused });
    expect(await store.requeue()).toBe(1);
    expect(await store.destinations()).toEqual([TO]);
    await store.tidy();
    const claim = { queue: 'queue', key: 'key', token: 'token', subject: 'subject' };
    expect(await inbox.claim(claim, 1_000)).toMatchObject({ status: 'claimed' });
    const done = await begin(database.pool);
    await inbox.doneIn(done.tx, claim, { rememberForMs: 1_000, position: '1' });
    await done.commit();
    await inbox.steering.setPaused('scope', 'queue', true);
    expect(await inbox.steering.pausedQueues('scope')).toEqual(['queue']);
    await inbox.cleanUp();
    await inbox.close();
  });

  it('wake the relays of a schema with a long name', async () => {
    const schema = 'x'.repeat(63);
    const store = new PostgresOutbox({
      pool: database.pool,
      schema,
      notify: true,
      listen: async () => {
        const listening = new Client({ connectionString: database.url });
        await listening.connect();
        return listening;
      },
    });
    await store.migrate();
    let wakes = 0;
    const unwatch = store.watch(() => (wakes += 1));
    await waitFor('the relay to listen', () => wakes > 0);
    const { tx, commit } = await begin(database.pool);
    await store.add(tx, message('a'), false);
    await commit();
    await waitFor('a notification', () => wakes > 1);
    await unwatch();
    expect(wakes).toBeGreaterThan(1);
  });

  it('refuse a schema whose name would have to be quoted', async () => {
    expect(() => migrationsSql('a"; DROP')).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }));
    await expect(migrate(database.pool, 'A')).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    await expect(migrate(undefined as never)).rejects.toThrow(/expected a `Pool` of pg/);
    const wrong = { pool: {}, schema: 'A', relay: { pollMs: 1 } };
    expect(() => new PostgresOutbox(wrong as never)).toThrow(/`pool`.*`schema`.*`relay/s);
  });
});
