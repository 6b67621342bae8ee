import type { Clock, ClockTimer } from './core/clock.js';

const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * Real time: that of the wall clock when it was made, and from there by the monotonic clock, so that no lease or delay
 * ends early or late where the wall clock is set. Its timers do not keep the process alive; the listening socket does.
 */
export class SystemClock implements Clock {
  private readonly startedAt = Date.now() - performance.now();

  now(): number {
    return Math.floor(this.startedAt + performance.now());
  }

  setTimer(at: number, fn: () => void): ClockTimer {
    const timer = setTimeout(fn, Math.min(Math.max(at - this.now(), 0), LONGEST_TIMEOUT_MS));
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  }
}
