import type { BatchResult } from '#lib/interfaces/wire.interface.js';

/** A message that was received, as a batch names it. */
export interface Handled {
  id: string;
  receiptHandle: string;
  visibilityTimeoutSeconds?: number;
}

/** By these SQS says that a handle holds its message no more. */
const LOST = /ReceiptHandleIsInvalid|MessageNotInflight|InvalidParameterValue/;

export interface SettlementsWatch {
  /** Told of what the library must not do. */
  blame(what: string): void;
  /** When the handler of a receipt handle has ended. */
  endOf(receiptHandle: string): number | undefined;
}

/** What one process has received, settled and lost, as far as SQS has told it. */
export class SettlementsJudge {
  /** By receipt handle that is not known to be settled: the message's id. */
  readonly #open = new Map<string, string>();
  /** By receipt handle: what is settled, and since when another may have the message. */
  readonly #settled = new Map<string, 'deleted' | 'returned'>();
  readonly #lostAt = new Map<string, number>();
  readonly #leaseSeconds: number;
  readonly #watch: SettlementsWatch;

  /** @param leaseSeconds a visibility of another length is a settlement */
  constructor(leaseSeconds: number, watch: SettlementsWatch) {
    this.#leaseSeconds = leaseSeconds;
    this.#watch = watch;
  }

  noteReceived(receiptHandle: string, messageId: string): void {
    this.#open.set(receiptHandle, messageId);
  }

  /** One of these messages was received, and is not settled. */
  holds(ids: ReadonlySet<string>): boolean {
    return [...this.#open.values()].some(id => ids.has(id));
  }

  /** What is settled is not touched again, nor what was lost while its handler ran. */
  async judge(what: string, entries: readonly Handled[], call: () => Promise<BatchResult>): Promise<BatchResult> {
    for (const { receiptHandle, visibilityTimeoutSeconds } of entries) {
      const lostAt = this.#lostAt.get(receiptHandle) ?? Infinity;
      const settled = this.#settled.get(receiptHandle);
      // What was put off may be called in when its turn has come.
      const isWake = settled === 'returned' && visibilityTimeoutSeconds === 0;
      if (settled && !isWake) this.#watch.blame(`a process tried to ${what} what it had settled`);
      else if (lostAt < (this.#watch.endOf(receiptHandle) ?? -Infinity))
        this.#watch.blame(`a process tried to ${what} what it had lost`);
    }
    const result = await call();
    for (const { id } of result.successful) {
      const entry = entries.find(each => each.id === id);
      if (entry && entry.visibilityTimeoutSeconds !== this.#leaseSeconds) {
        this.#open.delete(entry.receiptHandle);
        this.#settled.set(entry.receiptHandle, entry.visibilityTimeoutSeconds === undefined ? 'deleted' : 'returned');
      }
    }
    for (const { id, code } of result.failed) {
      const entry = entries.find(each => each.id === id);
      if (entry && LOST.test(code)) this.#lostAt.set(entry.receiptHandle, performance.now());
    }
    return result;
  }
}
