import { peek } from '../../errors/thrown.js';
import type { SqlExecutor } from '../../interfaces/sql.interface.js';
import { assertTransaction, executorOf, rowsOf } from './in-transaction.js';

/** A transaction of Kysely. */
export interface KyselyTransaction {
  readonly isTransaction: boolean;
  withoutPlugins(): { executeQuery(query: never): Promise<{ rows: unknown[] }> };
}

/** A compiled query of Kysely; its `sql.raw()` makes the same. */
const compiled = (sql: string, parameters: readonly unknown[]): object => ({
  sql,
  parameters,
  query: { kind: 'RawNode', sqlFragments: [sql], parameters: [] },
  queryId: { queryId: 'nestjs-sns-sqs' },
});

/**
 * A transaction of Kysely, controlled ones too. Its plugins do not see the statements. Throws NO_TRANSACTION for the
 * database itself.
 *
 * @example
 * ```typescript
 * await database.transaction().execute(async tx => {
 *   await tx.insertInto('invoices').values(invoice).execute();
 *   await context.markDoneIn(fromKysely(tx));
 * });
 * ```
 */
export function fromKysely(tx: KyselyTransaction): SqlExecutor {
  const remedy = 'give it the `tx` that the callback of database.transaction().execute() gets';
  assertTransaction(tx.isTransaction, 'fromKysely', remedy);
  // Of those of `transaction().execute()` Kysely refuses statements itself.
  const isOver = (): boolean => peek(tx, 'isCommitted') === true || peek(tx, 'isRolledBack') === true;
  return executorOf(tx, 'fromKysely', isOver, async (text, values = []) => ({
    // A plugin may rename columns, or read text as JSON.
    rows: rowsOf(await tx.withoutPlugins().executeQuery(compiled(text, values) as never)),
  }));
}
