import { resolve } from 'node:path';
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';

/** PostgreSQL behind Drizzle, whichever driver. */
export type Database = PgDatabase<PgQueryResultHKT>;

export interface DatabaseConnection {
  database: Database;
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
  return {
    database,
    migrate: () => readably('DATABASE_URL', migrate(database, MIGRATIONS)),
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
  return {
    database,
    migrate: () => readably('PGLITE_DIR', migrate(database, MIGRATIONS)),
    close: () => client.close(),
  };
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
