import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { peek } from '../../errors/thrown.js';
import type { SqlExecutor } from '../../interfaces/sql.interface.js';

const executors = new WeakMap<object, SqlExecutor>();

/**
 * The same executor each time that a transaction is named: the outbox writes the events of one executor in the order
 * in which they were emitted.
 */
export function executorOf(transaction: object, query: SqlExecutor['query']): SqlExecutor {
  const known = executors.get(transaction);
  if (known) return known;
  const executor = { query };
  executors.set(transaction, executor);
  return executor;
}

/** Throws NO_TRANSACTION unless `isOne`: outside a transaction each statement would commit alone. */
export function assertTransaction(isOne: boolean, adapter: string, remedy: string): void {
  if (isOne) return;
  throw new SnsSqsError('NO_TRANSACTION', {
    problem: `${adapter}() was given something that is not an open transaction`,
    remedy,
    facts: { adapter },
  });
}

/** The rows of a result: drivers give an array, or an object that has one. */
export function rowsOf<Row>(result: unknown): Row[] {
  if (Array.isArray(result)) return result as Row[];
  const rows = peek(result, 'rows');
  return Array.isArray(rows) ? (rows as Row[]) : [];
}
