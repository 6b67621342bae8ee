import { jest } from '@jest/globals';
import type { CircuitBreakerOptions } from '../../interfaces/steering-options.interface.js';
import { monotonicNow } from '../../async/clock.js';
import { CircuitBreaker } from './circuit-breaker.js';

const AWAY = new Error('connect ECONNREFUSED');

const received = () => ({ receivedAt: monotonicNow() });

function breakerOf(rules: Partial<CircuitBreakerOptions> = {}) {
  const told: string[] = [];
  const breaker = new CircuitBreaker(
    { failures: 0.5, of: 4, pauseSeconds: 60, ...rules },
    {
      onOpen: (reason, seconds) => void told.push(`open for ${seconds} s: ${reason}`),
      onTrial: () => void told.push('trial'),
      onClose: () => void told.push('closed'),
    },
  );
  const results = (...succeeded: boolean[]): Array<number | undefined> =>
    succeeded.map(each => {
      if (!each) return breaker.noteFailure(AWAY, received());
      breaker.noteSuccess(received());
      return undefined;
    });
  const open = (): void => void results(false, false, false, false);
  return { breaker, told, results, open };
}

describe('CircuitBreaker', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('stays closed while less than its share of the latest results are failures', () => {
    const { breaker, told, results } = breakerOf();
    results(true, false, true, true, true, false, true, true, true, false, true, true);
    expect([told, breaker.roomFor([]), breaker.reason]).toEqual([[], Infinity, undefined]);
  });

  it('never opens before it has seen as many results as it looks at', () => {
    const { told, results } = breakerOf({ of: 5 });
    results(false, false, false, false);
    expect(told).toEqual([]);
  });

  it('opens with its share of failures, and the one that opens it costs no attempt', () => {
    const { breaker, told, results } = breakerOf();
    expect(results(true, true, false, false)).toEqual([undefined, undefined, undefined, 60]);
    expect(told).toEqual(['open for 60 s: 2 of the last 4 attempts failed, the last one: connect ECONNREFUSED']);
    expect([breaker.roomFor([]), breaker.reason]).toEqual([0, expect.stringContaining('2 of the last 4')]);
  });

  it('asks what fails meanwhile to come again when the pause is over, and says nothing more', async () => {
    const { told, results, open } = breakerOf();
    open();
    await jest.advanceTimersByTimeAsync(20_500);
    expect(results(false, true, false)).toEqual([40, undefined, 40]);
    expect(told).toHaveLength(1);
  });

  it('tries one message after the pause, and closes when that is handled', async () => {
    const { breaker, told, results, open } = breakerOf();
    open();
    await jest.advanceTimersByTimeAsync(60_000);
    expect([told[1], breaker.roomFor([])]).toEqual(['trial', 1]);
    results(true);
    expect([told[2], breaker.roomFor([]), breaker.reason]).toEqual(['closed', Infinity, undefined]);
    expect(results(false, false, false)).toEqual([undefined, undefined, undefined]);
  });

  it('tries one message beside those that have not ended since before, and goes by that one', async () => {
    const { breaker, told, open } = breakerOf();
    const before = received();
    await jest.advanceTimersByTimeAsync(1_000);
    open();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(breaker.roomFor([before])).toBe(1);
    const tried = received();
    expect(breaker.roomFor([before, tried])).toBe(0);
    expect(breaker.noteFailure(AWAY, before)).toBe(1);
    breaker.noteSuccess(before);
    expect(told).toHaveLength(2);
    breaker.noteSuccess(tried);
    expect(told.at(-1)).toBe('closed');
  });

  it('waits twice as long after each trial that fails, up to eight times', async () => {
    const { told, results, open } = breakerOf();
    open();
    const pauses: Array<number | undefined> = [];
    for (let at = 0, pause = 60; at < 5; at += 1, pause = Math.min(480, pause * 2)) {
      await jest.advanceTimersByTimeAsync(pause * 1000);
      pauses.push(...results(false));
    }
    expect(pauses).toEqual([120, 240, 480, 480, 480]);
    expect(told.at(-1)).toBe('open for 480 s: the message that was tried failed: connect ECONNREFUSED');
  });

  it.each<[string, (error: unknown) => boolean, number | undefined]>([
    ['leaves out what the predicate says is none of its business', () => false, undefined],
    [
      'counts an error that the predicate throws about',
      () => {
        throw new Error('mine');
      },
      60,
    ],
    ['counts an error of which the predicate gives a promise', () => Promise.reject(new Error('late')) as never, 60],
  ])('%s', (_, isFailure, expected) => {
    const { results } = breakerOf({ isFailure });
    expect(results(false, false, false, false).at(-1)).toBe(expected);
  });

  it('does nothing after its stop', async () => {
    const { breaker, told, results, open } = breakerOf();
    open();
    breaker.stop();
    await jest.advanceTimersByTimeAsync(600_000);
    expect(results(false, false)).toEqual([undefined, undefined]);
    expect(told).toHaveLength(1);
  });
});
