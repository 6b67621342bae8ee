/** An error of PostgreSQL, by its code. */
export class SqlError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** After this time a transaction that waits for a row looks whether the others wait for it. */
const DEADLOCK_MS = 1_000;

interface Waiter {
  by: ModelTransaction;
  resolve: () => void;
  reject: (error: SqlError) => void;
  timer: NodeJS.Timeout;
}

/** What a transaction has done, and how it is undone. */
export class ModelTransaction {
  readonly undo: Array<() => void> = [];
  readonly onCommit: Array<() => void> = [];
  readonly locks = new Set<string>();
  /** A statement of it has failed: it cannot commit any more. */
  hasFailed = false;
  waitsFor: string | undefined;
}

/** Rows that transactions have locked until they end. Who waits first is served first. */
export class RowLocks {
  readonly #owners = new Map<string, ModelTransaction>();
  readonly #waiting = new Map<string, Waiter[]>();

  isLockedByOther(row: string, by: ModelTransaction): boolean {
    const owner = this.#owners.get(row);
    return owner !== undefined && owner !== by;
  }

  /** Rejects with 40P01 where transactions wait for each other, and with 55P03 after `timeoutMs`. */
  async lock(row: string, by: ModelTransaction, timeoutMs = Infinity): Promise<void> {
    if (this.isLockedByOther(row, by)) await this.#wait(row, by, timeoutMs);
    this.#owners.set(row, by);
    by.locks.add(row);
  }

  release({ locks }: ModelTransaction): void {
    for (const row of locks) {
      const next = this.#waiting.get(row)?.shift();
      if (!next) {
        this.#owners.delete(row);
        continue;
      }
      clearTimeout(next.timer);
      next.by.waitsFor = undefined;
      this.#owners.set(row, next.by);
      next.by.locks.add(row);
      next.resolve();
    }
    locks.clear();
  }

  /** The server has gone: nobody is served any more. */
  clear(error: SqlError): void {
    const all = [...this.#waiting.values()].flat();
    this.#waiting.clear();
    this.#owners.clear();
    for (const { timer, reject } of all) {
      clearTimeout(timer);
      reject(error);
    }
  }

  #wait(row: string, by: ModelTransaction, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(row) ?? [];
      this.#waiting.set(row, waiting);
      const giveUp = (code: string, message: string): void => {
        waiting.splice(waiting.indexOf(waiter), 1);
        by.waitsFor = undefined;
        reject(new SqlError(code, message));
      };
      const look = (): void => {
        if (timeoutMs <= DEADLOCK_MS) giveUp('55P03', 'canceling statement due to lock timeout');
        else if (this.#isCircle(by)) giveUp('40P01', 'deadlock detected');
      };
      const timer = setTimeout(look, Math.min(timeoutMs, DEADLOCK_MS));
      const waiter: Waiter = { by, resolve, reject, timer };
      by.waitsFor = row;
      waiting.push(waiter);
    });
  }

  #isCircle(start: ModelTransaction): boolean {
    let each: ModelTransaction | undefined = start;
    for (let steps = 0; each && steps < 100; steps += 1) {
      each = each.waitsFor === undefined ? undefined : this.#owners.get(each.waitsFor);
      if (each === start) return true;
    }
    return false;
  }
}
