import * as fc from 'fast-check';
import { backoffMs } from './backoff.js';

const most = (): number => 1 - Number.EPSILON;
const least = (): number => 0;

describe('backoffMs', () => {
  it('doubles from the first delay up to the bound', () => {
    const bounds = [1, 2, 3, 4, 5, 6].map(attempt =>
      Math.round(backoffMs({ initial: 100, max: 1_000 }, attempt, most)),
    );
    expect(bounds).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  });

  it('grows by another factor where one is given', () => {
    expect(Math.round(backoffMs({ initial: 10, max: 1_000, factor: 3 }, 3, most))).toBe(90);
  });

  it('spreads over the upper half, or over all of it', () => {
    expect(backoffMs({ initial: 100, max: 1_000 }, 1, least)).toBe(50);
    expect(backoffMs({ initial: 100, max: 1_000, jitter: 'full' }, 1, least)).toBe(0);
  });

  it('is a number within its bound after any number of failures', () => {
    const holds = (): void =>
      fc.assert(
        fc.property(
          fc.record({ initial: fc.nat(60_000), max: fc.nat(60_000), factor: fc.integer({ min: 1, max: 100 }) }),
          fc.integer({ min: 1, max: 1_000_000 }),
          fc.double({ min: 0, max: 0.999, noNaN: true }),
          (backoff, attempt, luck) => {
            const delay = backoffMs(backoff, attempt, () => luck);
            expect(delay).toBeGreaterThanOrEqual(0);
            expect(delay).toBeLessThanOrEqual(backoff.max);
          },
        ),
      );
    expect(holds).not.toThrow();
  });
});
