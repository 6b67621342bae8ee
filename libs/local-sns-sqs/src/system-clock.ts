import type { Clock, ClockTimer } from './core/clock.js';

const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** Real time. Its timers do not keep the process alive; the listening socket does. */
export class SystemClock implements Clock {
  now(): number {
    return Date.now();
  }

  setTimer(at: number, fn: () => void): ClockTimer {
    const timer = setTimeout(fn, Math.min(Math.max(at - Date.now(), 0), LONGEST_TIMEOUT_MS));
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  }
}
