import { monotonicNow } from './clock.js';
import { LinkedList, type Link } from './linked-list.js';

/** One that runs. */
export interface Running {
  endsAt: number;
  onOver: () => void;
}

/**
 * A limit of time, the same for all that run: they end in the order of their beginning, so one timer is enough, for the
 * oldest. It keeps no process from ending: a handler that heeds no signal must not.
 */
export class TimeLimit {
  private readonly running = new LinkedList<Running>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly ms: number) {}

  /** How many run. */
  get size(): number {
    return this.running.size;
  }

  /** `onOver` is called once, `ms` from now, unless {@link end} is called with what this gives. */
  begin(onOver: () => void): Link<Running> {
    const running = this.running.add({ endsAt: monotonicNow() + this.ms, onOver });
    if (!this.timer) this.arm(this.ms);
    return running;
  }

  end(running: Link<Running>): void {
    this.running.remove(running);
    if (this.running.size === 0) this.stop();
  }

  /** Nobody is told any more. */
  stop(): void {
    this.running.clear();
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private arm(ms: number): void {
    this.timer = setTimeout(() => this.check(), Math.ceil(ms));
    this.timer.unref();
  }

  private check(): void {
    this.timer = undefined;
    const now = monotonicNow();
    for (let oldest = this.running.first; oldest; oldest = this.running.first) {
      const { endsAt, onOver } = oldest.item;
      if (endsAt > now) {
        // What was told may have begun another, later one.
        clearTimeout(this.timer);
        return this.arm(endsAt - now);
      }
      this.running.remove(oldest);
      onOver();
    }
  }
}
