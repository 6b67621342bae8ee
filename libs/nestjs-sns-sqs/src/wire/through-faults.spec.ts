import { jest } from '@jest/globals';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import { throughFaults } from './through-faults.js';

const throttled = new SnsSqsError('THROTTLED', 'no', { retryable: true });
const tries = { maxAttempts: 3, retryDelayMs: 100, random: () => 1 };

function failing(...errors: Error[]) {
  const run = jest.fn<() => Promise<string>>(() => {
    const error = errors.shift();
    return error ? Promise.reject(error) : Promise.resolve('well');
  });
  const stopping = new AbortController();
  const outcome = throughFaults(run, tries, stopping.signal).catch((error: unknown) => error);
  return { run, outcome, stopping };
}

describe('throughFaults', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('tries again with a growing delay what may pass', async () => {
    const { run, outcome } = failing(throttled, throttled);
    await jest.advanceTimersByTimeAsync(99);
    expect(run).toHaveBeenCalledTimes(1);
    await jest.advanceTimersByTimeAsync(201);
    expect(run).toHaveBeenCalledTimes(3);
    expect(await outcome).toBe('well');
  });

  it('gives up after its tries', async () => {
    const { run, outcome } = failing(throttled, throttled, throttled);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(await outcome).toBe(throttled);
    expect(run).toHaveBeenCalledTimes(3);
  });

  it.each([
    new SnsSqsError('ACCESS_DENIED', 'no', { retryable: true }),
    new SnsSqsError('QUEUE_NOT_FOUND', 'no', { retryable: true }),
    new SnsSqsError('INVALID_OPTIONS', 'no'),
    new SnsSqsError('AWS_CALL_FAILED', 'no'),
    new Error('no'),
  ])('gives up at once what waiting does not mend: %s', async error => {
    const { run, outcome } = failing(error);
    expect(await outcome).toBe(error);
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('ends with the signal, without another try, and leaves no timer', async () => {
    const { run, outcome, stopping } = failing(throttled);
    await jest.advanceTimersByTimeAsync(50);
    stopping.abort();
    expect(await outcome).toBe(throttled);
    expect(run).toHaveBeenCalledTimes(1);
    expect(jest.getTimerCount()).toBe(0);
  });
});
