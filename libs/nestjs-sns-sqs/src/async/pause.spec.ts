import { jest } from '@jest/globals';
import { pause } from './pause.js';

describe('pause', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('lasts as long as it is told', async () => {
    const over = jest.fn();
    void pause(1_000, new AbortController().signal).then(over);
    await jest.advanceTimersByTimeAsync(999);
    expect(over).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(1);
    expect(over).toHaveBeenCalledTimes(1);
  });

  it('ends with the signal, and leaves no timer', async () => {
    const stopping = new AbortController();
    const pausing = pause(60_000, stopping.signal);
    stopping.abort();
    await pausing;
    expect(jest.getTimerCount()).toBe(0);
  });

  it('does not wait when the signal has aborted before', async () => {
    const over = jest.fn();
    void pause(60_000, AbortSignal.abort()).then(over);
    await jest.advanceTimersByTimeAsync(0);
    expect(over).toHaveBeenCalledTimes(1);
  });
});
