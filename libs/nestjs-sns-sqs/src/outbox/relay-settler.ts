import { backoffMs } from '../async/backoff.js';
import { pause } from '../async/pause.js';
import { thrownText } from '../errors/thrown.js';
import type { OutboxStore } from '../interfaces/outbox-store.interface.js';
import type { RelayFaults } from './relay-faults.js';
import type { RelayRound } from './relay-round.js';

export const STORE_RETRY_MS = { initial: 200, max: 10_000 };
/** Tries to remove what was sent, once the relay ends. */
const LAST_TRIES = 3;

/** Removes from the table what a round has sent, and moves what was refused. */
export class RelaySettler {
  /** Rows that AWS has accepted or refused and that are still in the table. */
  private readonly unsettled = new Set<string>();

  constructor(
    private readonly store: Pick<OutboxStore, 'settle'>,
    private readonly faults: Pick<RelayFaults, 'onStoreFailure'>,
    private readonly random: () => number,
  ) {}

  /** A claim may give such a row again: to send it would be a second time. */
  isUnsettled(row: string): boolean {
    return this.unsettled.has(row);
  }

  /** Tries until it is done: what was sent and stays in the table would be sent again. Never rejects. */
  async settle(token: string, { sent, refused }: RelayRound, stopping: AbortSignal): Promise<void> {
    const rows = [...sent, ...refused.map(({ row }) => row)];
    for (const row of rows) this.unsettled.add(row);
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.store.settle(token, { sent, refused });
        break;
      } catch (error) {
        this.faults.onStoreFailure(thrownText(error));
        if (stopping.aborted && attempt >= LAST_TRIES) break;
        await pause(backoffMs(STORE_RETRY_MS, attempt, this.random), stopping);
      }
    }
    for (const row of rows) this.unsettled.delete(row);
  }
}
