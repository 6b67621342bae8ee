import type { EventEmitter } from 'node:events';
import { inTime } from '../../async/in-time.js';
import { thrownText } from '../../errors/thrown.js';
import type { SqlPool } from '../../interfaces/sql.interface.js';
import { isWithin } from '../../outbox/open-transaction.js';
import { sqlStateOf } from '../sql/sql-state.js';

/** Two transactions met, and this one was undone: it may be repeated as it is. */
const MET_ANOTHER = new Set(['40001', '40P01']);
const MAX_TRIES = 4;
/** The server goes, or this connection leads to a replica: the next one may lead to another server. */
const LEAVES_SERVER = /^(08|57P0|25006)/;

/** Connections that a pool lends in the middle of a transaction: so many in a row are closed before a call fails. */
const MAX_LEFT_OPEN = 20;

type Connection = Awaited<ReturnType<SqlPool['connect']>> & Partial<Pick<EventEmitter, 'on' | 'off'>>;

/**
 * A pool of `pg` does not listen to a connection that it has lent, and an error that nobody listens to ends the process.
 * What has failed is told by the query.
 */
const ignore = (): void => undefined;

/**
 * Runs one statement, each a transaction of its own. Rejects after `timeoutMs`, which counts once for the connection and
 * once for the answer; a connection that has not answered is closed. The statement may have been carried out then.
 */
export class PostgresCaller {
  constructor(
    private readonly pool: SqlPool,
    private readonly timeoutMs: number,
  ) {}

  async call<Row>(text: string, values: readonly unknown[]): Promise<Row[]> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.once<Row>(text, values);
      } catch (error) {
        const state = sqlStateOf(error);
        if (state === undefined || !MET_ANOTHER.has(state) || tries === MAX_TRIES) throw told(error, state);
      }
    }
  }

  private async once<Row>(text: string, values: readonly unknown[]): Promise<Row[]> {
    const connection = await this.lend();
    let isSpoilt = true;
    connection.on?.('error', ignore);
    try {
      const { rows } = await this.inTime(connection.query<Row>(text, values), 'an answer');
      isSpoilt = false;
      return rows;
    } catch (error) {
      const state = sqlStateOf(error);
      isSpoilt = state === undefined || LEAVES_SERVER.test(state);
      throw error;
    } finally {
      connection.release(isSpoilt);
      connection.off?.('error', ignore);
    }
  }

  /**
   * Somebody may have released a connection without COMMIT or ROLLBACK. What runs on it is of that transaction, and lost with
   * it; or it is refused, if the transaction has failed. To close the connection rolls it back.
   */
  private async lend(): Promise<Connection> {
    for (let times = 0; times < MAX_LEFT_OPEN; times += 1) {
      const connecting = this.connect();
      const connection = await this.inTime(connecting, 'a connection').catch((error: unknown) => {
        connecting.then(late => late.release()).catch(() => undefined);
        throw error;
      });
      if (!isWithin(connection)) return connection;
      connection.release(true);
    }
    throw new Error(
      'The pool lends connections on which a transaction is open. Remedy: run COMMIT or ROLLBACK before each release()',
    );
  }

  /** A pool may throw instead of rejecting. */
  private async connect(): Promise<Connection> {
    return this.pool.connect();
  }

  private inTime<T>(work: Promise<T>, what: string): Promise<T> {
    return inTime(work, this.timeoutMs, `PostgreSQL has not given ${what} within ${this.timeoutMs} ms`);
  }
}

/** With its code, by which the inbox's health knows one reason from another; an outage of the server has none. */
function told(error: unknown, state: string | undefined): Error {
  const text = thrownText(error);
  const isAway = state === undefined || /^(08|57P0)/.test(state);
  return new PostgresError(isAway ? `PostgreSQL: ${text}` : `PostgreSQL, SQLSTATE ${state}: ${text}`, state, error);
}

/** What PostgreSQL, or the way to it, has said. */
export class PostgresError extends Error {
  constructor(
    message: string,
    readonly state: string | undefined,
    cause: unknown,
  ) {
    super(message, { cause });
  }
}
