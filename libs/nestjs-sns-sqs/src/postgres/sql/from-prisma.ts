import type { SqlExecutor } from '../../interfaces/sql.interface.js';
import { assertTransaction, executorOf, rowsOf } from './in-transaction.js';

/** The `tx` of Prisma's interactive `$transaction()`. */
export interface PrismaTransaction {
  $queryRawUnsafe(query: string, ...values: unknown[]): PromiseLike<unknown>;
}

/**
 * An interactive transaction of Prisma. The transaction ends after Prisma's `timeout`, 5 seconds by default. Throws NO_TRANSACTION
 * for the client itself.
 *
 * @example
 * ```typescript
 * await prisma.$transaction(async tx => {
 *   await tx.invoice.create({ data });
 *   await context.markDoneIn(fromPrisma(tx));
 * });
 * ```
 */
export function fromPrisma(tx: PrismaTransaction): SqlExecutor {
  const isClient = typeof (tx as { $connect?: unknown }).$connect === 'function';
  assertTransaction(!isClient, 'fromPrisma', 'give it the `tx` that the callback of prisma.$transaction() gets');
  // Prisma refuses statements of a transaction that has ended.
  const isOver = (): boolean => false;
  return executorOf(tx, 'fromPrisma', isOver, async (text, values = []) => ({
    rows: rowsOf(await tx.$queryRawUnsafe(text, ...values)),
  }));
}
