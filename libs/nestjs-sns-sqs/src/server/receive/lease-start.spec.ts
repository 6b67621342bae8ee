import * as fc from 'fast-check';
import { leaseStart } from './lease-start.js';

describe('leaseStart', () => {
  it('is six seconds before the answer where a long poll has waited', () => {
    expect(leaseStart({ beganAt: 0, arrivedAt: 20_000 }, 30)).toBe(14_000);
  });

  it('is a fifth of a short lease before the answer', () => {
    expect(leaseStart({ beganAt: 0, arrivedAt: 20_000 }, 5)).toBe(19_000);
  });

  it('is the beginning of a call that was answered at once', () => {
    expect(leaseStart({ beganAt: 1_000, arrivedAt: 1_010 }, 30)).toBe(1_000);
  });

  it('leaves four fifths of any lease, and is never later than the moment in which SQS handed the message out', () => {
    const holds = (): void =>
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 43_200 }),
          fc.nat(20_000),
          fc.double({ min: 0, max: 1, noNaN: true }),
          (seconds, waitedMs, share) => {
            const allowanceMs = Math.min(6_000, seconds * 200);
            const arrivedAt = waitedMs + share * allowanceMs;
            const start = leaseStart({ beganAt: 0, arrivedAt }, seconds);
            expect(start).toBeLessThanOrEqual(waitedMs);
            expect(start + seconds * 1_000 - arrivedAt).toBeGreaterThanOrEqual(seconds * 800 - 0.001);
          },
        ),
      );
    expect(holds).not.toThrow();
  });
});
