import type { SqlExecutor } from '../../interfaces/sql.interface.js';
import { isIdle } from '../../outbox/open-transaction.js';
import { assertTransaction, executorOf, rowsOf } from './in-transaction.js';

/** A connection of `pg` (node-postgres), or the `tx` of PGlite's `transaction()`. */
export interface PgTransaction {
  query(text: string, values?: unknown[]): Promise<unknown>;
}

/** What only a pool, or PGlite itself, has. */
const OF_NO_TRANSACTION = ['totalCount', 'transaction'];

/**
 * A connection of `pg` on which `BEGIN` has run. PGlite's `tx` fits too. Throws NO_TRANSACTION for a pool and for a
 * connection outside a transaction.
 *
 * @example
 * ```typescript
 * await client.query('BEGIN');
 * await client.query('UPDATE accounts SET balance = balance + 1');
 * await context.markDoneIn(fromPg(client));
 * await client.query('COMMIT');
 * ```
 */
export function fromPg(client: PgTransaction): SqlExecutor {
  const isOutside = OF_NO_TRANSACTION.some(name => name in client) || isIdle(client);
  assertTransaction(!isOutside, 'fromPg', "give it a client of the pool on which you have run `BEGIN`, or PGlite's tx");
  const query: SqlExecutor['query'] = async (text, values = []) => ({
    rows: rowsOf(await client.query(text, [...values])),
  });
  return executorOf(client, 'fromPg', () => isIdle(client), query);
}
