import type { SqlExecutor, SqlPool } from '#lib/interfaces/sql.interface.js';
import type { ModelDatabase, ModelSession } from './model-database.ts';
import { SqlError } from './row-locks.ts';

/** Rates from 0 to 1. */
export interface DatabaseFaults {
  /** The connection is lost before the statement has arrived. */
  lostBefore: number;
  /** The connection is lost after the statement was carried out. */
  lostAfter: number;
  /** PostgreSQL undoes the statement, because it met another transaction. */
  serialization: number;
  /** It takes seconds. */
  slow: number;
}

export const NO_DATABASE_FAULTS: DatabaseFaults = { lostBefore: 0, lostAfter: 0, serialization: 0, slow: 0 };

const lost = (): Error => Object.assign(new Error('injected: Connection terminated unexpectedly'), { code: undefined });
const away = (): Error => Object.assign(new Error('injected: connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

export interface PoolWatch {
  random: () => number;
  isAway: () => boolean;
  /** A statement of this process begins, or has been carried out: the process may die here. */
  onStep: () => void;
  /** Resolves when the process is not suspended. */
  untilAwake: () => Promise<void>;
}

/** A process's way to the database, with everything that may go wrong in between. */
export class FaultyPool implements SqlPool {
  injected = 0;
  faults: DatabaseFaults;
  readonly #database: ModelDatabase;
  readonly #watch: PoolWatch;
  readonly #open = new Set<FaultyConnection>();
  #state: 'open' | 'cut' | 'buried' = 'open';
  /** Calls of a process that has died. */
  readonly #unanswered: Array<() => void> = [];

  constructor(database: ModelDatabase, faults: DatabaseFaults, watch: PoolWatch) {
    this.#database = database;
    this.faults = faults;
    this.#watch = watch;
  }

  async query<R = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<{ rows: R[] }> {
    const connection = await this.connect();
    try {
      return await connection.query<R>(text, values);
    } finally {
      connection.release();
    }
  }

  async connect(): Promise<FaultyConnection> {
    await this.living();
    if (this.#watch.isAway()) throw away();
    const connection = new FaultyConnection(this, this.#database.connect(), () => this.#open.delete(connection));
    this.#open.add(connection);
    return connection;
  }

  /** The process has died. Its connections end `ghostMs` later: only then does the server hear of it. */
  cut(ghostMs: number): void {
    this.#state = 'cut';
    setTimeout(() => {
      for (const connection of this.#open) connection.lose();
    }, ghostMs);
  }

  /** Whoever still waits for an answer is told that there is none. */
  bury(): void {
    this.#state = 'buried';
    for (const resolve of this.#unanswered.splice(0)) resolve();
  }

  async way(): Promise<void> {
    const { random, untilAwake } = this.#watch;
    await this.living();
    const ms = this.#strikes('slow') ? 1_000 + random() * 3_000 : 1 + random() * 4;
    await new Promise(resolve => setTimeout(resolve, ms));
    await untilAwake();
    await this.living();
  }

  /** Throws what has come between, before the statement. */
  before(): void {
    this.#watch.onStep();
    if (this.#watch.isAway() || this.#strikes('lostBefore')) throw lost();
    if (this.#strikes('serialization')) throw new SqlError('40001', 'injected: could not serialize access');
  }

  after(): void {
    this.#watch.onStep();
    if (this.#strikes('lostAfter')) throw lost();
  }

  /** Nothing of a process that has died goes on. */
  async living(): Promise<void> {
    if (this.#state === 'cut') await new Promise<void>(resolve => this.#unanswered.push(resolve));
    if (this.#state === 'buried') throw lost();
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  #strikes(kind: keyof DatabaseFaults): boolean {
    if (this.faults[kind] === 0 || this.#watch.random() >= this.faults[kind]) return false;
    this.injected += 1;
    return true;
  }
}

/** A connection that is lent. */
export class FaultyConnection implements SqlExecutor {
  readonly #pool: FaultyPool;
  readonly #session: ModelSession;
  readonly #onEnd: () => void;
  #isLost = false;

  constructor(pool: FaultyPool, session: ModelSession, onEnd: () => void) {
    this.#pool = pool;
    this.#session = session;
    this.#onEnd = onEnd;
  }

  async query<R = Record<string, unknown>>(text: string, values: readonly unknown[] = []): Promise<{ rows: R[] }> {
    const pool = this.#pool;
    if (this.#isLost) throw lost();
    await pool.way();
    try {
      pool.before();
    } catch (error) {
      if (!(error instanceof SqlError) || text === 'COMMIT' || text === 'ROLLBACK') this.lose();
      else this.#session.fail();
      throw error;
    }
    if (!pool.isOpen) await pool.living();
    const answer = await this.#session.query(text, values);
    try {
      pool.after();
    } catch (error) {
      this.lose();
      throw error;
    }
    await pool.way();
    if (this.#isLost) throw lost();
    return answer as { rows: R[] };
  }

  /** Back to the pool, which closes it: a connection costs nothing here. */
  release(): void {
    this.lose();
  }

  lose(): void {
    this.#isLost = true;
    this.#onEnd();
    this.#session.end();
  }
}
