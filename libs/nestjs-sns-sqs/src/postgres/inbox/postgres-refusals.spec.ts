import type { Pool, PoolClient } from 'pg';
import { describeWithPostgres, hasPostgres, TestDatabase } from '../../../../../test/support/postgres.js';
import { waitFor } from '../../../../../test/support/wait-for.js';
import type { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { Inbox } from '../../inbox/inbox.js';
import { StoreHealth } from '../../inbox/store-health.js';
import type { SqlPool } from '../../interfaces/sql.interface.js';
import { migrate } from '../migrations.js';
import { PostgresCaller } from './postgres-caller.js';
import { PostgresInboxStore } from './postgres-inbox-store.js';

const LEASE_MS = 30_000;
/** For a statement: the machine may be busy for longer than the default. */
const PATIENT_MS = 60_000;
const closers: Array<() => unknown> = [];

/** One queue's inbox on a store, and what is told of it. */
function inboxOn(store: PostgresInboxStore, queue = 'q') {
  const told: string[] = [];
  const health = new StoreHealth({
    store,
    queue,
    hasSubjects: true,
    onUnavailable: 'wait',
    logger: { warn: () => undefined },
    onFault: (error: SnsSqsError) => told.push(error.message),
    onRecovery: () => told.push('recovered'),
  });
  closers.push(() => health.stop());
  const rules = {
    ordering: 'sequential',
    gapTimeoutMs: 60_000,
    onGapTimeout: 'dead-letter',
    onInvalidSequence: 'dead-letter',
    leaseMs: LEASE_MS,
    rememberForMs: 3_600_000,
  } as const;
  const inbox = new Inbox({ queue, store, health, rules });
  const admit = (subject: string, sequence = 1) =>
    inbox.admit({
      metadata: { id: `${subject}-${sequence}`, source: 's', type: 't', subject, sequence: String(sequence) },
      data: undefined,
    });
  return { health, told, inbox, admit };
}

describeWithPostgres('a PostgreSQL that refuses', () => {
  let database: TestDatabase;
  /** Of a user who is no superuser: limits hold for those only. */
  let pool: Pool;
  let role: string;
  beforeAll(async () => {
    if (!hasPostgres) return;
    database = await TestDatabase.create();
    await migrate(database.pool);
    role = `user_of_${database.name}`;
    await database.pool.query(`CREATE ROLE ${role} LOGIN`);
    await database.pool.query(`GRANT USAGE ON SCHEMA nestjs_sns_sqs TO ${role}`);
    await database.pool.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA nestjs_sns_sqs TO ${role}`);
    const url = new URL(database.url);
    url.username = role;
    pool = database.connect({ connectionString: url.href, max: 4 });
    // One that ends in the moment in which it is lent.
    pool.on('connect', connection => connection.on('error', () => undefined));
  }, 120_000);
  afterAll(async () => {
    await database?.drop();
    await database?.admin(`DROP ROLE IF EXISTS ${role}`);
  });
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });

  /** What a new connection is given; those that are open end. */
  async function settle(...statements: string[]): Promise<void> {
    for (const statement of statements) await database.admin(statement);
    await database.admin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${role}'`);
  }

  /** Whoever needs the table waits from now on. */
  async function lockTable(): Promise<PoolClient> {
    const client = await database.pool.connect();
    await client.query('BEGIN');
    await client.query('LOCK TABLE nestjs_sns_sqs.inbox_events IN ACCESS EXCLUSIVE MODE');
    return client;
  }

  it.each<[string, () => Promise<void>, () => Promise<void>]>([
    [
      'SQLSTATE 25006',
      () => settle(`ALTER ROLE ${role} SET default_transaction_read_only = on`),
      () => settle(`ALTER ROLE ${role} RESET default_transaction_read_only`),
    ],
    [
      'SQLSTATE 53300',
      () => settle(`ALTER ROLE ${role} CONNECTION LIMIT 0`),
      () => settle(`ALTER ROLE ${role} CONNECTION LIMIT -1`),
    ],
    [
      'SQLSTATE 42501',
      async () => void (await database.pool.query(`REVOKE INSERT ON nestjs_sns_sqs.inbox_events FROM ${role}`)),
      async () => void (await database.pool.query(`GRANT INSERT ON nestjs_sns_sqs.inbox_events TO ${role}`)),
    ],
    [
      'SQLSTATE 42P01',
      async () => void (await database.pool.query('ALTER TABLE nestjs_sns_sqs.inbox_events RENAME TO gone')),
      async () => void (await database.pool.query('ALTER TABLE nestjs_sns_sqs.gone RENAME TO inbox_events')),
    ],
    [
      'SQLSTATE 42883',
      async () => void (await database.pool.query('ALTER FUNCTION nestjs_sns_sqs.inbox_claim RENAME TO gone')),
      async () => void (await database.pool.query('ALTER FUNCTION nestjs_sns_sqs.gone RENAME TO inbox_claim')),
    ],
    [
      // A full disk.
      'SQLSTATE 53100',
      async () =>
        void (await database.pool.query(
          `CREATE FUNCTION nestjs_sns_sqs.full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
           CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON nestjs_sns_sqs.inbox_events
             FOR EACH ROW EXECUTE FUNCTION nestjs_sns_sqs.full()`,
        )),
      async () => void (await database.pool.query('DROP FUNCTION nestjs_sns_sqs.full CASCADE')),
    ],
  ])('is away with one reason, comes back once, and costs no attempt: %s', async (reason, refuse, admitAgain) => {
    const store = new PostgresInboxStore({ pool, commandTimeoutMs: PATIENT_MS });
    const { told, health, inbox, admit } = inboxOn(store, reason.replace(/\W/g, '-'));
    const running = await admit('running');
    expect(running).toMatchObject({ kind: 'run', attempt: 1 });
    if (running.kind !== 'run' || !running.claim) throw new Error('it has no claim');
    await refuse();
    try {
      // A call that meets a connection on its way out fails for another reason.
      await waitFor('the store to be away', async () => {
        await admit('waits-0');
        return health.isPaused;
      });
      for (let times = 0; times < 5; times += 1) {
        expect(await admit(`waits-${times}`)).toMatchObject({ kind: 'wait', why: 'unavailable' });
      }
      await inbox.renew([running.claim]);
      await waitFor('the reason to be told', () => told.some(text => text.includes(reason)));
      expect(health.isPaused).toBe(true);
    } finally {
      await admitAgain();
    }
    await waitFor('the store to be back', () => !health.isPaused);
    expect(told.filter(text => text.includes(reason))).toHaveLength(1);
    expect(told.filter(text => text === 'recovered')).toHaveLength(1);
    expect(await inbox.finish(running.claim, () => true)).toBe(true);
    expect(await admit('waits-0')).toMatchObject({ kind: 'run', attempt: 1 });
  });

  it('rejects when the connection is lost, and works on a new one', async () => {
    const store = new PostgresInboxStore({ pool: database.connect(), commandTimeoutMs: PATIENT_MS });
    const claim = { queue: 'cut', key: '.a', token: 'one' };
    await store.claim(claim, LEASE_MS);
    await database.cutConnections().catch(() => undefined);
    await waitFor('it to work again', () =>
      store.ping().then(
        () => true,
        () => false,
      ),
    );
    expect(await store.done(claim, { rememberForMs: LEASE_MS })).toBe(true);
  });

  it.each([
    ['open', (tx: PoolClient) => tx.query('CREATE TEMP TABLE effects (n int)')],
    ['failed', (tx: PoolClient) => tx.query('SELECT 1 / 0').catch(() => undefined)],
  ])('never joins a transaction that a handler has left %s', async (left, work) => {
    const shared = database.connect({ max: 1 });
    const store = new PostgresInboxStore({ pool: shared, commandTimeoutMs: PATIENT_MS });
    const claim = { queue: `left-${left}`, key: '.a', token: 'one' };
    const tx = await shared.connect();
    await tx.query('BEGIN');
    await work(tx);
    // It should have ended it.
    tx.release();
    expect(await store.claim(claim, LEASE_MS)).toEqual({ status: 'claimed', attempt: 1 });
    expect(await store.done(claim, { rememberForMs: LEASE_MS })).toBe(true);
    const other = new PostgresInboxStore({ pool: database.pool, commandTimeoutMs: PATIENT_MS });
    expect(await other.claim({ ...claim, token: 'two' }, LEASE_MS)).toEqual({ status: 'done' });
  });

  it('gives up on a server that stands still, and what it is told behind takes a late claim back', async () => {
    const store = new PostgresInboxStore({ pool: database.connect(), commandTimeoutMs: 300 });
    const patient = new PostgresInboxStore({ pool: database.connect(), commandTimeoutMs: PATIENT_MS });
    const claim = { queue: 'still', key: '.a', token: 'one' };
    await waitFor('a connection that answers', () =>
      store.ping().then(
        () => true,
        () => false,
      ),
    );
    const other = await lockTable();
    await expect(store.claim(claim, LEASE_MS)).rejects.toThrow('has not given an answer within 300 ms');
    await other.query('ROLLBACK');
    other.release();
    // The server carries out what it was sent, although nobody waits for it any more.
    await waitFor('the late claim to be released', () => patient.release(claim, 'unstarted'));
    expect(await patient.claim({ ...claim, token: 'two' }, LEASE_MS)).toEqual({ status: 'claimed', attempt: 1 });
  });

  it('gives up on a lock that stays, and a statement that is cancelled', async () => {
    const store = new PostgresInboxStore({
      pool: database.connect({ options: '-c statement_timeout=100' }),
      commandTimeoutMs: PATIENT_MS,
    });
    const claim = { queue: 'locked', key: '.a', token: 'one' };
    await store.claim(claim, LEASE_MS);
    const other = await lockTable();
    await expect(store.renew([claim], LEASE_MS)).rejects.toThrow(/SQLSTATE 57014/);
    await other.query('ROLLBACK');
    other.release();
    expect(await store.renew([claim], LEASE_MS)).toEqual([true]);
  });

  it('has one record that cannot be used concern one event', async () => {
    await database.pool.query(
      'ALTER TABLE nestjs_sns_sqs.inbox_events ADD CONSTRAINT odd CHECK (key <> $$.1:s:odd-1$$)',
    );
    const { told, health, admit } = inboxOn(new PostgresInboxStore({ pool, commandTimeoutMs: PATIENT_MS }), 'odd');
    expect(await admit('odd')).toEqual({ kind: 'wait', why: 'broken' });
    expect(await admit('well')).toMatchObject({ kind: 'run' });
    expect(health.isUnavailable).toBe(false);
    expect(told).toEqual([]);
    await database.pool.query('ALTER TABLE nestjs_sns_sqs.inbox_events DROP CONSTRAINT odd');
    expect(await admit('odd')).toMatchObject({ kind: 'run', attempt: 1 });
  });
});

describe('PostgresCaller', () => {
  const refusing = (code: string, times: number) => {
    const tries = { made: 0, released: [] as unknown[] };
    const query = <Row>(): Promise<{ rows: Row[] }> => {
      tries.made += 1;
      if (tries.made <= times) return Promise.reject(Object.assign(new Error('no'), { code }));
      return Promise.resolve({ rows: [] });
    };
    const release = (spoilt?: unknown): void => void tries.released.push(spoilt);
    const pool: SqlPool = { query, connect: () => Promise.resolve({ query, release }) };
    return { tries, caller: new PostgresCaller(pool, 1_000) };
  };

  it.each(['40001', '40P01'])('repeats what met another transaction: %s', async code => {
    const { tries, caller } = refusing(code, 3);
    expect(await caller.call('SELECT', [])).toEqual([]);
    expect(tries).toEqual({ made: 4, released: [false, false, false, false] });
  });

  it.each(['40001', '40P01'])('gives up on what always meets another one: %s', async code => {
    const { tries, caller } = refusing(code, Infinity);
    await expect(caller.call('SELECT', [])).rejects.toThrow(`SQLSTATE ${code}: no`);
    expect(tries.made).toBe(4);
  });

  it.each([
    ['25006', true],
    ['57P01', true],
    ['ECONNRESET', true],
    ['23505', false],
  ])('closes the connection where it leads to the wrong server or to none: %s', async (code, isClosed) => {
    const { tries, caller } = refusing(code, 1);
    await expect(caller.call('SELECT', [])).rejects.toThrow('no');
    expect(tries.released).toEqual([isClosed]);
  });

  it('gives up on a pool that lends nothing but open transactions, and names the remedy', async () => {
    const released: unknown[] = [];
    const query = <Row>(): Promise<{ rows: Row[] }> => Promise.reject(new Error('nothing is called'));
    const open = { query, getTransactionStatus: () => 'T', release: (spoilt?: unknown) => void released.push(spoilt) };
    const caller = new PostgresCaller({ query, connect: () => Promise.resolve(open) }, 1_000);
    await expect(caller.call('SELECT', [])).rejects.toThrow('run COMMIT or ROLLBACK before each release()');
    expect(released).toEqual(Array.from({ length: 20 }, () => true));
  });

  it('gives a connection back that comes too late', async () => {
    const released: unknown[] = [];
    let come: (value: never) => void = () => undefined;
    const connecting = new Promise<never>(resolve => (come = resolve));
    const caller = new PostgresCaller({ query: () => connecting, connect: () => connecting }, 10);
    await expect(caller.call('SELECT', [])).rejects.toThrow('PostgreSQL has not given a connection within 10 ms');
    come({ release: (spoilt?: unknown) => released.push(spoilt) } as never);
    await waitFor('the connection to go back', () => released.length > 0);
    expect(released).toEqual([undefined]);
  });
});
