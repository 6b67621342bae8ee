import { jest } from '@jest/globals';
import { TimeLimit } from './time-limit.js';

describe('TimeLimit', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('tells each whose time is over, once, at its own time', () => {
    const limit = new TimeLimit(100);
    const over: string[] = [];
    limit.begin(() => over.push('a'));
    jest.advanceTimersByTime(60);
    limit.begin(() => over.push('b'));
    jest.advanceTimersByTime(39);
    expect(over).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(over).toEqual(['a']);
    jest.advanceTimersByTime(60);
    expect(over).toEqual(['a', 'b']);
    jest.advanceTimersByTime(1_000);
    expect(over).toEqual(['a', 'b']);
  });

  it('says nothing of what has ended, and has no timer when nothing runs', () => {
    const limit = new TimeLimit(100);
    const over = jest.fn();
    const [first, second] = [limit.begin(over), limit.begin(over)];
    limit.end(first);
    expect(jest.getTimerCount()).toBe(1);
    limit.end(second);
    expect(jest.getTimerCount()).toBe(0);
    jest.advanceTimersByTime(1_000);
    expect(over).not.toHaveBeenCalled();
  });
});
