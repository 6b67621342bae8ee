import { peek } from '../../errors/thrown.js';
import type { SqlExecutor } from '../../interfaces/sql.interface.js';
import { isIdle } from '../../outbox/open-transaction.js';
import { assertTransaction, executorOf, rowsOf } from './in-transaction.js';

/** The `tx` of Drizzle's `transaction()`, over any of its drivers for PostgreSQL. */
export interface DrizzleTransaction {
  execute(query: never): PromiseLike<unknown>;
  /** A transaction has it. The types of `@nestjs-cls/transactional` name the database in place of its transaction. */
  rollback?(): never;
}

/** As much of Drizzle's `SQL` as its dialect asks for: it is not imported, so that it stays no dependency. */
const sqlOf = (sql: string, params: unknown[]): object => {
  const wrapper = { getSQL: () => wrapper, toQuery: () => ({ sql, params, typings: params.map(() => 'none') }) };
  return wrapper;
};

/**
 * A transaction of Drizzle. Throws NO_TRANSACTION for the database itself.
 *
 * @example
 * ```typescript
 * await database.transaction(async tx => {
 *   await tx.insert(invoices).values(invoice);
 *   await context.markDoneIn(fromDrizzle(tx));
 * });
 * ```
 */
export function fromDrizzle(tx: DrizzleTransaction): SqlExecutor {
  const remedy = 'give it the `tx` that the callback of database.transaction() gets';
  assertTransaction(typeof tx.rollback === 'function', 'fromDrizzle', remedy);
  // Its connection, over the driver `pg`.
  const isOver = (): boolean => isIdle(peek(peek(tx, 'session'), 'client'));
  return executorOf(tx, 'fromDrizzle', isOver, async (text, values = []) => ({
    rows: rowsOf(await tx.execute(sqlOf(text, [...values]) as never)),
  }));
}
