import { monotonicNow } from '../async/clock.js';
import { thrownText } from '../errors/thrown.js';
import type { OutboxStatus, OutboxStore } from '../interfaces/outbox-store.interface.js';
import type { RelayChore, RelayFaults } from './relay-faults.js';

const STATUS_EVERY_MS = 10_000;
const TIDY_EVERY_MS = 60_000;
/** Messages for others that wait for longer may have nobody who sends them. */
const NEGLECTED_MS = 600_000;

/** What a relay does now and then beside its work. Its failures keep nothing from being published. */
export class RelayHousekeeping {
  statuses: OutboxStatus[] = [];
  private nextStatusAt = 0;
  private nextTidyAt = monotonicNow() + TIDY_EVERY_MS;

  constructor(
    private readonly store: Pick<OutboxStore, 'status' | 'tidy' | 'neglected'>,
    private readonly faults: Pick<RelayFaults, 'onChoreDone' | 'onChoreFailure' | 'onNeglected'>,
  ) {}

  /** Never rejects. */
  async doDue(destinations: readonly string[]): Promise<'tidied' | 'not yet'> {
    const { store } = this;
    const now = monotonicNow();
    if (now >= this.nextStatusAt) {
      this.nextStatusAt = now + STATUS_EVERY_MS;
      await this.do('counted', async () => (this.statuses = await store.status(destinations)));
    }
    if (now < this.nextTidyAt) return 'not yet';
    this.nextTidyAt = now + TIDY_EVERY_MS;
    await this.do('tidied up', async () => {
      await store.tidy?.();
      this.faults.onNeglected((await store.neglected?.(destinations, NEGLECTED_MS)) ?? []);
    });
    return 'tidied';
  }

  private async do(chore: RelayChore, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
      this.faults.onChoreDone(chore);
    } catch (error) {
      this.faults.onChoreFailure(chore, thrownText(error));
    }
  }
}
