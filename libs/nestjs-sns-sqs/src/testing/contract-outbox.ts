import type { MaybePromise } from '../interfaces/inbox-store.interface.js';
import type { OutboxMessage, OutboxRow, OutboxStore } from '../interfaces/outbox-store.interface.js';
import type { SqlExecutor } from '../interfaces/sql.interface.js';

/** A transaction that a test ends itself. */
export interface ContractTransaction {
  tx: SqlExecutor;
  commit: () => Promise<void>;
  rollback: () => Promise<void>;
}

/** A store, and the database that it writes to. */
export interface OutboxContractSubject {
  store: OutboxStore;
  begin(): Promise<ContractTransaction>;
  end?(): MaybePromise<void>;
}

/** Defines a test with an outbox of its own. */
export type OutboxTest = (what: string, run: (outbox: ContractOutbox) => Promise<void>) => void;

export const LONG_MS = 60_000;
export const SHORT_MS = 150;
let tests = 0;

/** The calls of one test, on a destination of its own. */
export class ContractOutbox {
  readonly destination = `sns:contract-${process.pid}-${(tests += 1)}-${Math.random().toString(36).slice(2)}`;
  private tokens = 0;
  private messages = 0;

  constructor(private readonly subject: OutboxContractSubject) {}

  get store(): OutboxStore {
    return this.subject.store;
  }

  begin(): Promise<ContractTransaction> {
    return this.subject.begin();
  }

  message(id: string, lane?: string): OutboxMessage {
    const entry = JSON.stringify({ body: `{"number":${(this.messages += 1)}}`, text: 'ä\\u0000"' });
    return { destination: this.destination, id, type: 'user.registered', entry, ...(lane !== undefined && { lane }) };
  }

  async commit(...messages: OutboxMessage[]): Promise<void> {
    const transaction = await this.begin();
    for (const message of messages) await this.store.add(transaction.tx, message, false);
    await transaction.commit();
  }

  token(): string {
    return `${this.destination}/${(this.tokens += 1)}`;
  }

  claim(token = this.token(), leaseMs = LONG_MS, rows = 100, exceptLanes: string[] = []): Promise<OutboxRow[]> {
    return this.store.claim({ destinations: [this.destination], token, leaseMs, rows, exceptLanes });
  }

  async ids(): Promise<string[]> {
    const token = this.token();
    const rows = await this.claim(token);
    await this.store.settle(token, { sent: [], refused: [] });
    return idsOf(rows);
  }
}

export const idsOf = (rows: readonly OutboxRow[]): string[] => rows.map(({ id }) => id);
export const rowsOf = (rows: readonly OutboxRow[]): string[] => rows.map(({ row }) => row);

/** Of an empty outbox. */
export const statusOf = ({ destination }: ContractOutbox) => ({
  destination,
  waiting: 0,
  oldestMs: 0,
  refused: 0,
  scheduled: 0,
});

/** From now, by the wall clock: it is what a user names. */
export const inMs = (ms: number): Date => new Date(Date.now() + ms);
