import { jest } from '@jest/globals';
import { MemoryOutbox } from '../../test/memory-outbox.js';
import { keepLease } from './kept-lease.js';

describe('keepLease', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('renews three times in a lease, says when another has it, and no earlier; and stops', async () => {
    const store = new MemoryOutbox();
    const renew = jest.spyOn(store, 'renew').mockResolvedValue(true);
    const onLost = jest.fn();
    const end = keepLease(store, 'token', 3_000, onLost);
    await jest.advanceTimersByTimeAsync(3_000);
    expect(renew.mock.calls).toEqual(Array.from({ length: 3 }, () => ['token', 3_000]));
    renew.mockRejectedValueOnce(new Error('no connection'));
    await jest.advanceTimersByTimeAsync(1_000);
    expect(onLost).not.toHaveBeenCalled();
    renew.mockResolvedValueOnce(false);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(onLost).toHaveBeenCalledTimes(1);
    end();
    expect(jest.getTimerCount()).toBe(0);
  });
});
