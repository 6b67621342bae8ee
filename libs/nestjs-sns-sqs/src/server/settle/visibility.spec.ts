import * as fc from 'fast-check';
import { grantableSeconds } from './visibility.js';

const anyTime = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(-Infinity, Infinity, NaN));

describe('grantableSeconds', () => {
  it('gives what is wanted, rounded up', () => {
    expect(grantableSeconds(30, 0, 10_000)).toBe(30);
    expect(grantableSeconds(0.2, 0, 10_000)).toBe(1);
  });

  it('ends 12 h after the receive', () => {
    const hour = 3_600_000;
    expect(grantableSeconds(43_200, 0, hour)).toBe(43_200 - 3_600 - 1);
    expect(grantableSeconds(60, 0, 12 * hour)).toBe(0);
  });

  it('is not longer after a clock was set back', () => {
    expect(grantableSeconds(60, 3_600_000, 0)).toBe(60);
    expect(grantableSeconds(43_200, 3_600_000, 0)).toBe(43_199);
  });

  it('is a whole number from 0 to 43,199, whatever the clocks do', () => {
    const holds = (): void =>
      fc.assert(
        fc.property(anyTime, anyTime, anyTime, (wanted, receivedAt, at) => {
          const seconds = grantableSeconds(wanted, receivedAt, at);
          expect(Number.isInteger(seconds) && seconds >= 0 && seconds <= 43_199).toBe(true);
        }),
      );
    expect(holds).not.toThrow();
  });
});
