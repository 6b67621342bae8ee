import { resolve } from 'node:path';
import { migrate as migrateOutbox } from 'nestjs-sns-sqs/postgres';
import type { SqlExecutor } from 'nestjs-sns-sqs';
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';

/** PostgreSQL behind Drizzle, whichever driver. */
export type Database = PgDatabase<PgQueryResultHKT>;

export interface DatabaseConnection {
  database: Database;
  /** The same database, for single statements of the outbox. */
  executor: SqlExecutor;
  /** Brings the tables up to date. Rejects with one readable error when the database cannot be used. */
  migrate(): Promise<void>;
  close(): Promise<void>;
}

const MIGRATIONS = { migrationsFolder: resolve(process.env['MIGRATIONS_DIR'] ?? 'apps/users/drizzle') };

export interface DatabaseLocation {
  /** A PostgreSQL server. */
  url?: string;
  /** Where PGlite keeps its files when there is no `url`. @default in memory */
  directory?: string;
}

/** A server when `url` is given, otherwise PGlite inside this process. */
export async function openDatabase({ url, directory }: DatabaseLocation): Promise<DatabaseConnection> {
  return url ? openServer(url) : openEmbedded(directory);
}

async function openServer(connectionString: string): Promise<DatabaseConnection> {
  const [{ Pool }, { drizzle }, { migrate }] = await Promise.all([
    import('pg').then(module => module.default),
    import('drizzle-orm/node-postgres'),
    import('drizzle-orm/node-postgres/migrator'),
  ]);
  const pool = new Pool({ connectionString });
  const database = drizzle(pool);
  const executor: SqlExecutor = { query: (text, values) => pool.query(text, values && [...values]) as never };
  return {
    database,
    executor,
    migrate: () => readably('DATABASE_URL', bothMigrated(migrate(database, MIGRATIONS), executor)),
    close: () => pool.end(),
  };
}

async function openEmbedded(directory: string | undefined): Promise<DatabaseConnection> {
  const [{ PGlite }, { drizzle }, { migrate }] = await Promise.all([
    import('@electric-sql/pglite'),
    import('drizzle-orm/pglite'),
    import('drizzle-orm/pglite/migrator'),
  ]);
  const client = new PGlite(directory);
  const database = drizzle(client);
  // It has one connection: a query waits until the transaction that runs has ended.
  const executor: SqlExecutor = { query: (text, values) => client.query(text, values && [...values]) as never };
  return {
    database,
    executor,
    migrate: () => readably('PGLITE_DIR', bothMigrated(migrate(database, MIGRATIONS), executor)),
    close: () => client.close(),
  };
}

/** The service's own tables, then those of its outbox. */
async function bothMigrated(own: Promise<void>, executor: SqlExecutor): Promise<void> {
  await own;
  await migrateOutbox(executor);
}

/** Drizzle's message is the failed query; what a person needs is the driver's reason below it. */
async function readably(setting: string, migrated: Promise<void>): Promise<void> {
  try {
    await migrated;
  } catch (error) {
    throw new Error(`the database cannot be used: ${rootReason(error)}. Check ${setting}.`, { cause: error });
  }
}

function rootReason(error: unknown): string {
  const { message, code, cause } = error as Error & { code?: string };
  // Where a name has several addresses, Node's error has a code and no message.
  return cause ? rootReason(cause) : message || (code ?? String(error));
}
