import { jest } from '@jest/globals';
import { lateAfter } from './late-after.js';

describe('lateAfter', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('calls back when the time is over and what has come by then is read', async () => {
    const told: string[] = [];
    lateAfter(50, () => told.push('late'));
    jest.advanceTimersByTime(50);
    expect(told).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(told).toEqual(['late']);
  });

  it.each([
    ['before the time is over', 49],
    ['by what was read when it was', 50],
  ])('does not, and leaves no timer, where it was answered %s', async (_, ms) => {
    const told: string[] = [];
    const answered = lateAfter(50, () => told.push('late'));
    jest.advanceTimersByTime(ms);
    answered();
    await jest.advanceTimersByTimeAsync(100);
    expect(told).toEqual([]);
    expect(jest.getTimerCount()).toBe(0);
  });
});
