import { jest } from '@jest/globals';
import { InboxCleaner } from './inbox-cleaner.js';

describe('InboxCleaner', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => {
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  it('tells once that it fails again and again, and once more after it has worked', async () => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    let isRefused = true;
    const step = (): Promise<number> =>
      isRefused ? Promise.reject(new Error('permission denied for table inbox_places')) : Promise.resolve(0);
    const cleaner = new InboxCleaner(60, step);
    cleaner.start();
    const minutes = (count: number): Promise<void> => jest.advanceTimersByTimeAsync(count * 60_000);
    await minutes(2);
    expect(warned).not.toHaveBeenCalled();
    await minutes(100);
    expect(warned).toHaveBeenCalledTimes(1);
    expect(warned.mock.calls[0]?.[0]).toContain('its tables grow: permission denied for table inbox_places');
    isRefused = false;
    await minutes(1);
    isRefused = true;
    await minutes(10);
    expect(warned).toHaveBeenCalledTimes(2);
    await cleaner.stop();
  });
});
