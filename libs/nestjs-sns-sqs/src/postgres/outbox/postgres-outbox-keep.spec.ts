import { randomBytes } from 'node:crypto';
import { describeWithPostgres, TestDatabase } from '../../../../../test/support/postgres.js';
import type { OutboxMessage } from '../../interfaces/outbox-store.interface.js';
import { begin } from '../../../test/postgres-transaction.js';
import { outboxStoreContract } from '../../testing/outbox-store-contract.js';
import { PostgresOutbox } from './postgres-outbox.js';

const TO = 'sns:users-domain-events';
const SENT = 'nestjs_sns_sqs.outbox_sent';
const message = (id: string): OutboxMessage => ({ destination: TO, id, type: 't', entry: '{"n":1}', lane: 'user 1' });

describeWithPostgres('An outbox that keeps what was sent', () => {
  let database: TestDatabase;
  let store: PostgresOutbox;

  beforeAll(async () => {
    database = await TestDatabase.create();
    store = new PostgresOutbox({ pool: database.pool, keep: { days: 7 } });
    await store.migrate();
  });

  beforeEach(() => database.pool.query(`TRUNCATE ${SENT}`));
  afterAll(() => database.drop());

  outboxStoreContract('PostgreSQL with `keep`', () => ({ store, begin: () => begin(database.pool) }));

  /** The name of the partition of a day, so many days from today. */
  async function partition(days = 0): Promise<string> {
    const { rows } = await database.pool.query<{ day: string }>(
      `SELECT to_char((clock_timestamp() AT TIME ZONE 'UTC')::date + $1::int, 'YYYYMMDD') AS day`,
      [days],
    );
    return `outbox_sent_${rows[0]?.day}`;
  }

  async function partitions(): Promise<string[]> {
    const { rows } = await database.pool.query<{ name: string }>(
      `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = '${SENT}'::regclass ORDER BY 1`,
    );
    return rows.map(({ name }) => name.replace('nestjs_sns_sqs.', ''));
  }

  const kept = async (): Promise<Array<{ id: string; part: string }>> => {
    const { rows } = await database.pool.query<{ id: string; part: string }>(
      `SELECT event_id AS id, replace(tableoid::regclass::text, 'nestjs_sns_sqs.', '') AS part FROM ${SENT} ORDER BY id`,
    );
    return rows;
  };

  /** Of a day that is long over, as an earlier relay has made it. */
  async function makePartition(days: number): Promise<string> {
    const name = await partition(days);
    await database.pool.query(
      `CREATE TABLE nestjs_sns_sqs.${name} PARTITION OF ${SENT} FOR VALUES FROM (
         '${name.slice(-8)} 00:00:00+00') TO ('${(await partition(days + 1)).slice(-8)} 00:00:00+00')`,
    );
    return name;
  }

  async function sendOne(id: string, by = store): Promise<void> {
    await by.open([TO]);
    await by.add(database.pool, message(id), false);
    const [claim] = await by.claim({ destinations: [TO], token: id, leaseMs: 5_000, rows: 10, exceptLanes: [] });
    await by.settle(id, { sent: [claim?.row ?? ''], refused: [] });
  }

  it('moves it to the partition of its day, and the relay finds it no more', async () => {
    await sendOne('a');
    expect(await kept()).toEqual([{ id: 'a', part: await partition() }]);
    expect(await store.status([TO])).toMatchObject([{ waiting: 0 }]);
    const { rows } = await database.pool.query(`SELECT lane, entry, sent_at >= created_at AS after FROM ${SENT}`);
    expect(rows).toEqual([{ lane: 'user 1', entry: '{"n":1}', after: true }]);
  });

  it('moves a message once, whoever settles it how often', async () => {
    await sendOne('a');
    const { rows } = await database.pool.query<{ id: string }>(`SELECT id::text FROM ${SENT}`);
    const results = { sent: [rows[0]?.id ?? ''], refused: [] };
    await Promise.all([store.settle('a', results), store.settle('b', results)]);
    expect(await kept()).toHaveLength(1);
  });

  it('drops the days that are over, and keeps the others', async () => {
    const [old, last] = [await makePartition(-8), await makePartition(-7)];
    await store.tidy();
    const left = await partitions();
    expect(left).not.toContain(old);
    expect(left).toContain(last);
    expect(left).toEqual(expect.arrayContaining([await partition(), await partition(1), await partition(2)]));
  });

  it('makes each partition once, where many relays begin at one time', async () => {
    await database.pool.query(`DROP TABLE nestjs_sns_sqs.${await partition()}, nestjs_sns_sqs.${await partition(1)}`);
    await Promise.all(
      Array.from({ length: 8 }, () => new PostgresOutbox({ pool: database.pool, keep: { days: 7 } }).open([TO])),
    );
    expect(await partitions()).toEqual(expect.arrayContaining([await partition(), await partition(1)]));
  });

  it('waits for nobody who reads it, and drops it afterwards', async () => {
    const old = await makePartition(-9);
    const { tx, commit } = await begin(database.pool);
    await tx.query(`SELECT FROM ${SENT}`);
    await store.tidy();
    await sendOne('a');
    expect(await partitions()).toContain(old);
    await commit();
    await store.tidy();
    expect(await partitions()).not.toContain(old);
  });

  it('goes on where its user may not make a table, and deletes what is old from the common one', async () => {
    const role = `relay_${randomBytes(4).toString('hex')}`;
    const today = await partition();
    await database.pool.query(`DROP TABLE nestjs_sns_sqs.${today}`);
    await database.pool.query(`CREATE ROLE ${role}`);
    await database.pool.query(`GRANT USAGE ON SCHEMA nestjs_sns_sqs TO ${role}`);
    await database.pool.query(`GRANT ALL ON ALL TABLES IN SCHEMA nestjs_sns_sqs TO ${role}`);
    try {
      const pool = database.connect({ options: `-c role=${role}` });
      const relay = new PostgresOutbox({ pool, keep: { days: 7 } });
      await sendOne('a', relay);
      expect(await kept()).toEqual([{ id: 'a', part: 'outbox_sent_default' }]);
      await database.pool.query(`UPDATE ${SENT}_default SET sent_at = now() - interval '9 days'`);
      await sendOne('b', relay);
      await relay.tidy();
      expect(await kept()).toEqual([{ id: 'b', part: 'outbox_sent_default' }]);
      // With the rows of today in the common table, today stays there.
      await store.tidy();
      expect(await partitions()).not.toContain(today);
      await sendOne('c');
      expect((await kept()).map(({ id }) => id).toSorted()).toEqual(['b', 'c']);
    } finally {
      await database.pool.query(`DROP OWNED BY ${role}`);
      await database.pool.query(`DROP ROLE ${role}`);
    }
  });

  it('refuses a time that is none', () => {
    expect(() => new PostgresOutbox({ pool: database.pool, keep: { days: 0 } })).toThrow(/`keep\.days`/);
    expect(() => new PostgresOutbox({ pool: database.pool, keep: true as never })).toThrow(/`keep`/);
  });
});
