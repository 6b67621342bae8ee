import { resolve } from 'node:path';
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';

/** PostgreSQL behind Drizzle, whichever driver. */
export type Database = PgDatabase<PgQueryResultHKT>;

export interface DatabaseConnection {
  database: Database;
  close(): Promise<void>;
}

const MIGRATIONS = { migrationsFolder: resolve(process.env['MIGRATIONS_DIR'] ?? 'apps/users/drizzle') };

/** A server when `url` is given, otherwise PGlite inside this process, in memory. Migrated. */
export async function openDatabase(url: string | undefined): Promise<DatabaseConnection> {
  return url ? openServer(url) : openEmbedded();
}

async function openServer(connectionString: string): Promise<DatabaseConnection> {
  const [{ Pool }, { drizzle }, { migrate }] = await Promise.all([
    import('pg').then(module => module.default),
    import('drizzle-orm/node-postgres'),
    import('drizzle-orm/node-postgres/migrator'),
  ]);
  const pool = new Pool({ connectionString });
  const database = drizzle(pool);
  await migrate(database, MIGRATIONS);
  return { database, close: () => pool.end() };
}

async function openEmbedded(): Promise<DatabaseConnection> {
  const [{ PGlite }, { drizzle }, { migrate }] = await Promise.all([
    import('@electric-sql/pglite'),
    import('drizzle-orm/pglite'),
    import('drizzle-orm/pglite/migrator'),
  ]);
  const client = new PGlite();
  const database = drizzle(client);
  await migrate(database, MIGRATIONS);
  return { database, close: () => client.close() };
}
