import { describeWithPostgres, hasPostgres, TestDatabase } from '../../../../../test/support/postgres.js';
import type { SqlPool } from '../../interfaces/sql.interface.js';
import { fromPg } from './from-pg.js';

describeWithPostgres('fromPg', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    if (!hasPostgres) return;
    database = await TestDatabase.create();
    await database.pool.query('CREATE TABLE things (name text)');
  }, 120_000);
  afterAll(() => database?.drop());

  it('refuses a pool, and a connection outside a transaction', async () => {
    const client = await database.pool.connect();
    for (const wrong of [database.pool, client]) {
      expect(() => fromPg(wrong)).toThrow(expect.objectContaining({ code: 'NO_TRANSACTION' }) as Error);
    }
    client.release();
  });

  it('writes in the transaction of its connection', async () => {
    const client = await database.pool.connect();
    await client.query('BEGIN');
    await fromPg(client).query('INSERT INTO things VALUES ($1)', ['gone']);
    await client.query('ROLLBACK');
    client.release();
    expect((await database.pool.query('SELECT * FROM things')).rows).toEqual([]);
  });

  it("needs nothing more than pg's pool has", async () => {
    const pool: SqlPool = database.pool;
    const connection = await pool.connect();
    expect((await connection.query<{ n: number }>('SELECT $1::int AS n', [7])).rows).toEqual([{ n: 7 }]);
    connection.release();
  });
});
