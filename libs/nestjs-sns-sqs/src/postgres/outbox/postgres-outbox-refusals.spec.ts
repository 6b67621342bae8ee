import { jest } from '@jest/globals';
import type { Pool, PoolClient } from 'pg';
import { describeWithPostgres, TestDatabase } from '../../../../../test/support/postgres.js';
import { waitFor } from '../../../../../test/support/wait-for.js';
import { OutboxRelay } from '../../outbox/relay.js';
import type { RelaySend } from '../../outbox/relay-round.js';
import { migrate } from '../migrations.js';
import { PostgresOutbox } from './postgres-outbox.js';

// Servers start and restart here, on a machine that may be busy.
jest.setTimeout(120_000);

const SCHEMA = 'nestjs_sns_sqs';
const AGAIN = 'The outbox can be read and written again.';

describeWithPostgres('the relay of a PostgreSQL that refuses', () => {
  let database: TestDatabase;
  let role: string;
  let pool: Pool;
  let locker: PoolClient | undefined;
  const relays: Array<() => Promise<void>> = [];

  beforeAll(async () => {
    database = await TestDatabase.create();
    role = `user_of_${database.name}`;
    await database.admin(`CREATE ROLE ${role} LOGIN`);
    const url = new URL(database.url);
    url.username = role;
    pool = database.connect({ connectionString: url.href, max: 4 });
    // One that ends while it is lent.
    pool.on('connect', connection => connection.on('error', () => undefined));
  });

  /** The tables are new, and the role has its rights. */
  async function renew(): Promise<void> {
    await database.pool.query(`DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE`);
    await migrate(database.pool);
    await database.pool.query(`GRANT USAGE ON SCHEMA ${SCHEMA} TO ${role}`);
    await database.pool.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${SCHEMA} TO ${role}`);
  }

  beforeEach(renew);
  afterEach(() => Promise.all(relays.splice(0).map(stop => stop())));
  afterAll(async () => {
    await database.drop();
    await database.admin(`DROP ROLE IF EXISTS ${role}`);
  });

  const count = async (table: string): Promise<number> =>
    (await database.pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${SCHEMA}.${table}`)).rows[0]?.n ?? -1;

  function start({ keeps = false }: { keeps?: boolean } = {}) {
    const store = new PostgresOutbox({
      pool,
      relay: { pollMs: 50, leaseMs: 5_000 },
      ...(keeps && { keep: { days: 1 } }),
    });
    const [logged, sent]: [string[], string[]] = [[], []];
    const note = (text: string): void => void logged.push(text);
    const relay = new OutboxRelay({ store, logger: { log: note, warn: note, error: note } });
    const send: RelaySend = ({ id }) => {
      if (id === 'refused') return Promise.resolve({ code: 'C', reason: 'AWS says no', isRefused: true });
      sent.push(id);
      return Promise.resolve(undefined);
    };
    const link = relay.attach('sns:t', send);
    relays.push(() => link.detach());
    /** By the superuser: whoever writes is another service. */
    const write = async (id: string): Promise<void> => {
      const message = { destination: 'sns:t', id, type: 't', entry: '{}', lane: `lane of ${id}` };
      await store.add(database.pool, message, false);
      link.onWritten();
    };
    return { relay, logged, sent, write };
  }

  /** What a new connection is given; those that are open end. */
  async function settings(...statements: string[]): Promise<void> {
    for (const statement of statements) await database.admin(statement);
    await database.admin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${role}'`);
  }
  const sql = async (text: string): Promise<void> => void (await database.pool.query(text));

  /** PostgreSQL has no room for a row of the table, as with a full disk. */
  const fill = (table: string, event: string): Promise<void> =>
    sql(`CREATE OR REPLACE FUNCTION ${SCHEMA}.full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
      CREATE TRIGGER full_disk BEFORE ${event} ON ${SCHEMA}.${table} FOR EACH STATEMENT EXECUTE FUNCTION ${SCHEMA}.full()`);
  const empty = (table: string): Promise<void> => sql(`DROP TRIGGER full_disk ON ${SCHEMA}.${table}`);

  const FAULTS: Array<[what: string, reason: string, break_: () => Promise<void>, mend: () => Promise<void>]> = [
    [
      'transactions that are read only',
      '25006',
      () => settings(`ALTER ROLE ${role} SET default_transaction_read_only = on`),
      () => settings(`ALTER ROLE ${role} RESET default_transaction_read_only`),
    ],
    [
      'no connection that is left',
      '53300',
      () => settings(`ALTER ROLE ${role} CONNECTION LIMIT 0`),
      () => settings(`ALTER ROLE ${role} CONNECTION LIMIT -1`),
    ],
    ['a full disk', '53100', () => fill('outbox_buckets', 'UPDATE'), () => empty('outbox_buckets')],
    [
      'a right that is missing',
      '42501',
      () => sql(`REVOKE UPDATE ON ${SCHEMA}.outbox_buckets FROM ${role}`),
      () => sql(`GRANT UPDATE ON ${SCHEMA}.outbox_buckets TO ${role}`),
    ],
    [
      'a table that is gone',
      '42P01',
      () => sql(`ALTER TABLE ${SCHEMA}.outbox_messages RENAME TO gone`),
      () => sql(`ALTER TABLE ${SCHEMA}.gone RENAME TO outbox_messages`),
    ],
    [
      'a lock that stays, and a limit of time',
      '57014',
      async () => {
        await settings(`ALTER ROLE ${role} SET statement_timeout = 100`);
        locker = await database.pool.connect();
        await locker.query(`BEGIN; LOCK TABLE ${SCHEMA}.outbox_buckets IN ACCESS EXCLUSIVE MODE`);
      },
      async () => {
        await locker?.query('ROLLBACK');
        locker?.release();
        await settings(`ALTER ROLE ${role} RESET statement_timeout`);
      },
    ],
  ];

  it.each(FAULTS)('says why once, loses nothing and goes on: %s', async (_, state, break_, mend) => {
    const { relay, logged, sent, write } = start();
    await write('before');
    await waitFor('the first message', () => sent.length === 1);
    await waitFor('an empty outbox', async () => (await count('outbox_messages')) === 0);
    await break_();
    await waitFor('the reason', () => relay.fault?.includes(`SQLSTATE ${state}`) === true);
    await mend();
    await write('after');
    await waitFor('the second message', () => sent.length === 2);
    await waitFor('no fault', () => relay.fault === undefined);
    await waitFor('an empty outbox', async () => (await count('outbox_messages')) === 0);
    expect(sent).toEqual(['before', 'after']);
    expect(logged.filter(text => text.includes(`SQLSTATE ${state}`))).toHaveLength(1);
    expect(logged.at(-1)).toBe(AGAIN);
  });

  const isEmpty = async (): Promise<boolean> => (await count('outbox_messages')) === 0;

  it('publishes once what it cannot remove, says why, and removes it later', async () => {
    const { relay, logged, sent, write } = start();
    await write('before');
    await waitFor('an empty outbox', isEmpty);
    await sql(`REVOKE DELETE ON ${SCHEMA}.outbox_messages FROM ${role}`);
    await write('stays');
    await waitFor('the reason', () => relay.fault?.includes('42501') === true);
    await write('waits');
    await sql(`GRANT DELETE ON ${SCHEMA}.outbox_messages TO ${role}`);
    await waitFor('an empty outbox', isEmpty);
    expect(sent.toSorted()).toEqual(['before', 'stays', 'waits']);
    expect(logged.filter(text => text.includes('42501'))).toHaveLength(1);
    await waitFor('no fault', () => relay.fault === undefined);
  });

  it('publishes what follows a refused message that it cannot keep elsewhere', async () => {
    await sql(`REVOKE INSERT ON ${SCHEMA}.outbox_refused FROM ${role}`);
    const { relay, logged, sent, write } = start();
    await write('refused');
    await waitFor('the reason', () => relay.fault?.includes('42501') === true);
    await write('next');
    await waitFor('the next message', () => sent.length === 1);
    await waitFor('its removal', async () => (await count('outbox_messages')) === 1);
    expect(await count('outbox_refused')).toBe(0);
    await sql(`GRANT INSERT ON ${SCHEMA}.outbox_refused TO ${role}`);
    await waitFor('an empty outbox', isEmpty);
    expect(await count('outbox_refused')).toBe(1);
    expect(logged.filter(text => text.includes('cannot be removed'))).toHaveLength(1);
  });

  it('with `keep` on tables of an older version, names the remedy, and goes on after it', async () => {
    await sql(`DROP TABLE ${SCHEMA}.outbox_sent; DROP FUNCTION ${SCHEMA}.outbox_keep;
      DELETE FROM ${SCHEMA}.migrations WHERE name = 'outbox-2'`);
    const { logged, sent, write } = start({ keeps: true });
    await write('kept');
    await waitFor('the reason', () => logged.some(text => text.includes('SQLSTATE 42P01')));
    expect(logged.join('\n')).toContain('run `npx nestjs-sns-sqs outbox migrate`');
    expect(await migrate(database.pool)).toEqual(['outbox-2']);
    await sql(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${SCHEMA} TO ${role}`);
    await waitFor('an empty outbox', isEmpty);
    expect(await count('outbox_sent')).toBe(1);
    expect(sent).toEqual(['kept']);
  });

  it('relays from tables that were dropped and made again', async () => {
    const { relay, sent, write } = start();
    await write('before');
    await waitFor('an empty outbox', isEmpty);
    await sql(`DROP SCHEMA ${SCHEMA} CASCADE`);
    await waitFor('the reason', () => relay.fault !== undefined);
    await renew();
    await write('after');
    await waitFor('the second message', () => sent.length === 2);
    await waitFor('an empty outbox', isEmpty);
    expect(sent).toEqual(['before', 'after']);
  });

  it('relays although it may not count, and counts later', async () => {
    await sql(`REVOKE SELECT ON ${SCHEMA}.outbox_refused FROM ${role}`);
    const { relay, sent, write } = start();
    for (let n = 0; n < 5; n += 1) await write(`${n}`);
    await waitFor('all messages', () => sent.length === 5);
    await waitFor('an empty outbox', isEmpty);
    expect(relay.fault).toBeUndefined();
  });

  it('never joins a transaction that the service has left open', async () => {
    const { sent, write } = start();
    await write('before');
    await waitFor('an empty outbox', isEmpty);
    const left = await Promise.all([1, 2, 3, 4].map(() => pool.connect()));
    for (const tx of left) {
      await tx.query('BEGIN');
      // It should have ended it.
      tx.release();
    }
    await write('after');
    await waitFor('an empty outbox', isEmpty);
    expect(sent).toEqual(['before', 'after']);
  });

  it('passes on to a writer what ends its transaction, and what another one holds', async () => {
    const { sent, write } = start();
    const store = new PostgresOutbox({ pool });
    const message = { destination: 'sns:t', id: 'held', type: 't', entry: '{}', lane: 'lane of next' };
    const ended: Array<string | undefined> = [];
    const transaction = async (setting: string): Promise<PoolClient> => {
      const tx = await pool.connect();
      tx.on('error', ({ code }: Error & { code?: string }) => ended.push(code));
      await tx.query(`BEGIN; SET LOCAL ${setting}`);
      return tx;
    };
    // It holds the lane, and then does nothing any more.
    const idle = await transaction('idle_in_transaction_session_timeout = 500');
    await store.add(idle, message, false);
    const waiting = await transaction('lock_timeout = 50');
    await expect(store.add(waiting, { ...message, id: 'waits' }, false)).rejects.toMatchObject({ code: '55P03' });
    await waiting.query('ROLLBACK');
    waiting.release();
    await write('next');
    await waitFor('the message', () => sent.length === 1);
    expect(ended).toContain('25P03');
    idle.release(true);
    await sql(`REVOKE INSERT ON ${SCHEMA}.outbox_messages FROM ${role}`);
    await expect(store.add(pool, message, false)).rejects.toMatchObject({ code: '42501' });
    await waitFor('an empty outbox', isEmpty);
    expect(sent).toEqual(['next']);
  });
});
