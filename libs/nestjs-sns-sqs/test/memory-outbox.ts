import type {
  OutboxClaimRequest,
  OutboxMessage,
  OutboxRelayOptions,
  OutboxResults,
  OutboxRow,
  OutboxSchedule,
  OutboxStatus,
  OutboxStore,
} from '../src/interfaces/outbox-store.interface.js';
import type { SqlExecutor } from '../src/interfaces/sql.interface.js';
import type { ContractTransaction } from '../src/testing/contract-outbox.js';

interface Kept extends OutboxRow {
  at: number;
}

class Transaction implements SqlExecutor {
  readonly onCommit: Array<() => void> = [];
  readonly onRollback: Array<() => void> = [];
  readonly locks = new Set<string>();

  query(): Promise<never> {
    return Promise.reject(new Error('this database knows no SQL'));
  }
}

interface Claim {
  token: string;
  until: number;
}

/**
 * An outbox in the memory of a test, with transactions and locks as a database has them. What is written in a
 * transaction that it has not begun is committed at once.
 */
export class MemoryOutbox implements OutboxStore {
  relay: OutboxRelayOptions | false = {};
  readonly refused: Array<OutboxRow & { code: string }> = [];
  rows: Kept[] = [];
  private scheduled: Array<OutboxMessage & OutboxSchedule> = [];
  private readonly numbers = new Map<string, number>();
  private readonly locks = new Map<string, Transaction>();
  private waiting: Array<() => void> = [];
  private readonly claims = new Map<string, Claim>();
  private ids = 0;

  begin(): ContractTransaction & { tx: Transaction } {
    const tx = new Transaction();
    const end = (steps: Array<() => void>): Promise<void> => {
      for (const step of steps) step();
      for (const lock of tx.locks) this.locks.delete(lock);
      for (const wake of this.waiting.splice(0)) wake();
      return Promise.resolve();
    };
    return { tx, commit: () => end(tx.onCommit), rollback: () => end(tx.onRollback.toReversed()) };
  }

  /** Writes and commits. */
  async commit(...messages: OutboxMessage[]): Promise<void> {
    const { tx, commit } = this.begin();
    for (const message of messages) await this.add(tx, message, false);
    await commit();
  }

  async nextSequence(tx: SqlExecutor, destination: string, subject: string): Promise<string> {
    const key = `${destination} ${subject}`;
    await this.lock(tx, key);
    const before = this.numbers.get(key) ?? 0;
    this.numbers.set(key, before + 1);
    if (tx instanceof Transaction) tx.onRollback.push(() => this.numbers.set(key, before));
    return String(before + 1);
  }

  returnSequence(_: SqlExecutor, destination: string, subject: string, sequence: string): Promise<void> {
    const key = `${destination} ${subject}`;
    if (this.numbers.get(key) === Number(sequence)) this.numbers.set(key, Number(sequence) - 1);
    return Promise.resolve();
  }

  async add(tx: SqlExecutor, message: OutboxMessage, holdsLane: boolean): Promise<void> {
    if (message.lane !== undefined && !holdsLane) await this.lock(tx, `${message.destination} ${message.lane}`);
    const row: Kept = { ...message, row: String((this.ids += 1)), at: performance.now() };
    await this.change(tx, () => {
      // In the order of the inserts, not of the commits: nearly always at the end.
      const before = this.rows.findLastIndex(each => Number(each.row) < Number(row.row));
      this.rows.splice(before + 1, 0, row);
    });
  }

  schedule(tx: SqlExecutor | undefined, message: OutboxMessage, schedule: OutboxSchedule): Promise<void> {
    return this.change(tx, () => {
      if (schedule.key !== undefined) this.unschedule(message.destination, schedule.key);
      this.scheduled.push({ ...message, ...schedule });
    });
  }

  async cancel(tx: SqlExecutor | undefined, destination: string, key: string): Promise<boolean> {
    const isThere = this.scheduled.some(each => each.destination === destination && each.key === key);
    await this.change(tx, () => this.unschedule(destination, key));
    return isThere;
  }

  /** All leases end. */
  expire(): void {
    for (const claim of this.claims.values()) claim.until = 0;
  }

  /** This claim ends. */
  release(token: string): Promise<void> {
    for (const [key, claim] of this.claims) if (claim.token === token) this.claims.delete(key);
    return Promise.resolve();
  }

  open(): Promise<void> {
    return Promise.resolve();
  }

  claim({ destinations, token, leaseMs, rows: most, exceptLanes }: OutboxClaimRequest): Promise<OutboxRow[]> {
    this.promote();
    const now = performance.now();
    const claimed: OutboxRow[] = [];
    for (const { at: _, ...row } of this.rows) {
      if (claimed.length >= most) break;
      const key = keyOf(row);
      const isFree = (this.claims.get(key)?.until ?? 0) <= now || this.claims.get(key)?.token === token;
      if (!destinations.includes(row.destination) || exceptLanes.includes(key) || !isFree) continue;
      this.claims.set(key, { token, until: now + leaseMs });
      claimed.push(row);
    }
    return Promise.resolve(claimed);
  }

  renew(token: string, leaseMs: number): Promise<boolean> {
    let isHeld = false;
    for (const claim of this.claims.values()) {
      if (claim.token !== token) continue;
      claim.until = performance.now() + leaseMs;
      isHeld = true;
    }
    return Promise.resolve(isHeld);
  }

  settle(token: string, { sent, refused }: OutboxResults): Promise<void> {
    for (const { row, code } of refused) {
      const found = this.rows.find(each => each.row === row);
      if (found) this.refused.push({ ...found, code });
    }
    const gone = new Set([...sent, ...refused.map(({ row }) => row)]);
    this.rows = this.rows.filter(({ row }) => !gone.has(row));
    return this.release(token);
  }

  status(destinations: readonly string[]): Promise<OutboxStatus[]> {
    const of = <T extends { destination: string }>(all: readonly T[], destination: string): T[] =>
      all.filter(each => each.destination === destination);
    return Promise.resolve(
      destinations.map(destination => {
        const waiting = of(this.rows, destination);
        return {
          destination,
          waiting: waiting.length,
          oldestMs: waiting.length === 0 ? 0 : performance.now() - Math.min(...waiting.map(({ at }) => at)),
          refused: of(this.refused, destination).length,
          scheduled: of(this.scheduled, destination).length,
        };
      }),
    );
  }

  private promote(): void {
    const isDue = ({ dueAt }: OutboxSchedule): boolean => dueAt.getTime() <= Date.now();
    const due = this.scheduled.filter(isDue).toSorted((a, b) => a.dueAt.getTime() - b.dueAt.getTime());
    this.scheduled = this.scheduled.filter(each => !isDue(each));
    for (const { dueAt: _, key: __, ...message } of due) {
      this.rows.push({ ...message, row: String((this.ids += 1)), at: performance.now() });
    }
  }

  private unschedule(destination: string, key: string): void {
    this.scheduled = this.scheduled.filter(each => each.destination !== destination || each.key !== key);
  }

  private change(tx: SqlExecutor | undefined, change: () => void): Promise<void> {
    if (tx instanceof Transaction) tx.onCommit.push(change);
    else change();
    return Promise.resolve();
  }

  private async lock(tx: SqlExecutor, key: string): Promise<void> {
    if (!(tx instanceof Transaction)) return;
    while (this.locks.has(key) && this.locks.get(key) !== tx) {
      await new Promise<void>(resolve => this.waiting.push(resolve));
    }
    this.locks.set(key, tx);
    tx.locks.add(key);
  }
}

const keyOf = ({ destination, lane, row }: OutboxRow): string =>
  lane === undefined ? `row ${row}` : `${destination} ${lane}`;
