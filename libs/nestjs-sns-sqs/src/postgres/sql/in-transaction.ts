import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { peek } from '../../errors/thrown.js';
import type { SqlExecutor } from '../../interfaces/sql.interface.js';

const executors = new WeakMap<object, SqlExecutor>();

/**
 * The same executor each time that a transaction is named: the outbox writes the events of one executor in the order
 * in which they were emitted.
 * @param isOver the library knows that the transaction has ended: then nothing is sent, which PostgreSQL would commit at once
 */
export function executorOf(
  transaction: object,
  adapter: string,
  isOver: () => boolean,
  query: SqlExecutor['query'],
): SqlExecutor {
  const known = executors.get(transaction);
  if (known) return known;
  const executor: SqlExecutor = {
    query(text, values) {
      return isOver() ? Promise.reject(hasEnded(adapter)) : query(text, values);
    },
  };
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

const hasEnded = (adapter: string): SnsSqsError =>
  new SnsSqsError('NO_TRANSACTION', {
    problem: `The transaction that ${adapter}() was given has ended, and nothing was written`,
    remedy: 'await every emit() and markDoneIn() before the transaction ends',
    facts: { adapter },
  });

/** The rows of a result: drivers give an array, or an object that has one. */
export function rowsOf<Row>(result: unknown): Row[] {
  if (Array.isArray(result)) return result as Row[];
  const rows = peek(result, 'rows');
  return Array.isArray(rows) ? (rows as Row[]) : [];
}
