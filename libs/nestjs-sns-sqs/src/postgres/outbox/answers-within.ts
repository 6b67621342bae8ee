import type { SqlExecutor, SqlPool } from '../../interfaces/sql.interface.js';
import { isPool } from '../../outbox/open-transaction.js';
import { PostgresCaller } from '../inbox/postgres-caller.js';

/**
 * A lost connection may say nothing for as long as TCP waits, a quarter of an hour: the relay goes on by another one. Its
 * lease would be over then, so that what it waited for is worth nothing. Connections that are no pool cannot be replaced.
 */
export function answersWithin(pool: SqlExecutor, ms: number): SqlExecutor {
  if (!isPool(pool)) return pool;
  const caller = new PostgresCaller(pool as SqlPool, ms);
  return {
    async query<Row>(text: string, values: readonly unknown[] = []) {
      return { rows: await caller.call<Row>(text, values) };
    },
  };
}
