import type { SNSClient } from '@aws-sdk/client-sns';
import { jest } from '@jest/globals';
import { EntitySchema as MikroEntity } from '@mikro-orm/core';
import { MikroORM } from '@mikro-orm/postgresql';
import { sql as drizzleSql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import knexOf, { type Knex } from 'knex';
import { CamelCasePlugin, Kysely, ParseJSONResultsPlugin, PostgresDialect, sql as kyselySql } from 'kysely';
import type { Pool } from 'pg';
import { lastValueFrom } from 'rxjs';
import { DataSource } from 'typeorm';
import { describeWithPostgres, hasPostgres, TestDatabase } from '../../../../../test/support/postgres.js';
import { prismaClientOn, type PrismaClient } from '../../../../../test/support/prisma-client.js';
import { ClientSNS } from '../../client/client-sns.js';
import type { SnsSqsError } from '../../errors/sns-sqs.error.js';
import type { SqlExecutor, SqlPool } from '../../interfaces/sql.interface.js';
import { PostgresOutbox } from '../outbox/postgres-outbox.js';
import { fromDrizzle } from './from-drizzle.js';
import { fromKnex, withQuestionMarks } from './from-knex.js';
import { fromKysely } from './from-kysely.js';
import { fromMikroOrm } from './from-mikro-orm.js';
import { fromPg } from './from-pg.js';
import { fromPrisma } from './from-prisma.js';
import { fromTypeOrm } from './from-type-orm.js';
import { sqlStateOf } from './sql-state.js';

type Work = (tx: SqlExecutor) => Promise<void>;

/** A library, as its users write transactions with it. */
interface Library {
  transaction(work: Work): Promise<void>;
  /** In a transaction that goes on: `work` in a savepoint, which is rolled back where it throws. */
  savepoint(before: Work, work: Work): Promise<void>;
  /** Of the adapter outside a transaction. */
  outside(): SqlExecutor;
  close(): Promise<unknown>;
}

const LIBRARIES: Record<string, (database: TestDatabase) => Promise<Library>> = {
  pg: ({ pool }) => Promise.resolve(overPg(pool)),

  drizzle: async database => {
    const db = drizzle({ client: database.connect() });
    return {
      transaction: work => db.transaction(tx => work(fromDrizzle(tx))),
      savepoint: (before, work) =>
        db.transaction(async tx => {
          await before(fromDrizzle(tx));
          await tx.execute(drizzleSql`SELECT 1`);
          await tx.transaction(inner => work(fromDrizzle(inner))).catch(unlessIntended);
        }),
      outside: () => fromDrizzle(db),
      close: () => Promise.resolve(),
    };
  },

  typeorm: async ({ url }) => {
    const source = await new DataSource({ type: 'postgres', url }).initialize();
    return {
      transaction: work => source.transaction(manager => work(fromTypeOrm(manager))),
      savepoint: (before, work) =>
        source.transaction(async manager => {
          await before(fromTypeOrm(manager));
          await manager.transaction(inner => work(fromTypeOrm(inner))).catch(unlessIntended);
        }),
      outside: () => fromTypeOrm(source.manager),
      close: () => source.destroy(),
    };
  },

  prisma: async ({ url }) => {
    const prisma = await prismaClientOn(url);
    return {
      transaction: work => prisma.$transaction(tx => work(fromPrisma(tx))),
      // Prisma has none of its own here; in PostgreSQL's words.
      savepoint: (before, work) =>
        prisma.$transaction(async (tx: PrismaClient) => {
          await before(fromPrisma(tx));
          await tx.$executeRawUnsafe('SAVEPOINT inner_one');
          await work(fromPrisma(tx)).catch(async (error: unknown) => {
            unlessIntended(error);
            await tx.$executeRawUnsafe('ROLLBACK TO SAVEPOINT inner_one');
          });
        }),
      outside: () => fromPrisma(prisma),
      close: () => prisma.$disconnect(),
    };
  },

  mikro: async ({ url }) => {
    const entity = new MikroEntity({ name: 'Thing', properties: { id: { type: 'number', primary: true } } });
    const orm = await MikroORM.init({ clientUrl: url, entities: [entity] });
    return {
      transaction: work => orm.em.fork().transactional(em => work(fromMikroOrm(em))),
      savepoint: (before, work) =>
        orm.em.fork().transactional(async em => {
          await before(fromMikroOrm(em));
          await em.transactional(inner => work(fromMikroOrm(inner))).catch(unlessIntended);
        }),
      outside: () => fromMikroOrm(orm.em.fork()),
      close: () => orm.close(),
    };
  },

  kysely: async database => {
    const plugins = [new CamelCasePlugin(), new ParseJSONResultsPlugin()];
    const db = new Kysely<object>({ dialect: new PostgresDialect({ pool: database.connect() }), plugins });
    return {
      transaction: work => db.transaction().execute(tx => work(fromKysely(tx))),
      savepoint: async (before, work) => {
        const tx = await db.startTransaction().execute();
        await before(fromKysely(tx));
        await kyselySql`SELECT 1`.execute(tx);
        const inner = await tx.savepoint('inner_one').execute();
        await work(fromKysely(inner)).catch(async (error: unknown) => {
          unlessIntended(error);
          await inner.rollbackToSavepoint('inner_one').execute();
        });
        await tx.commit().execute();
      },
      outside: () => fromKysely(db),
      close: () => Promise.resolve(),
    };
  },

  knex: async ({ url }) => {
    const knex: Knex = (knexOf.default ?? knexOf)({ client: 'pg', connection: url });
    return {
      transaction: work => knex.transaction(trx => work(fromKnex(trx))),
      savepoint: (before, work) =>
        knex.transaction(async trx => {
          await before(fromKnex(trx));
          await trx.transaction(inner => work(fromKnex(inner))).catch(unlessIntended);
        }),
      outside: () => fromKnex(knex),
      close: () => knex.destroy(),
    };
  },
};

/** Their own errors tell it. */
const REFUSES_ITSELF = new Set(['kysely', 'prisma']);

const INTENDED = new Error('rolled back');
function unlessIntended(error: unknown): void {
  if (error !== INTENDED) throw error;
}

function overPg(pool: Pool): Library {
  const transaction = async (work: (tx: SqlExecutor, query: (text: string) => Promise<unknown>) => Promise<void>) => {
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      await work(fromPg(client), text => client.query(text));
      await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    } finally {
      client.release();
    }
  };
  return {
    transaction,
    savepoint: (before, work) =>
      transaction(async (tx, query) => {
        await before(tx);
        await query('SAVEPOINT inner_one');
        await work(tx).catch(async (error: unknown) => {
          unlessIntended(error);
          await query('ROLLBACK TO SAVEPOINT inner_one');
        });
      }),
    outside: () => fromPg(pool),
    close: () => Promise.resolve(),
  };
}

/** Every type that the library writes, and what it reads back. */
const INSERT = `INSERT INTO things (name, number, large, data, bytes, at, flag, nothing)
  VALUES ($1::text, $2::int, $3::bigint, $4::jsonb, $5::bytea, $6::timestamptz, $7::boolean, $8::text) RETURNING id`;
const VALUES = [
  `it's "quoted"? $1 ünïcode \\ 🙂`,
  -7,
  '9007199254740993',
  '{"a":[1,{"b":null}]}',
  new Uint8Array([0, 1, 255]),
  '2026-11-29T22:00:00.123456Z',
  true,
  null,
];
const SELECT = `SELECT name, number, large::text AS large, data::text AS data, encode(bytes, 'hex') AS bytes,
  to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') AS at, flag, nothing, data ? 'a' AS has_a, '{"x":1}' AS json
  FROM things WHERE name = $1 AND $1 = name`;
const READ = {
  name: VALUES[0],
  number: -7,
  large: '9007199254740993',
  data: '{"a": [1, {"b": null}]}',
  bytes: '0001ff',
  at: '2026-11-29 22:00:00.123456',
  flag: true,
  nothing: null,
  has_a: true,
  json: '{"x":1}',
};

describeWithPostgres('SQL in a transaction of another library', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    if (!hasPostgres) return;
    database = await TestDatabase.create();
    await database.pool.query(`CREATE TABLE things (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text,
      number int, large bigint, data jsonb, bytes bytea, at timestamptz, flag boolean, nothing text)`);
    await database.pool.query(`CREATE FUNCTION refuse() RETURNS boolean LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'CLAIM_LOST: refused' USING ERRCODE = 'NSQ01'; END $$`);
  }, 120_000);
  afterAll(() => database?.drop());
  beforeEach(() => database.pool.query('TRUNCATE things'));

  const names = async (): Promise<unknown[]> =>
    (await database.pool.query<{ name: string }>('SELECT name FROM things ORDER BY id')).rows.map(({ name }) => name);
  const insert =
    (name: string): Work =>
    async tx => {
      await tx.query('INSERT INTO things (name) VALUES ($1::text)', [name]);
    };

  describe.each(Object.entries(LIBRARIES))('%s', (name, open) => {
    let library: Library;
    beforeAll(async () => {
      library = await open(database);
    }, 60_000);
    afterAll(() => library?.close());

    it('commits and rolls back', async () => {
      await library.transaction(insert('kept'));
      const gone = library.transaction(async tx => {
        await insert('gone')(tx);
        throw INTENDED;
      });
      await expect(gone).rejects.toBe(INTENDED);
      expect(await names()).toEqual(['kept']);
    });

    it('rolls back to a savepoint', async () => {
      await library.savepoint(insert('outer'), async tx => {
        await insert('inner')(tx);
        throw INTENDED;
      });
      await library.savepoint(insert('outer 2'), insert('inner 2'));
      expect(await names()).toEqual(['outer', 'outer 2', 'inner 2']);
    });

    it('writes and reads values of every type that the library has', async () => {
      await library.transaction(async tx => {
        const { rows } = await tx.query<{ id: number }>(INSERT, VALUES);
        expect(rows).toEqual([{ id: expect.any(Number) as number }]);
        expect((await tx.query(SELECT, [VALUES[0]])).rows).toEqual([READ]);
        expect((await tx.query('SELECT 1 AS one WHERE false')).rows).toEqual([]);
        const { rows: updated } = await tx.query(
          'UPDATE things SET number = $2::int WHERE name = $1 RETURNING number',
          [VALUES[0], 8],
        );
        expect(updated).toEqual([{ number: 8 }]);
      });
    });

    it('tells what PostgreSQL has said', async () => {
      let state: string | undefined;
      const failing = library.transaction(async tx => {
        await insert('gone')(tx);
        await tx.query('SELECT refuse() AS refused').catch((error: unknown) => {
          state = sqlStateOf(error);
          throw error;
        });
      });
      await expect(failing).rejects.toThrow(/CLAIM_LOST|Failed query/);
      expect(state).toBe('NSQ01');
      expect(await names()).toEqual([]);
    });

    it('writes into the outbox, numbers without a gap, and schedules', async () => {
      const store = new PostgresOutbox({ pool: database.pool });
      await store.migrate();
      const destination = `sns:${name}`;
      await store.open([destination]);
      const message = (id: string, lane?: string) => ({
        destination,
        id,
        type: 't',
        entry: '{"?":"$1"}',
        ...(lane && { lane }),
      });
      const numbers: string[] = [];
      const write =
        (id: string): Work =>
        async tx => {
          numbers.push(await store.nextSequence(tx, destination, 'user 1'));
          await store.add(tx, message(`${id} numbered`, 'user 1'), true);
          await store.add(tx, message(`${id} in a lane`, 'user 1'), false);
          await store.add(tx, message(`${id} alone`), false);
          await store.nextSequence(tx, destination, 'user 2');
          await store.returnSequence(tx, destination, 'user 2', '1');
          const later = { dueAt: new Date('2100-01-01'), key: 'k' };
          await store.schedule(tx, message(`${id} later`), later);
          expect(await store.cancel(tx, destination, 'k')).toBe(true);
          expect(await store.cancel(tx, destination, 'k')).toBe(false);
        };
      await library.transaction(write('a'));
      await library.savepoint(write('b'), async tx => {
        await write('gone')(tx);
        throw INTENDED;
      });
      await library.transaction(write('c'));
      expect(numbers).toEqual(['1', '2', '3', '3']);
      const rows = await store.claim({
        destinations: [destination],
        token: name,
        leaseMs: 9_000,
        rows: 99,
        exceptLanes: [],
      });
      const ids = rows.map(({ id }) => id);
      const written = ['a', 'b', 'c'].flatMap(id => ['numbered', 'in a lane', 'alone'].map(what => `${id} ${what}`));
      expect(ids).toEqual(written);
    });

    it.each(['commit', 'rollback'])('is refused after its %s', async end => {
      let kept: SqlExecutor | undefined;
      await library
        .transaction(async tx => {
          await insert('first')(tx);
          kept = tx;
          if (end === 'rollback') throw INTENDED;
        })
        .catch(unlessIntended);

      const late = kept?.query('INSERT INTO things (name) VALUES ($1)', ['late']);
      await expect(late).rejects.toMatchObject(REFUSES_ITSELF.has(name) ? {} : { code: 'NO_TRANSACTION' });

      expect(await names()).toEqual(end === 'commit' ? ['first'] : []);
    });

    it('has written nothing after its rollback, where one of many emits has failed', async () => {
      const store = new PostgresOutbox({ pool: database.pool, relay: false });
      await store.migrate();
      const sns = { send: jest.fn(), config: { region: () => Promise.resolve('eu-west-1') } } as unknown as SNSClient;
      const client = new ClientSNS({ service: `${name}-together`, sns, outbox: store });
      for (const at of [0, 2]) {
        const together = library.transaction(async tx => {
          const emits = [1, 2, 3, 4].map(n => () => client.within(tx).emit('changed', { n }));
          emits.splice(at, 0, () => client.within(tx).emit('changed', { big: 'x'.repeat(1_100_000) }));
          await Promise.all(emits.map(emit => lastValueFrom(emit(), { defaultValue: undefined })));
        });
        await expect(together).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
      }
      expect(await store.status([`sns:${name}-together-domain-events`])).toMatchObject([{ waiting: 0 }]);
      await client.close();
    });

    it('is refused outside a transaction', () => {
      expect(() => library.outside()).toThrow(
        expect.objectContaining({ code: 'NO_TRANSACTION' } satisfies Partial<SnsSqsError>) as Error,
      );
    });
  });
});

describeWithPostgres('fromPg', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    if (hasPostgres) database = await TestDatabase.create();
  }, 120_000);
  afterAll(() => database?.drop());

  it('refuses a connection outside a transaction', async () => {
    const client = await database.pool.connect();
    expect(() => fromPg(client)).toThrow(expect.objectContaining({ code: 'NO_TRANSACTION' }) as Error);
    client.release();
  });

  it("needs nothing more than pg's pool has", async () => {
    const pool: SqlPool = database.pool;
    const connection = await pool.connect();
    expect((await connection.query<{ n: number }>('SELECT $1::int AS n', [7])).rows).toEqual([{ n: 7 }]);
    connection.release();
  });
});

describe('the placeholders of Knex', () => {
  it('repeat a value that is named twice, and keep operators', () => {
    expect(withQuestionMarks('SELECT $2, $1, $2 WHERE a ? b', ['x', 'y'])).toEqual({
      sql: 'SELECT ?, ?, ? WHERE a \\? b',
      bindings: ['y', 'x', 'y'],
    });
  });
});
