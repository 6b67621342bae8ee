import { SnsSqsError } from '../errors/sns-sqs.error.js';
import { peek } from '../errors/thrown.js';

/** A connection of `pg` says since 8.18 whether it is in a transaction: I is idle, T and E are within one. */
function statusOf(connection: unknown): unknown {
  const status = peek(connection, 'getTransactionStatus');
  return typeof status === 'function' ? (status as () => unknown).call(connection) : undefined;
}

/** False also where the connection does not know. */
export const isIdle = (connection: unknown): boolean => statusOf(connection) === 'I';

/** Within a transaction, which may have failed. False also where the connection does not know. */
export const isWithin = (connection: unknown): boolean => ['T', 'E'].includes(statusOf(connection) as string);

/** The methods of what begins transactions: PGlite, data sources of TypeORM, pools of many drivers. */
const BEGINS = ['transaction', 'createQueryRunner'];
/** What only a pool of `pg` has, and what TypeORM's own objects have, whose results look different. */
const FOREIGN = ['totalCount', 'isTransactionActive'];

/**
 * Throws NO_TRANSACTION for what is known to be no open transaction. It may have a `query()`, and each statement would
 * commit alone: an event of a transaction that is rolled back, an effect that never was and counts as done.
 */
export function assertOpen(tx: unknown, what: string): void {
  const problem = problemOf(tx);
  if (problem === undefined) return;
  throw new SnsSqsError('NO_TRANSACTION', {
    problem: `${what} was given ${problem}`,
    remedy:
      'begin a transaction, and give it the result of fromPg(), fromDrizzle() or another function of nestjs-sns-sqs/postgres',
    facts: { adapter: what },
  });
}

function problemOf(tx: unknown): string | undefined {
  if (typeof tx !== 'object' || tx === null) return `${tx === null ? 'null' : typeof tx} in place of a transaction`;
  if (typeof peek(tx, 'query') !== 'function') return 'an object that has no query()';
  const isForeign = FOREIGN.some(name => name in tx) || BEGINS.some(name => typeof peek(tx, name) === 'function');
  if (isForeign || isPool(tx)) return 'a pool, a database or an object of an ORM, not a transaction';
  return isIdle(tx) ? 'a connection that is not in a transaction' : undefined;
}

/** It lends connections, and is none itself: those of `pg` have a `connect()` too. */
export const isPool = (tx: object): boolean =>
  typeof peek(tx, 'connect') === 'function' && !('release' in tx) && !('escapeLiteral' in tx);
