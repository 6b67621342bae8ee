import { peek } from '../../errors/thrown.js';
import type { SqlExecutor } from '../../interfaces/sql.interface.js';
import { fromKnex, type KnexTransaction } from './from-knex.js';
import { fromKysely, type KyselyTransaction } from './from-kysely.js';
import { assertTransaction } from './in-transaction.js';

/** The `EntityManager` of MikroORM, from version 5. */
export interface MikroOrmEntityManager {
  getTransactionContext(): unknown;
}

/**
 * The transaction in which an `EntityManager` of MikroORM is. Entities are written when MikroORM flushes, before the
 * commit at the latest. Throws NO_TRANSACTION outside a transaction.
 *
 * @example
 * ```typescript
 * await em.transactional(async em => {
 *   em.persist(invoice);
 *   await context.markDoneIn(fromMikroOrm(em));
 * });
 * ```
 */
export function fromMikroOrm(em: MikroOrmEntityManager): SqlExecutor {
  const tx = em.getTransactionContext();
  const remedy = 'call it in the callback of em.transactional(), with the `em` that the callback gets';
  assertTransaction(peek(tx, 'isTransaction') === true, 'fromMikroOrm', remedy);
  // From version 7 it is Kysely's, before that Knex's.
  return typeof peek(tx, 'withoutPlugins') === 'function'
    ? fromKysely(tx as KyselyTransaction)
    : fromKnex(tx as KnexTransaction);
}
