import { describeWithPostgres, hasPostgres, TestDatabase } from '../../../../../test/support/postgres.js';
import { steeringStoreContract } from '../../testing/steering-store-contract.js';
import { PostgresInboxStore } from '../inbox/postgres-inbox-store.js';
import { migrate } from '../migrations.js';

let database: TestDatabase;

beforeAll(async () => {
  if (!hasPostgres) return;
  database = await TestDatabase.create();
  await migrate(database.pool);
}, 120_000);
afterAll(() => database?.drop());

/** A statement has its time on a busy machine too. */
const PATIENT = { commandTimeoutMs: 60_000 };
const subjectOf = (settings: object = {}) => {
  const stores = [1, 2].map(() => new PostgresInboxStore({ pool: database.connect(settings), ...PATIENT }));
  const [one, other] = stores.map(({ steering }) => steering);
  if (!one || !other) throw new Error('no store');
  const close = async (): Promise<void> => void (await Promise.all(stores.map(store => store.close())));
  return { one, other, close };
};

steeringStoreContract('PostgreSQL', () => subjectOf(), { describe: describeWithPostgres, it });

steeringStoreContract(
  'PostgreSQL where transactions are serializable',
  () => subjectOf({ options: '-c default_transaction_isolation=serializable' }),
  { describe: describeWithPostgres, it },
);

describeWithPostgres('steering in PostgreSQL', () => {
  const LIMIT = { messages: 1_000, perSeconds: 1 };
  const TABLE = 'nestjs_sns_sqs.steering_buckets';
  const keys = async (): Promise<string[]> =>
    (await database.pool.query<{ key: string }>(`SELECT key FROM ${TABLE} ORDER BY key`)).rows.map(({ key }) => key);
  beforeEach(() => database.pool.query(`TRUNCATE ${TABLE}`));

  it('forgets the buckets of keys that are full again', async () => {
    const store = new PostgresInboxStore({ pool: database.pool, cleanUpEverySeconds: 0, ...PATIENT });
    await store.steering.takeTurn('q', 'a', LIMIT, false);
    await store.steering.takeTurn('q', 'b', LIMIT, false);
    await database.pool.query(`UPDATE ${TABLE} SET forget_at = 0 WHERE key = 'a'`);
    await store.cleanUp();
    expect(await keys()).toEqual(['b']);
    await store.close();
  });

  it('cleans up an inbox whose database has no table for it yet', async () => {
    const schema = 'before_steering';
    await migrate(database.pool, schema);
    await database.pool.query(`DROP TABLE ${schema}.steering_buckets CASCADE`);
    await database.pool.query(`DROP FUNCTION ${schema}.steering_clean_up`);
    const store = new PostgresInboxStore({ pool: database.pool, schema, cleanUpEverySeconds: 0, ...PATIENT });
    await expect(store.cleanUp()).resolves.toBeUndefined();
    await store.close();
  });

  it('gives nobody more than there is while many ask at once', async () => {
    const { one, other, close } = subjectOf();
    const limit = { messages: 5, perSeconds: 600 };
    const waits = await Promise.all(
      Array.from({ length: 40 }, (_, n) => (n % 2 ? one : other).takeTurn('q', 'a', limit, n % 3 === 0)),
    );
    expect(waits.filter(ms => ms === 0)).toHaveLength(1);
    await close();
  });

  it.each([false, true])(
    'lets nothing run whose turn takes less than the clock can tell (has waited: %p)',
    async hasWaited => {
      const { one, close } = subjectOf();
      const limit = { messages: 1_000_000, perSeconds: 0.1 };
      await one.takeTurn('q', 'a', limit, hasWaited);
      await database.pool.query(`UPDATE ${TABLE} SET filled = 0, filled_at = filled_at + 600000`);
      expect(await one.takeTurn('q', 'a', limit, hasWaited)).toBe(1);
      await close();
    },
  );
});
