import { earlySeconds, inWorkSeconds, longestLowestWaitMs, subjectInWorkSeconds } from './put-off.js';

const COUNTS = [1, 2, 3, 4, 5, 1_000];

describe('how long a message that waits is put off, should nobody wake it', () => {
  it('early: 30 s, and four times as long each time, up to 15 minutes', () => {
    expect(COUNTS.map(count => earlySeconds(count, undefined))).toEqual([30, 120, 480, 900, 900, 900]);
  });

  it.each([
    [1, 60_000, 30],
    [3, 60_000, 60],
    [1, 5_001, 6],
    [1, 1, 1],
    // Over, and waited for ever.
    [2, 0, 120],
    [2, -5_000, 120],
  ])('early, the lowest, at receive %p with %p ms left: %p s', (count, leftMs, seconds) => {
    expect(earlySeconds(count, leftMs)).toBe(seconds);
  });

  it('in work: from a second to two minutes, and not beyond the lease of the claim', () => {
    expect([1, 5, 10, 20, 30, 35, 1_000].map(count => inWorkSeconds(count, 43_200_000))).toEqual([
      1, 2, 4, 16, 66, 120, 120,
    ]);
    expect(inWorkSeconds(1_000, 30_001)).toBe(31);
    expect(inWorkSeconds(1, 0)).toBe(1);
  });

  it('in work for 12 hours: a few hundred receives', () => {
    let [seconds, receives] = [0, 0];
    while (seconds < 43_200) seconds += inWorkSeconds((receives += 1), 30_000_000);
    expect(receives).toBeLessThan(400);
  });

  it('the subject in work: 1 to 10 s at first, then as long as a duplicate', () => {
    expect(COUNTS.map(count => subjectInWorkSeconds(count, () => 0.999_999))).toEqual([1, 2, 4, 8, 10, 120]);
    expect(COUNTS.map(count => subjectInWorkSeconds(count, () => 0))).toEqual([1, 1, 2, 4, 5, 60]);
  });

  it('the lowest looks again when the gap times out, or after 15 minutes', () => {
    expect([1_000, 300_000, 86_400_000].map(longestLowestWaitMs)).toEqual([1_000, 300_000, 900_000]);
  });
});
