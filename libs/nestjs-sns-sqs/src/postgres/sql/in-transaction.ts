import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { peek } from '../../errors/thrown.js';

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
