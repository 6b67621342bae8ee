export interface ClockTimer {
  cancel(): void;
}

/** The only source of time: everything the broker does later, it does through this. Times are epoch milliseconds. */
export interface Clock {
  now(): number;
  /** Calls `fn` once, at or after `at`. Never synchronously. */
  setTimer(at: number, fn: () => void): ClockTimer;
}
