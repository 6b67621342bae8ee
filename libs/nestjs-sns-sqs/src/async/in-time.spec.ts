import { jest } from '@jest/globals';
import { inTime } from './in-time.js';

/** What becomes of work that ends when `answer` is called. */
function watched(): { told: unknown[]; answer: (value: string) => void } {
  const told: unknown[] = [];
  let answer: (value: string) => void = () => undefined;
  const work = new Promise<string>(resolve => (answer = resolve));
  inTime(work, 50, 'late').then(
    value => told.push(value),
    (error: Error) => told.push(error.message),
  );
  return { told, answer };
}

describe('inTime', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('rejects when the time is over and what has come by then is read', async () => {
    const { told } = watched();
    jest.advanceTimersByTime(50);
    expect(told).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(told).toEqual(['late']);
  });

  it.each([
    ['before the time is over', 49],
    ['by what was read when it was', 50],
  ])('gives what was answered %s, and leaves no timer', async (_, ms) => {
    const { told, answer } = watched();
    jest.advanceTimersByTime(ms);
    answer('answer');
    await jest.advanceTimersByTimeAsync(100);
    expect(told).toEqual(['answer']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('rejects with what the work rejects with, and leaves no timer', async () => {
    await expect(inTime(Promise.reject(new Error('refused')), 50, 'late')).rejects.toThrow('refused');
    expect(jest.getTimerCount()).toBe(0);
  });
});
