import { backoffMs } from '../async/backoff.js';
import { monotonicNow } from '../async/clock.js';

const PAUSE_MS = { initial: 250, max: 30_000 };
const LEAST_ROWS = 10;

/** How fast one destination is relayed: slower while AWS throttles or is out of reach, as before once it accepts again. */
export class RelayPace {
  private failures = 0;
  private pausedUntil = 0;
  private rows: number;

  constructor(
    private readonly maxRows: number,
    private readonly random: () => number,
  ) {
    this.rows = maxRows;
  }

  /** Messages of the next claim. */
  get limit(): number {
    return this.rows;
  }

  /** Until something is sent there again, in milliseconds; 0: now. */
  get pauseMs(): number {
    return Math.max(0, this.pausedUntil - monotonicNow());
  }

  /** Nothing was accepted since. */
  get isHeldUp(): boolean {
    return this.failures > 0;
  }

  /** AWS has accepted messages. */
  onAccepted(): void {
    this.failures = 0;
    this.rows = Math.min(this.maxRows, this.rows * 2);
  }

  /** AWS throttled, or accepted nothing at all. */
  onHeldUp(): void {
    this.failures += 1;
    this.rows = Math.max(LEAST_ROWS, Math.floor(this.rows / 2));
    this.pausedUntil = monotonicNow() + backoffMs(PAUSE_MS, this.failures, this.random);
  }
}
