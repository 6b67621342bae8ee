import type { Clock, ClockTimer } from './clock.js';

interface Pending {
  at: number;
  order: number;
  fn: () => void;
}

/** Time that stands still until a test moves it. */
export class VirtualClock implements Clock {
  private current: number;
  private order = 0;
  private readonly pending = new Set<Pending>();

  constructor(startAt: number = Date.UTC(2025, 0, 1)) {
    this.current = startAt;
  }

  now(): number {
    return this.current;
  }

  setTimer(at: number, fn: () => void): ClockTimer {
    const timer: Pending = { at, order: this.order++, fn };
    this.pending.add(timer);
    return { cancel: () => void this.pending.delete(timer) };
  }

  /** Number of timers that are armed. */
  get timers(): number {
    return this.pending.size;
  }

  /** Moves time forward, firing every timer on the way at its own time, in order. */
  advance(ms: number): void {
    this.advanceTo(this.current + ms);
  }

  advanceTo(time: number): void {
    for (let next = this.nextBefore(time); next; next = this.nextBefore(time)) {
      this.pending.delete(next);
      this.current = Math.max(this.current, next.at);
      next.fn();
    }
    this.current = Math.max(this.current, time);
  }

  private nextBefore(time: number): Pending | undefined {
    let first: Pending | undefined;
    for (const timer of this.pending) {
      if (timer.at > time) continue;
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer;
    }
    return first;
  }
}
