import { DataSource } from 'typeorm';
import { describeWithPostgres, hasPostgres, TestDatabase } from '../../../../../test/support/postgres.js';
import { waitFor } from '../../../../../test/support/wait-for.js';
import { newToken } from '../../inbox/inbox-key.js';
import type { InboxClaim } from '../../interfaces/inbox-store.interface.js';
import { inboxStoreContract } from '../../testing/inbox-store-contract.js';
import { fromPg } from '../sql/from-pg.js';
import { migrate } from '../migrations.js';
import { PostgresInboxStore } from './postgres-inbox-store.js';

const LONG_MS = 60_000;
const REMEMBER = { rememberForMs: LONG_MS };
const claimOf = (key: string, subject?: string): InboxClaim => ({
  queue: 'q',
  key,
  token: newToken(),
  ...(subject !== undefined && { subject }),
});

let database: TestDatabase;

beforeAll(async () => {
  if (!hasPostgres) return;
  database = await TestDatabase.create();
  await migrate(database.pool);
}, 120_000);
afterAll(() => database?.drop());

/** A statement has its time on a busy machine too. */
const open = (options: object = {}): PostgresInboxStore =>
  new PostgresInboxStore({ pool: database.pool, commandTimeoutMs: LONG_MS, ...options });

inboxStoreContract('PostgresInboxStore', () => open(), { describe: describeWithPostgres, it });

inboxStoreContract(
  'PostgresInboxStore where transactions are serializable',
  () => open({ pool: database.connect({ options: '-c default_transaction_isolation=serializable' }) }),
  { describe: describeWithPostgres, it },
);

describeWithPostgres('PostgresInboxStore on PostgreSQL', () => {
  const TABLES = ['inbox_events', 'inbox_subjects', 'inbox_places'].map(name => `nestjs_sns_sqs.${name}`);
  beforeEach(() => database.pool.query(`TRUNCATE ${TABLES.join()}`));

  it('is the same through two stores: one claimant over both', async () => {
    const [one, other] = [open({ pool: database.connect() }), open({ pool: database.connect() })];
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, n) => (n % 2 ? one : other).claim(claimOf('.a', '.s'), LONG_MS)),
    );
    expect(results.filter(({ status }) => status === 'claimed')).toHaveLength(1);
  });

  it('has one event of a subject in work when many are claimed at once', async () => {
    const stores = [open({ pool: database.connect() }), open({ pool: database.connect() })] as const;
    const claims = Array.from({ length: 40 }, (_, n) => claimOf(`.${n}`, '.s'));
    const results = await Promise.all(claims.map((claim, n) => stores[n % 2 ? 1 : 0].claim(claim, LONG_MS)));
    expect(results.filter(({ status }) => status === 'claimed')).toHaveLength(1);
    const { rows } = await database.pool.query('SELECT key FROM nestjs_sns_sqs.inbox_events');
    expect(rows).toHaveLength(1);
  });

  it('calls in who waits only when the ends of claims beside it are seen', async () => {
    const store = open();
    const mine = claimOf('.a', '.s');
    await store.claim(mine, LONG_MS);
    const locked = await database.pool.connect();
    await locked.query('BEGIN');
    await locked.query('SELECT FROM nestjs_sns_sqs.inbox_events FOR UPDATE');
    const [isDone, handles] = [store.done(mine, REMEMBER), store.callIn('q', ['s:.s'])];
    let isCalledIn = false;
    void handles.then(() => (isCalledIn = true));
    for (let trips = 0; trips < 10; trips += 1) await store.ping();
    expect(isCalledIn).toBe(false);
    // It enters while the claim ends.
    const outlook = await store.putOff({
      queue: 'q',
      key: '.b',
      subject: '.s',
      place: 's:.s',
      handle: 'h',
      forMs: LONG_MS,
    });
    expect(outlook.isSubjectInWork).toBe(true);
    await locked.query('COMMIT');
    locked.release();
    expect(await isDone).toBe(true);
    expect(await handles).toEqual(['h']);
  });

  describe('doneIn', () => {
    const inTransaction = async (work: (tx: ReturnType<typeof fromPg>) => Promise<void>, end = 'COMMIT') => {
      const client = await database.pool.connect();
      try {
        await client.query('BEGIN');
        await work(fromPg(client));
        await client.query(end);
      } catch (error) {
        await client.query('ROLLBACK');
        throw error;
      } finally {
        client.release();
      }
    };

    it('marks an event done with its transaction, and advances the position', async () => {
      const store = open();
      const mine = claimOf('.a', '.s');
      await store.claim(mine, LONG_MS);
      await inTransaction(tx => store.doneIn(tx, mine, { ...REMEMBER, position: '7' }));
      expect(await store.claim(claimOf('.a', '.s'), LONG_MS)).toEqual({ status: 'done' });
      expect(await store.done(mine, { ...REMEMBER, position: '7' })).toBe(true);
      expect(await store.claim(claimOf('.b', '.s'), LONG_MS)).toEqual({ status: 'claimed', attempt: 1, position: '7' });
    });

    it('changes nothing when the transaction rolls back', async () => {
      const store = open();
      const mine = claimOf('.a', '.s');
      await store.claim(mine, LONG_MS);
      await inTransaction(tx => store.doneIn(tx, mine, { ...REMEMBER, position: '7' }), 'ROLLBACK');
      expect((await store.claim(claimOf('.a', '.s'), LONG_MS)).status).toBe('in-work');
      expect(await store.release(mine, 'failed')).toBe(true);
      expect(await store.claim(claimOf('.a', '.s'), LONG_MS)).toMatchObject({ status: 'claimed', attempt: 2 });
    });

    it('refuses what is no transaction: the event would be done, and its effect may still fail', async () => {
      const store = open();
      const mine = claimOf('.a');
      await store.claim(mine, LONG_MS);
      const idle = await database.pool.connect();
      const source = await new DataSource({ type: 'postgres', url: database.url }).initialize();
      for (const tx of [database.pool, idle, source, source.manager, source.createQueryRunner()]) {
        await expect(store.doneIn(tx as never, mine, REMEMBER)).rejects.toMatchObject({ code: 'NO_TRANSACTION' });
      }
      await source.destroy();
      idle.release();
      expect((await store.claim(claimOf('.a'), LONG_MS)).status).toBe('in-work');
    });

    it('refuses a claim that another has taken over, and the transaction cannot commit', async () => {
      const store = open();
      const [mine, other] = [claimOf('.a'), claimOf('.a')];
      await database.pool.query('CREATE TABLE effects (what text)');
      await store.claim(mine, 1);
      await waitFor('the lease to end', async () => (await store.claim(other, LONG_MS)).status === 'claimed');
      const client = await database.pool.connect();
      await client.query('BEGIN');
      await client.query(`INSERT INTO effects VALUES ('mine')`);
      await expect(store.doneIn(fromPg(client), mine, REMEMBER)).rejects.toMatchObject({ code: 'CLAIM_LOST' });
      // A handler that swallows the error.
      await client.query('COMMIT');
      client.release();
      expect((await database.pool.query('SELECT * FROM effects')).rows).toEqual([]);
      expect(await store.done(other, REMEMBER)).toBe(true);
    });

    it('keeps others out while the transaction is open, without waiting, also beyond the lease', async () => {
      const store = open();
      const mine = claimOf('.a', '.s');
      await store.claim(mine, 1);
      await inTransaction(async tx => {
        await store.doneIn(tx, mine, { ...REMEMBER, position: '1' });
        await waitFor('the lease to end', async () => {
          const { rows } = await database.pool.query<{ over: boolean }>(
            'SELECT lease_ends_at < clock_timestamp() AS over FROM nestjs_sns_sqs.inbox_events',
          );
          return rows[0]?.over;
        });
        expect(await store.claim(claimOf('.a', '.s'), LONG_MS)).toEqual({ status: 'in-work', retryAfterMs: 1_000 });
        expect(await store.claim(claimOf('.b', '.s'), LONG_MS)).toMatchObject({ status: 'subject-in-work' });
        expect(await store.renew([mine], LONG_MS)).toEqual([true]);
        // Of the same claim, from outside: nobody knows yet how the transaction ends.
        expect(await store.release(mine, 'failed')).toBe(false);
      });
      expect(await store.claim(claimOf('.a', '.s'), LONG_MS)).toEqual({ status: 'done' });
    });
  });

  it('deletes what is over, in steps, and nothing else', async () => {
    const store = open();
    await database.pool.query(`INSERT INTO nestjs_sns_sqs.inbox_events
      SELECT 'q', '.' || n, 'd', 't', 0, NULL, clock_timestamp() + CASE WHEN n % 5 = 0 THEN 1 ELSE -1 END * interval '1 hour'
      FROM generate_series(1, 5000) n`);
    const mine = claimOf('.mine', '.s');
    await store.claim(mine, LONG_MS);
    await store.done(mine, { ...REMEMBER, position: '1' });
    await store.putOff({ queue: 'q', key: '.a', place: 'e:.a', handle: 'h', forMs: 1 });
    await store.putOff({ queue: 'q', key: '.b', place: 'e:.b', handle: 'h', forMs: LONG_MS });
    await store.cleanUp();
    const left = async (table: string): Promise<number> =>
      (await database.pool.query(`SELECT FROM nestjs_sns_sqs.${table}`)).rowCount ?? 0;
    expect(await left('inbox_events')).toBe(1_001);
    expect(await left('inbox_subjects')).toBe(1);
    expect(await left('inbox_places')).toBe(1);
  });

  it('reads and cleans by an index, however many records there are', async () => {
    await database.pool.query(`INSERT INTO nestjs_sns_sqs.inbox_events
      SELECT 'q', '.' || n, 'd', 't', 0, NULL, clock_timestamp() + interval '1 hour' FROM generate_series(1, 50000) n`);
    await database.pool.query(`INSERT INTO nestjs_sns_sqs.inbox_subjects (queue, subject, position, forget_at)
      SELECT 'q', '.' || n, '1', 'infinity' FROM generate_series(1, 50000) n`);
    await database.pool.query('ANALYZE nestjs_sns_sqs.inbox_events, nestjs_sns_sqs.inbox_subjects');
    const client = await database.pool.connect();
    // A connection tells its scans late, at the latest when it ends: those of earlier tests, of tables that were small.
    const others = `FROM pg_stat_activity
      WHERE pid <> pg_backend_pid() AND datname = current_database() AND backend_type = 'client backend'`;
    await client.query(`SELECT pg_terminate_backend(pid) ${others}`);
    await waitFor('the other connections to end', async () => (await client.query(`SELECT ${others}`)).rowCount === 0);
    const scans = async (): Promise<unknown> => {
      await client.query('SELECT pg_stat_force_next_flush()');
      const { rows } = await client.query(
        `SELECT relname, seq_scan FROM pg_stat_user_tables WHERE relname IN ('inbox_events', 'inbox_subjects') ORDER BY 1`,
      );
      return rows;
    };
    const [before, store] = [await scans(), open({ pool: one(client) })];
    for (let n = 1; n <= 10; n += 1) {
      const [fresh, known] = [claimOf(`.new-${n}`, `.${n}`), claimOf(`.${n}`)];
      await store.claim(fresh, LONG_MS);
      await store.claim(known, LONG_MS);
      await store.renew([fresh], LONG_MS);
      await (n % 2 ? store.done(fresh, { ...REMEMBER, position: '2' }) : store.release(fresh, 'failed', '5', 10));
      await store.putOff({ queue: 'q', key: '.1', subject: '.1', place: 'e:.1', handle: 'h', forMs: 1 });
      await store.cleanUp();
    }
    expect(await scans()).toEqual(before);
    client.release();
  });
});

/** A pool of one connection: what it has done is in the statistics as soon as it asks for them. */
function one(client: { query: (text: string, values?: unknown[]) => Promise<unknown> }): object {
  const query = (text: string, values: readonly unknown[] = []): Promise<unknown> => client.query(text, [...values]);
  return { query, connect: () => Promise.resolve({ query, release: () => undefined }) };
}
