import type { SqlExecutor } from '../../interfaces/sql.interface.js';
import { assertTransaction, executorOf, rowsOf } from './in-transaction.js';

/** A transaction of Knex. */
export interface KnexTransaction {
  readonly isTransaction?: boolean | undefined;
  isCompleted?(): boolean;
  raw(sql: string, bindings: never): PromiseLike<unknown>;
}

/**
 * A transaction of Knex. Throws NO_TRANSACTION for Knex itself.
 *
 * @example
 * ```typescript
 * await knex.transaction(async trx => {
 *   await trx('invoices').insert(invoice);
 *   await context.markDoneIn(fromKnex(trx));
 * });
 * ```
 */
export function fromKnex(trx: KnexTransaction): SqlExecutor {
  assertTransaction(
    trx.isTransaction === true,
    'fromKnex',
    'give it the `trx` that the callback of knex.transaction() gets',
  );
  const isOver = (): boolean => trx.isCompleted?.() === true;
  return executorOf(trx, 'fromKnex', isOver, async (text, values = []) => {
    const { sql, bindings } = withQuestionMarks(text, values);
    return { rows: rowsOf(await trx.raw(sql, bindings as never)) };
  });
}

/** Knex's placeholders have no numbers: a value that is named twice is given twice. An operator's `?` is escaped. */
export function withQuestionMarks(text: string, values: readonly unknown[]): { sql: string; bindings: unknown[] } {
  const bindings: unknown[] = [];
  const sql = text.replaceAll(/\?|\$(\d+)/g, (found, number: string | undefined) => {
    if (number === undefined) return '\\?';
    bindings.push(values[Number(number) - 1]);
    return '?';
  });
  return { sql, bindings };
}
