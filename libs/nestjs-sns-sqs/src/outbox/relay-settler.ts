import { backoffMs } from '../async/backoff.js';
import { pause } from '../async/pause.js';
import { thrownText } from '../errors/thrown.js';
import type { OutboxResults, OutboxStore } from '../interfaces/outbox-store.interface.js';
import type { RelayFaults } from './relay-faults.js';

export const STORE_RETRY_MS = { initial: 200, max: 10_000 };
/** Tries to remove what was sent, once the relay ends. */
const LAST_TRIES = 3;

/** Removes from the table what a round has sent, and moves what was refused. */
export class RelaySettler {
  /** Rows that AWS has accepted or refused and that are still in the table. */
  private readonly unsettled = new Set<string>();
  private readonly retries = new Set<Promise<void>>();
  /** Claims with messages that AWS has accepted and that cannot be removed. */
  private readonly stuck = new Set<string>();

  constructor(
    private readonly store: Pick<OutboxStore, 'settle'>,
    private readonly faults: Pick<RelayFaults, 'onRemovalFailure' | 'onRemoval' | 'onRemovalGivenUp'>,
    private readonly random: () => number,
  ) {}

  /** A claim may give such a row again: to send it would be a second time. */
  isUnsettled(row: string): boolean {
    return this.unsettled.has(row);
  }

  /** Messages that were sent cannot be removed: whatever is sent now would stay too, and be sent again after a crash. */
  get isStuck(): boolean {
    return this.stuck.size > 0;
  }

  /** Resolves after the first try; more follow, until it is done. Never rejects. @param onReleased the claim has ended */
  async settle(token: string, results: OutboxResults, stopping: AbortSignal, onReleased: () => void): Promise<void> {
    const rows = [...results.sent, ...results.refused.map(({ row }) => row)];
    for (const row of rows) this.unsettled.add(row);
    const left = await this.attempt(token, results);
    if (left === undefined) return this.end(rows, onReleased);
    if (left.sent.length > 0) this.stuck.add(token);
    else onReleased();
    const retry = this.retry(token, left, stopping, onReleased).then(() => {
      this.retries.delete(retry);
      this.stuck.delete(token);
      this.end(rows, onReleased);
    });
    this.retries.add(retry);
  }

  /** Resolves when nothing is left to settle, or was given up. */
  async ended(): Promise<void> {
    await Promise.all(this.retries);
  }

  private end(rows: readonly string[], onReleased: () => void): void {
    for (const row of rows) this.unsettled.delete(row);
    onReleased();
  }

  private async retry(
    token: string,
    results: OutboxResults,
    stopping: AbortSignal,
    onReleased: () => void,
  ): Promise<void> {
    let left: OutboxResults | undefined = results;
    for (let attempt = 1; ; attempt += 1) {
      await pause(backoffMs(STORE_RETRY_MS, attempt, this.random), stopping);
      left = await this.attempt(token, left);
      if (left === undefined) break;
      if (left.sent.length === 0 && this.stuck.delete(token)) onReleased();
      if (stopping.aborted && attempt >= LAST_TRIES) return this.faults.onRemovalGivenUp();
    }
    if (this.retries.size === 1) this.faults.onRemoval();
  }

  /** Gives what is left to do; undefined: nothing. */
  private async attempt(token: string, results: OutboxResults): Promise<OutboxResults | undefined> {
    try {
      await this.store.settle(token, results);
      return undefined;
    } catch (error) {
      this.faults.onRemovalFailure(thrownText(error));
    }
    if (results.refused.length === 0) return results;
    // Refused messages that cannot be kept elsewhere hold up nobody.
    const withoutRefused = this.store.settle(token, { sent: results.sent, refused: [] });
    return withoutRefused.then(
      () => ({ sent: [], refused: results.refused }),
      () => results,
    );
  }
}
