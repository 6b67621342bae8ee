import { ModelInbox } from './model-inbox.ts';
import { ModelOutbox } from './model-outbox.ts';
import { ModelTransaction, RowLocks, SqlError } from './row-locks.ts';
import type { CarryOut, Row } from './statement.ts';

export interface ModelDatabaseOptions {
  /** The library's statements of the outbox, by their names. */
  outboxSql: Record<string, string>;
  /** The database's clock, in milliseconds. */
  now: () => number;
  random: () => number;
}

const goneError = (): SqlError => new SqlError('57P01', 'terminating connection due to administrator command');

/**
 * PostgreSQL as far as outbox, inbox and handlers use it: transactions, row locks, deadlocks, connections that are lost.
 * It knows the library's statements by their texts. `model-agrees.spec.ts` compares it with a real PostgreSQL.
 */
export class ModelDatabase {
  readonly locks = new RowLocks();
  readonly outbox: ModelOutbox;
  readonly inbox: ModelInbox;
  readonly #statements = new Map<string, CarryOut>();
  readonly #sessions = new Set<ModelSession>();

  constructor({ outboxSql, now, random }: ModelDatabaseOptions) {
    this.outbox = new ModelOutbox(now, random);
    this.inbox = new ModelInbox(now);
    const known = this.outbox.statements();
    for (const [name, text] of Object.entries(outboxSql)) {
      const carryOut = known[name];
      if (carryOut) this.#statements.set(text, carryOut);
    }
  }

  /** A statement of the service's own. */
  define(text: string, carryOut: CarryOut): void {
    this.#statements.set(text, carryOut);
  }

  connect(): ModelSession {
    const session = new ModelSession(this, () => this.#sessions.delete(session));
    this.#sessions.add(session);
    return session;
  }

  /** As when the server is killed and started again: what is committed stays, but for what is in no log. */
  crash(): void {
    // First, so that nobody goes on with what another one has let go.
    this.locks.clear(goneError());
    for (const session of this.#sessions) session.terminate();
    this.inbox.forgetPlaces();
  }

  async carryOut(text: string, values: readonly unknown[], tx: ModelTransaction): Promise<Row[]> {
    const found = this.#statements.get(text) ?? this.inbox.statement(text);
    if (!found) throw new SqlError('42601', `the model knows no such statement: ${text}`);
    return found({ tx, values, locks: this.locks });
  }

  commit(tx: ModelTransaction): void {
    if (tx.hasFailed) return;
    for (const step of tx.onCommit) step();
    this.locks.release(tx);
  }

  /** May be repeated. */
  rollback(tx: ModelTransaction): void {
    for (const step of tx.undo.splice(0).toReversed()) step();
    this.locks.release(tx);
  }

  /** A statement has failed: its transaction is undone at once, and can only be rolled back. */
  fail(tx: ModelTransaction): void {
    tx.hasFailed = true;
    this.rollback(tx);
  }
}

/** A connection, with the transaction that is open on it. */
export class ModelSession {
  readonly #database: ModelDatabase;
  readonly #onEnd: () => void;
  #tx: ModelTransaction | undefined;
  #running: ModelTransaction | undefined;
  #isOver = false;

  constructor(database: ModelDatabase, onEnd: () => void) {
    this.#database = database;
    this.#onEnd = onEnd;
  }

  async query(text: string, values: readonly unknown[] = []): Promise<{ rows: Row[] }> {
    if (this.#isOver) throw goneError();
    const database = this.#database;
    switch (text) {
      case 'BEGIN':
        this.#tx = new ModelTransaction();
        return { rows: [] };
      case 'COMMIT':
      case 'ROLLBACK':
        if (this.#tx) database[text === 'COMMIT' ? 'commit' : 'rollback'](this.#tx);
        this.#tx = undefined;
        return { rows: [] };
    }
    const { rows } = this.#tx ? await this.#within(this.#tx, text, values) : await this.#alone(text, values);
    // Drivers give objects of their own.
    return { rows: rows.map(row => ({ ...row })) };
  }

  /** A statement of the open transaction has failed. */
  fail(): void {
    if (this.#tx) this.#database.fail(this.#tx);
  }

  /** The client has gone. A statement that runs ends first: the server hears of it when it answers. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onEnd();
    if (this.#tx && !this.#running) this.#abandon(this.#tx);
  }

  /** The server has gone. */
  terminate(): void {
    this.#isOver = true;
    this.#onEnd();
    const open = this.#tx ?? this.#running;
    this.#tx = this.#running = undefined;
    if (open) this.#abandon(open);
  }

  async #within(tx: ModelTransaction, text: string, values: readonly unknown[]): Promise<{ rows: Row[] }> {
    if (tx.hasFailed) throw new SqlError('25P02', 'current transaction is aborted');
    this.#running = tx;
    try {
      return { rows: await this.#database.carryOut(text, values, tx) };
    } catch (error) {
      this.#database.fail(tx);
      throw error;
    } finally {
      const isMine = this.#running === tx;
      this.#running = undefined;
      if (this.#isOver && isMine) this.#abandon(tx);
    }
  }

  /** A transaction of its own. */
  async #alone(text: string, values: readonly unknown[]): Promise<{ rows: Row[] }> {
    const tx = new ModelTransaction();
    this.#running = tx;
    try {
      const rows = await this.#database.carryOut(text, values, tx);
      // The server has gone meanwhile, and has rolled it back.
      if (this.#running !== tx) throw goneError();
      this.#database.commit(tx);
      return { rows };
    } catch (error) {
      if (this.#running === tx) this.#database.rollback(tx);
      throw error;
    } finally {
      this.#running = undefined;
    }
  }

  #abandon(tx: ModelTransaction): void {
    this.#tx = undefined;
    this.#database.rollback(tx);
  }
}
