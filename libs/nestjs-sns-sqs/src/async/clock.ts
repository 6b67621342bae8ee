/**
 * Milliseconds of a clock that only goes forward, for every duration: leases, timeouts, backoffs. The wall clock can be
 * set back or forward at any moment; `Date.now()` is for stamps that leave the process.
 */
export const monotonicNow = (): number => performance.now();
