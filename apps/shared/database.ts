import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { migrate as migrateMessages } from 'nestjs-sns-sqs/postgres';
import type { SqlPool } from 'nestjs-sns-sqs/postgres';
import type { MigrationConfig } from 'drizzle-orm/migrator';
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';

/** PostgreSQL behind Drizzle, whichever driver. */
export type Database = PgDatabase<PgQueryResultHKT>;
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];

export interface DatabaseConnection {
  database: Database;
  /** The same database, for the outbox. */
  pool: SqlPool;
  /** Connections of its own: claims are renewed in time, however many handlers hold a connection. */
  inboxPool: SqlPool;
  /** Brings the tables up to date. Rejects with one readable error when the database cannot be used. */
  migrate(): Promise<void>;
  close(): Promise<void>;
}

export interface DatabaseLocation {
  /** Whose tables: several services may share a database. */
  service: string;
  /** A PostgreSQL server. */
  url?: string | undefined;
  /** Where PGlite keeps its files when there is no `url`. @default in memory */
  directory?: string | undefined;
}

/** Any number: processes that start at one time make the tables one after the other. */
const MIGRATION_LOCK = 4_711;

/** Drizzle does not give a connection back whose `BEGIN` has failed, and a pool waits for each connection before it ends. */
const CLOSE_WITHIN_MS = 5_000;

const ended = async (pools: ReadonlyArray<{ end(): Promise<void> }>): Promise<void> => {
  await Promise.all(pools.map(pool => pool.end()));
};

const migrationsOf = (service: string): MigrationConfig => ({
  migrationsFolder: join(resolve(process.env['APPS_DIR'] ?? 'apps'), service, 'drizzle'),
  migrationsTable: `migrations_of_${service}`,
});

/** A server when `url` is given, otherwise PGlite inside this process. */
export async function openDatabase({ service, url, directory }: DatabaseLocation): Promise<DatabaseConnection> {
  return url ? openServer(service, url) : openEmbedded(service, directory);
}

async function openServer(service: string, connectionString: string): Promise<DatabaseConnection> {
  const [{ Pool }, { drizzle }, { migrate }] = await Promise.all([
    import('pg').then(module => module.default),
    import('drizzle-orm/node-postgres'),
    import('drizzle-orm/node-postgres/migrator'),
  ]);
  const pool = new Pool({ connectionString });
  const inboxPool = new Pool({ connectionString, max: 5 });
  // A connection that is lost while nobody uses it: the pool opens another one.
  for (const each of [pool, inboxPool]) each.on('error', () => undefined);
  // One that is lost while a transaction has it: its next query fails. An error without a listener ends the process.
  pool.on('connect', connection => connection.on('error', () => undefined));
  const database = drizzle(pool);
  const migrateAll = async (): Promise<void> => {
    const first = await pool.connect();
    try {
      // Of a transaction, not of a session: behind PgBouncer the session is somebody else's afterwards.
      await first.query('BEGIN');
      await first.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
      await migrate(database, migrationsOf(service));
      await migrateMessages(pool);
      await first.query('COMMIT');
      first.release();
    } catch (error) {
      // Its end frees the lock.
      first.release(true);
      throw error;
    }
  };
  return {
    database,
    pool,
    inboxPool,
    migrate: () => readably('DATABASE_URL', migrateAll),
    close: () => Promise.race([ended([pool, inboxPool]), pause(CLOSE_WITHIN_MS, undefined, { ref: false })]),
  };
}

async function openEmbedded(service: string, directory: string | undefined): Promise<DatabaseConnection> {
  const [{ PGlite }, { drizzle }, { migrate }] = await Promise.all([
    import('@electric-sql/pglite'),
    import('drizzle-orm/pglite'),
    import('drizzle-orm/pglite/migrator'),
  ]);
  const client = new PGlite(directory);
  const database = drizzle(client);
  // It has one connection: a query waits until the transaction that runs has ended.
  const query = ((text, values) => client.query(text, values && [...values])) as SqlPool['query'];
  const pool: SqlPool = { query, connect: () => Promise.resolve({ query, release: () => undefined }) };
  const migrateAll = async (): Promise<void> => {
    await migrate(database, migrationsOf(service));
    await migrateMessages(pool);
  };
  return {
    database,
    pool,
    inboxPool: pool,
    migrate: () => readably('PGLITE_DIR', migrateAll),
    close: () => client.close(),
  };
}

/** Drizzle's message is the failed query; what a person needs is the driver's reason below it. */
async function readably(setting: string, migrate: () => Promise<void>): Promise<void> {
  try {
    await migrate();
  } catch (error) {
    throw new Error(`the database cannot be used: ${rootReason(error)}. Check ${setting}.`, { cause: error });
  }
}

function rootReason(error: unknown): string {
  const { message, code, cause } = error as Error & { code?: string };
  // Where a name has several addresses, Node's error has a code and no message.
  return cause ? rootReason(cause) : message || (code ?? String(error));
}
