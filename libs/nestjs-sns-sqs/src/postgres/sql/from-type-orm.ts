import { peek } from '../../errors/thrown.js';
import type { SqlExecutor } from '../../interfaces/sql.interface.js';
import { assertTransaction, executorOf } from './in-transaction.js';

/** TypeORM's `QueryRunner`. */
export interface TypeOrmQueryRunner {
  readonly isTransactionActive: boolean;
  query(query: string, parameters?: unknown[], useStructuredResult?: boolean): Promise<unknown>;
}

/** The `EntityManager` of a transaction. */
export interface TypeOrmEntityManager {
  readonly queryRunner?: TypeOrmQueryRunner | undefined;
}

/**
 * A transaction of TypeORM: its `EntityManager`, or its `QueryRunner`. Throws NO_TRANSACTION for a manager outside a
 * transaction.
 *
 * @example
 * ```typescript
 * await dataSource.transaction(async manager => {
 *   await manager.save(invoice);
 *   await context.markDoneIn(fromTypeOrm(manager));
 * });
 * ```
 */
export function fromTypeOrm(manager: TypeOrmEntityManager | TypeOrmQueryRunner): SqlExecutor {
  const runner = 'isTransactionActive' in manager ? manager : manager.queryRunner;
  const remedy = 'give it the manager that the callback of dataSource.transaction() gets';
  assertTransaction(runner?.isTransactionActive === true, 'fromTypeOrm', remedy);
  const isOver = (): boolean => runner?.isTransactionActive !== true;
  return executorOf(manager, 'fromTypeOrm', isOver, async <Row>(text: string, values: readonly unknown[] = []) => {
    // Without the structure a result's shape depends on the kind of statement.
    const records = peek(await runner?.query(text, [...values], true), 'records');
    return { rows: Array.isArray(records) ? (records as Row[]) : [] };
  });
}
