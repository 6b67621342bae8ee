import { BrokenRecords, brokenWaitSeconds } from './broken-records.js';

describe('an event whose record is broken', () => {
  it('is looked at ever more seldom', () => {
    expect([1, 2, 3, 7, 8, 9, 1_000].map(brokenWaitSeconds)).toEqual([2, 4, 8, 128, 256, 300, 300]);
  });

  it('is given up after 15 minutes, and waits anew when it comes again', () => {
    let now = 0;
    const records = new BrokenRecords(() => now);
    expect(records.isGivenUp('a')).toBe(false);
    now = 15 * 60_000 - 1;
    expect([records.isGivenUp('a'), records.isGivenUp('b')]).toEqual([false, false]);
    now += 1;
    expect([records.isGivenUp('a'), records.isGivenUp('b')]).toEqual([true, false]);
    expect(records.isGivenUp('a')).toBe(false);
  });

  it('is remembered as one of a thousand at most', () => {
    let now = 0;
    const records = new BrokenRecords(() => now);
    for (let n = 0; n <= 1_000; n += 1) records.isGivenUp(`${n}`);
    now = 15 * 60_000;
    expect([records.isGivenUp('1000'), records.isGivenUp('0')]).toEqual([true, false]);
  });
});
