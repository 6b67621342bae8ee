import { backoffSeconds } from './retry-policy.js';

describe('backoffSeconds', () => {
  it.each([
    [0, 0],
    [1, 900],
  ])('is a number where the power is beyond all numbers: from %i s at most %i s', (initialSeconds, seconds) => {
    expect(backoffSeconds(1_000, { initialSeconds, factor: 100, maxSeconds: 900 }, () => 1)).toBe(seconds);
  });
});
