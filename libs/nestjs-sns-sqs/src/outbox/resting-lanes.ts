import { backoffMs } from '../async/backoff.js';
import { monotonicNow } from '../async/clock.js';
import type { OutboxRow } from '../interfaces/outbox-store.interface.js';
import { laneKey } from './relay-round.js';

const REST_MS = { initial: 250, max: 30_000 };
/** More than this, and it is no matter of single lanes. */
const MAX_LANES = 1_000;

interface Rest {
  failures: number;
  until: number;
}

/** Lanes whose first message fails while others are accepted: they rest, so that they hold up nobody else. */
export class RestingLanes {
  private readonly rests = new Map<string, Rest>();

  constructor(private readonly random: () => number) {}

  /** Those that rest now. */
  lanes(): string[] {
    if (this.rests.size === 0) return [];
    const now = monotonicNow();
    return [...this.rests].filter(([, { until }]) => until > now).map(([lane]) => lane);
  }

  /** @param failed lanes of `rows` whose next message was not accepted */
  learn(rows: readonly OutboxRow[], failed: readonly string[]): void {
    if (this.rests.size > 0) {
      const failing = new Set(failed);
      for (const row of rows) {
        const lane = laneKey(row);
        if (lane !== undefined && !failing.has(lane)) this.rests.delete(lane);
      }
    }
    for (const lane of failed) {
      if (this.rests.size >= MAX_LANES) return;
      const failures = (this.rests.get(lane)?.failures ?? 0) + 1;
      this.rests.set(lane, { failures, until: monotonicNow() + backoffMs(REST_MS, failures, this.random) });
    }
  }
}
