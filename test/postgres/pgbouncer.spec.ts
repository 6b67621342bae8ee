import { jest } from '@jest/globals';
import { Client, Pool, type PoolClient, type PoolConfig } from 'pg';
import { begin } from '../../libs/nestjs-sns-sqs/test/postgres-transaction.js';
import { newToken } from '../../libs/nestjs-sns-sqs/src/inbox/inbox-key.js';
import { OutboxRelay, type RelayLink } from '../../libs/nestjs-sns-sqs/src/outbox/relay.js';
import { PostgresInboxStore } from '../../libs/nestjs-sns-sqs/src/postgres/inbox/postgres-inbox-store.js';
import { knownMigrations } from '../../libs/nestjs-sns-sqs/src/postgres/migrations.js';
import { PostgresOutbox } from '../../libs/nestjs-sns-sqs/src/postgres/outbox/postgres-outbox.js';
import type { PostgresOutboxOptions } from '../../libs/nestjs-sns-sqs/src/postgres/outbox/outbox-options.js';
import { fromPg } from '../../libs/nestjs-sns-sqs/src/postgres/sql/from-pg.js';
import { inboxStoreContract } from '../../libs/nestjs-sns-sqs/src/testing/inbox-store-contract.js';
import { outboxStoreContract } from '../../libs/nestjs-sns-sqs/src/testing/outbox-store-contract.js';
import { steeringStoreContract } from '../../libs/nestjs-sns-sqs/src/testing/steering-store-contract.js';
import { PgBouncerProcess } from '../support/pgbouncer-process.mjs';
import { TestDatabase } from '../support/postgres.js';
import { waitFor } from '../support/wait-for.js';

// Servers start and restart here, on a machine that may be busy.
jest.setTimeout(120_000);

const LONG_MS = 60_000;
/** Transactions of the contracts wait for each other, each on a connection of the server. */
const OF_CONTRACTS = 6;

/** A real PgBouncer before a real PostgreSQL: `npm run test:exhaustive`. */
describe('PgBouncer', () => {
  let [first, second]: TestDatabase[] = [];
  let bouncer: PgBouncerProcess;
  const pools = new Map<string, Pool>();
  const closers: Array<() => Promise<unknown>> = [];

  /** @param database the one pool for all tests, or one with options of its own */
  function connect(database: string, options?: PoolConfig): Pool {
    const known = options ? undefined : pools.get(database);
    if (known) return known;
    const pool = new Pool({ connectionString: bouncer.url(database), max: 10, ...options });
    pool.on('error', () => undefined);
    pool.on('connect', connection => connection.on('error', () => undefined));
    pools.set(options ? `${database} ${pools.size}` : database, pool);
    return pool;
  }

  /** The machine may be busy for longer than the default of `commandTimeoutMs`. */
  const inboxOf = (database: string, options: object = {}): PostgresInboxStore =>
    new PostgresInboxStore({ pool: connect(database), commandTimeoutMs: 30_000, ...options });

  beforeAll(async () => {
    [first, second] = await Promise.all([TestDatabase.create(), TestDatabase.create()]);
    const { hostname, port } = new URL(first.url);
    const behind = ({ name }: TestDatabase, mode: string, size: number): string =>
      `host=${hostname} port=${port} dbname=${name} pool_mode=${mode} pool_size=${size}`;
    bouncer = await PgBouncerProcess.create(
      {
        first: behind(first, 'transaction', 2),
        second: behind(second, 'transaction', 2),
        contracts: behind(first, 'transaction', OF_CONTRACTS),
        statements: behind(first, 'statement', 2),
      },
      { server_reset_query: 'DISCARD ALL' },
    );
    await bouncer.start();
  });

  afterEach(() => Promise.all(closers.splice(0).map(close => close())));

  afterAll(async () => {
    await Promise.all([...pools.values()].map(pool => pool.end()));
    await bouncer?.remove();
    await Promise.all([first?.drop(), second?.drop()]);
  });

  it('makes the tables, from several processes at one time', async () => {
    const outboxes = ['first', 'first', 'statements', 'second', 'second'].map(
      database => new PostgresOutbox({ pool: connect(database) }),
    );
    const done = await Promise.all(outboxes.map(outbox => outbox.migrate()));
    expect(done.flat().length).toBeGreaterThanOrEqual(2 * knownMigrations().length);
    expect(await outboxes[0]?.migrate()).toEqual([]);
  });

  outboxStoreContract('PgBouncer, by transactions,', () => {
    const pool = connect('contracts');
    return { store: new PostgresOutbox({ pool, keep: { days: 1 } }), begin: () => begin(pool) };
  });

  inboxStoreContract('PgBouncer, by transactions,', () => inboxOf('contracts'));
  inboxStoreContract('PgBouncer, by statements,', () => inboxOf('statements'));

  steeringStoreContract('PgBouncer, by transactions,', () => {
    const stores = [1, 2].map(() => inboxOf('contracts'));
    const [one, other] = stores.map(({ steering }) => steering);
    if (!one || !other) throw new Error('no store');
    return { one, other, close: async () => void (await Promise.all(stores.map(store => store.close()))) };
  });

  type Sent = Array<{ id: string; lane: string | undefined; n: string }>;
  /** By destination, in their order: those of all relays. */
  const journal = new Map<string, Sent>();
  const sentTo = (to: string): Sent => {
    const known = journal.get(to) ?? [];
    journal.set(to, known);
    return known;
  };
  beforeEach(() => journal.clear());

  /** A process of a service that has two databases: each with a relay, and one transaction after the other. */
  function service(database: string, options: Partial<PostgresOutboxOptions> = {}, relays = database) {
    const to = `sns:${database}`;
    const pool = connect(database);
    const store = new PostgresOutbox({ pool: connect(relays), relay: { pollMs: 100 }, ...options });
    const inbox = inboxOf(database, { cleanUpEverySeconds: 1 });
    const sent = sentTo(to);
    const logged: string[] = [];
    const note = (text: string): void => void logged.push(text);
    const relay = new OutboxRelay({ store, logger: { log: note, warn: note, error: note } });
    const link: RelayLink = relay.attach(to, ({ id, lane, entry }) => {
      const failure = { code: 'C', reason: 'AWS says no', isRefused: true };
      if (id.startsWith('refused') && !sent.some(each => each.id === `${id} once`)) {
        sent.push({ id: `${id} once`, lane: undefined, n: '' });
        return Promise.resolve(failure);
      }
      sent.push({ id, lane, n: entry });
      return Promise.resolve(undefined);
    });
    closers.push(() => Promise.all([link.detach(), inbox.close()]));
    const within = async (work: (tx: PoolClient) => Promise<void>, ends: 'COMMIT' | 'ROLLBACK' = 'COMMIT') => {
      const tx = await pool.connect();
      try {
        await tx.query('BEGIN');
        await work(tx);
        await tx.query(ends);
      } finally {
        tx.release();
      }
    };
    const emit = async (tx: PoolClient, id: string, lane: string): Promise<void> => {
      const message = { destination: to, id, type: 't', entry: '#', lane };
      await store.addNext(fromPg(tx), message, '#');
      link.onWritten();
    };
    return { to, pool, store, inbox, sent, logged, relay, within, emit };
  }
  type Service = ReturnType<typeof service>;

  const isEmpty = async ({ store, to }: Service): Promise<boolean> => {
    const [status] = await store.status([to]);
    return status?.waiting === 0 && status.scheduled === 0;
  };

  it('writes, numbers, relays and handles in two databases with two connections each', async () => {
    const listens = { made: 0 };
    const listen = async (): Promise<Client> => {
      listens.made += 1;
      const client = new Client(bouncer.url('first'));
      await client.connect();
      return client;
    };
    const [one, other, elsewhere] = [
      service('first', { keep: { days: 1 }, notify: true, listen }),
      service('first', { keep: { days: 1 }, relay: false }),
      service('second'),
    ] as const;
    const change = async (by: Service, n: number): Promise<void> => {
      const claim = { queue: 'q', key: `.${n}`, subject: `.s${n % 4}`, token: newToken() };
      const ends = n % 5 === 0 ? 'ROLLBACK' : 'COMMIT';
      expect(await by.inbox.claim(claim, LONG_MS)).toMatchObject({ status: 'claimed' });
      await by.within(async tx => {
        await by.emit(tx, `e${n}`, `user ${n % 4}`);
        await by.inbox.doneIn(fromPg(tx), claim, { rememberForMs: LONG_MS });
      }, ends);
      expect(await by.inbox.renew([claim], LONG_MS)).toEqual([ends === 'ROLLBACK']);
      if (ends === 'ROLLBACK') await by.inbox.release(claim, 'unstarted');
      expect(await by.inbox.claim({ ...claim, token: newToken() }, 1)).toMatchObject({
        status: ends === 'ROLLBACK' ? 'claimed' : 'done',
      });
    };
    // Of one subject one event at a time is claimed.
    const inTurn = async (by: Service, from: number): Promise<void> => {
      for (let n = from; n < 60; n += 2) await change(by, n);
    };
    await Promise.all([inTurn(one, 0), inTurn(elsewhere, 1)]);
    await inTurn(other, 1);
    await one.store.schedule(undefined, messageTo('first', 'later'), { dueAt: new Date(), key: 'k' });
    await one.store.schedule(undefined, messageTo('first', 'never'), {
      dueAt: new Date(Date.now() + LONG_MS),
      key: 'n',
    });
    expect(await one.store.cancel(undefined, 'sns:first', 'n')).toBe(true);
    await one.within(tx => one.emit(tx, 'refused', 'user 9'));
    await waitFor('the refused message', async () => (await one.store.refused({ destination: one.to })).length === 1);
    expect(await one.store.requeue({ destination: one.to })).toBe(1);
    await waitFor('an empty outbox', () => isEmpty(one));
    await waitFor('the other empty outbox', () => isEmpty(elsewhere));
    for (const { sent } of [one, elsewhere]) {
      for (const lane of [0, 1, 2, 3].map(n => `user ${n}`)) {
        const numbers = sent.filter(each => each.lane === lane).map(({ n }) => Number(n));
        expect(numbers).toEqual(numbers.map((_, index) => index + 1));
      }
    }
    const events = (all: Sent) => all.filter(({ id }) => id.startsWith('e')).map(({ id }) => id);
    expect(new Set(events(one.sent)).size).toBe(48);
    expect(events(one.sent)).toHaveLength(48);
    expect(events(elsewhere.sent)).toHaveLength(24);
    expect(one.sent.some(({ id }) => id === 'later')).toBe(true);
    expect([...one.logged, ...other.logged, ...elsewhere.logged].filter(text => !text.includes('refused'))).toEqual([]);
    // What it listens to is told to nobody, and nothing fails: it has connected once.
    expect(listens.made).toBe(1);
    await one.inbox.cleanUp();
    const { rows } = await first.pool.query<{ locks: number }>(
      `SELECT (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND database = d.oid) AS locks
       FROM pg_database d WHERE d.datname = current_database()`,
    );
    expect(rows).toEqual([{ locks: 0 }]);
    // Sessions of the server belong to nobody: statements must not leave anything in them.
    const prepared = await one.pool.query('SELECT FROM pg_prepared_statements');
    expect(prepared.rowCount).toBe(0);
  });

  it('relays by single statements', async () => {
    const one = service('first', { keep: { days: 1 } }, 'statements');
    for (let n = 0; n < 20; n += 1) await one.within(tx => one.emit(tx, `s${n}`, `of statements ${n % 3}`));
    await waitFor('an empty outbox', () => isEmpty(one));
    expect(one.sent).toHaveLength(20);
    expect(one.logged).toEqual([]);
  });

  it('relays while transactions of the service wait for each other, and take all connections of the server', async () => {
    const one = service('second');
    const holding = await one.pool.connect();
    await holding.query('BEGIN');
    await one.emit(holding, 'held', 'busy');
    const waiting = one.within(tx => one.emit(tx, 'waits', 'busy'));
    await holding.query('COMMIT');
    holding.release();
    await waiting;
    await waitFor('an empty outbox', () => isEmpty(one));
    expect(one.sent.map(({ id }) => id)).toEqual(['held', 'waits']);
    expect(one.logged).toEqual([]);
  });

  it('goes on after a restart of PgBouncer, and loses nothing', async () => {
    const one = service('first');
    await one.within(tx => one.emit(tx, 'before', 'restart'));
    await waitFor('the first message', () => isEmpty(one));
    expect(one.sent).toHaveLength(1);
    await bouncer.stop();
    await waitFor('the reason', () => one.relay.fault !== undefined);
    await bouncer.start();
    await waitFor('the connection', () =>
      one
        .within(tx => one.emit(tx, 'after', 'restart'))
        .then(
          () => true,
          () => false,
        ),
    );
    await waitFor('an empty outbox', () => isEmpty(one));
    expect(one.sent.map(({ id }) => id)).toEqual(['before', 'after']);
    await waitFor('no fault', () => one.relay.fault === undefined);
    expect(one.logged).toEqual([
      expect.stringContaining('cannot be read or written'),
      expect.stringContaining('again'),
    ]);
  });

  it('refuses what sets up a session, as docs/outbox.md says', async () => {
    for (const setting of [{ statement_timeout: 100 }, { options: '-c statement_timeout=100' }]) {
      await expect(connect('first', setting).query('SELECT 1')).rejects.toThrow('unsupported startup parameter');
    }
  });

  const messageTo = (database: string, id: string) => ({ destination: `sns:${database}`, id, type: 't', entry: '{}' });
});
