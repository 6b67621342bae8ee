import { defer, lastValueFrom, type Observable } from 'rxjs';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import { isInstance } from '../errors/thrown.js';
import type { SqlExecutor } from '../interfaces/sql.interface.js';

/** A client's method: work that may end in an emit of the client's transaction, such as the check of a contract. */
export const HOLD = Symbol('hold');
type Holding = { [HOLD]?<T>(work: Promise<T>): Promise<T> };

const known = new WeakMap<SqlExecutor, TransactionWrites>();

/** The writes of a transaction, whichever client makes them. */
export function writesOf(tx: SqlExecutor): TransactionWrites {
  let writes = known.get(tx);
  if (!writes) known.set(tx, (writes = new TransactionWrites()));
  return writes;
}

/** What was refused before the transaction was asked: rejects as {@link TransactionWrites.hold} does. */
export function refused(tx: SqlExecutor | undefined, error: unknown): Promise<never> {
  const refusal = Promise.reject<never>(error);
  return tx ? writesOf(tx).hold(refusal) : refusal;
}

/** As {@link TransactionWrites.hold}, where `client` emits in a transaction. */
export const holdIn = <T>(client: object, work: Promise<T>): Promise<T> => (client as Holding)[HOLD]?.(work) ?? work;

/** `result` errors as {@link TransactionWrites.hold} rejects, where `client` emits in a transaction. */
export function heldIn<T>(client: object, result: Observable<T>): Observable<T> {
  return HOLD in client ? defer(() => holdIn(client, lastValueFrom(result))) : result;
}

const turnOfEventLoop = (): Promise<void> => new Promise(resolve => void setImmediate(resolve));

/**
 * What clients write in one transaction. The user rolls back after a failure, and PostgreSQL commits at once what arrives
 * behind a rollback. So a failure is told when nothing of the transaction is under way any more.
 */
export class TransactionWrites {
  private readonly underWay = new Set<Promise<unknown>>();
  private tail: Promise<unknown> = Promise.resolve();
  /** The database has refused a statement, and nobody knows it yet. */
  private failure: { error: unknown } | undefined;

  /** `work` belongs to the transaction. Rejects with its failure when nothing else is under way. */
  async hold<T>(work: Promise<T>): Promise<T> {
    this.underWay.add(work);
    try {
      return await work;
    } catch (error) {
      this.underWay.delete(work);
      await this.untilQuiet();
      throw error;
    } finally {
      this.underWay.delete(work);
    }
  }

  /**
   * Carries `work` out after all that was given before. When the database refuses a statement, it refuses each later one
   * until a rollback, which may be on its way: nothing is sent until the failure was told.
   */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const begin = (): Promise<T> => {
      if (this.failure) throw this.failure.error;
      return work();
    };
    const result = this.tail.then(begin);
    this.tail = result.catch((error: unknown) => {
      // A record that is wrong stops nobody else.
      if (!isInstance(error, SnsSqsError)) this.failure ??= { error };
    });
    return result;
  }

  private async untilQuiet(): Promise<void> {
    const { failure } = this;
    do {
      await Promise.allSettled(this.underWay);
      // What is emitted together begins in one turn of the event loop.
      await turnOfEventLoop();
    } while (this.underWay.size > 0);
    // Who has seen it may go on, for example after a rollback to a savepoint.
    if (this.failure === failure) this.failure = undefined;
  }
}
