import { overdueMs } from './request-deadline.js';

const HOUR_MS = 3_600_000;
/** SQS's time when it took the request; its caller waits for five seconds. */
const SENT = 1_800_000_000_000;
const WAITS = 5_000;

const iso = (ms: number): string => new Date(ms).toISOString();

/** What is told of a request that is looked at so long after it was sent, where wall clocks are off by so much. */
const after = (ms: number, { caller = 0, here = 0 } = {}) =>
  overdueMs(SENT + caller + WAITS, {
    wallNow: SENT + ms + here,
    sqsNow: SENT + ms + 3_000,
    sentAt: SENT,
    time: iso(SENT + caller),
  });

describe('overdueMs', () => {
  it('tells by the wall clocks where they are right', () => {
    expect([after(1_000), after(5_000), after(7_000, { here: 500 })]).toEqual([-4_000, 0, 2_500]);
  });

  it.each([
    ["the service's, forward", { here: HOUR_MS }],
    ["the service's, back", { here: -HOUR_MS }],
    ["the caller's, forward", { caller: HOUR_MS }],
    ["the caller's, back", { caller: -HOUR_MS }],
    ['both, apart', { here: HOUR_MS, caller: -HOUR_MS }],
    ['both, together', { here: HOUR_MS, caller: HOUR_MS }],
  ])('is not misled by a wall clock that was set: %s', (_, set) => {
    expect(after(1_000, set)).toBeLessThan(0);
    expect(after(20_000, set)).toBeGreaterThan(0);
  });

  it('has the wall clocks alone where nothing else is known', () => {
    expect(overdueMs(SENT, { wallNow: SENT + 1 })).toBe(1);
    expect(overdueMs(SENT, { wallNow: SENT - 1, sentAt: SENT, sqsNow: SENT })).toBe(-1);
  });

  it.each([-1, HOUR_MS + 1])('takes the deadline as it is where the times of a foreign caller do not fit: %s', ms => {
    const expiresAt = SENT - 2 * HOUR_MS + ms;
    const clocks = { wallNow: SENT, sqsNow: SENT, sentAt: SENT, time: iso(SENT - 2 * HOUR_MS) };
    expect(overdueMs(expiresAt, clocks)).toBe(SENT - expiresAt);
  });
});
