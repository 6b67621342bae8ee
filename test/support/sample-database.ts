import { openDatabase, type DatabaseConnection } from '../../apps/shared/database.js';
import { hasPostgres, TestDatabase } from './postgres.js';

/** The tables of a sample service, in a database of their own on the PostgreSQL of this run, which starts sooner than PGlite. */
export async function sampleDatabase(service: string): Promise<DatabaseConnection> {
  const server = hasPostgres ? await TestDatabase.create() : undefined;
  const connection = await openDatabase({ service, url: server?.url });
  await connection.migrate();
  return {
    ...connection,
    async close() {
      await connection.close();
      await server?.drop();
    },
  };
}
