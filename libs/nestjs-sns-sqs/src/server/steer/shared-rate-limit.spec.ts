import { jest } from '@jest/globals';
import { monotonicNow } from '../../async/clock.js';
import type { RateLimitOptions } from '../../interfaces/steering-options.interface.js';
import type { RateGrant, SteeringStore } from '../../interfaces/steering-store.interface.js';
import { SharedRateLimit } from './shared-rate-limit.js';

const pass = (ms = 0) => jest.advanceTimersByTimeAsync(ms);

/** The bucket of a store, as `SteeringStore` describes it, a few milliseconds away. */
class Bucket {
  calls = 0;
  isAway = false;
  private filled: number | undefined;
  private at = monotonicNow();

  readonly store: Pick<SteeringStore, 'takeRate'> = {
    takeRate: async (_, wanted, rules) => {
      this.calls += 1;
      await new Promise(resolve => setTimeout(resolve, 3));
      if (this.isAway) throw new Error('away');
      return this.take(wanted, rules);
    },
  };

  private take(wanted: number, { messages, perSeconds }: RateLimitOptions): RateGrant {
    const perMs = messages / perSeconds / 1000;
    const most = Math.max(1, perMs * 1000);
    const now = monotonicNow();
    this.filled = Math.min(most, (this.filled ?? most) + (now - this.at) * perMs);
    this.at = now;
    const granted = Math.min(wanted, Math.floor(this.filled));
    this.filled -= granted;
    return { granted, retryAfterMs: Math.max(0, Math.ceil((1 - this.filled) / perMs)) };
  }
}

describe('SharedRateLimit', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  /** Processes whose pollers receive all that they may, ten at most at once. */
  function processesOf(rules: RateLimitOptions, count: number, onUnavailable: 'wait' | 'proceed' = 'wait') {
    const bucket = new Bucket();
    const logger = { log: jest.fn(), warn: jest.fn() };
    const received = Array.from({ length: count }, () => 0);
    const limits = received.map((_, at): SharedRateLimit => {
      const take = (): void => {
        for (let room = limit.room; room > 0; room = limit.room) {
          const some = Math.min(10, room);
          received[at] = (received[at] ?? 0) + some;
          limit.take(some);
        }
      };
      const store = bucket.store as SteeringStore;
      const options = { queueName: 'q', store, onUnavailable, logger, batchSize: 10, onRoom: take, random: () => 0 };
      const limit = new SharedRateLimit(rules, options);
      take();
      return limit;
    });
    const total = (): number => received.reduce((sum, each) => sum + each, 0);
    const stop = (): void => {
      for (const limit of limits) limit.stop();
    };
    return { bucket, received, total, limits, logger, stop };
  }

  it.each<[RateLimitOptions, number]>([
    [{ messages: 100, perSeconds: 1 }, 6_000],
    [{ messages: 100, perSeconds: 60 }, 100],
    [{ messages: 7, perSeconds: 1 }, 420],
    [{ messages: 1_000, perSeconds: 1 }, 60_000],
  ])('lets three processes together have %p, within 5 %% over a minute', async (rules, expected) => {
    const { total, received, stop } = processesOf(rules, 3);
    await pass(60_000);
    expect(total()).toBeGreaterThanOrEqual(expected * 0.95);
    expect(total()).toBeLessThanOrEqual(expected * 1.05);
    expect(Math.min(...received)).toBeGreaterThan(0);
    stop();
    // What the store was asked before is still on its way.
    await pass(10);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('saves up what one second gives and what each process has taken, after a quiet hour', async () => {
    const rules = { messages: 100, perSeconds: 1 };
    const bucket = new Bucket();
    const store = bucket.store as SteeringStore;
    const logger = { log: jest.fn(), warn: jest.fn() };
    const limits = [1, 2, 3].map(
      () =>
        new SharedRateLimit(rules, {
          queueName: 'q',
          store,
          onUnavailable: 'wait',
          logger,
          batchSize: 10,
          onRoom: () => 0,
        }),
    );
    for (const limit of limits) void limit.room;
    await pass(3_600_000);
    const burst = limits.reduce((sum, { room }) => sum + room, 0);
    expect(burst).toBe(30);
    for (const limit of limits) limit.stop();
  });

  it('calls the store for several messages at once, and twenty times a second at most', async () => {
    const slow = processesOf({ messages: 50, perSeconds: 1 }, 1);
    await pass(10_000);
    expect(slow.total() / slow.bucket.calls).toBeGreaterThan(4);
    slow.stop();
    const quick = processesOf({ messages: 1_000, perSeconds: 1 }, 1);
    await pass(10_000);
    expect(quick.bucket.calls).toBeLessThan(220);
    quick.stop();
  });

  it('receives nothing while the store is away, and goes on when it is back', async () => {
    const { bucket, total, logger, stop } = processesOf({ messages: 100, perSeconds: 1 }, 1);
    await pass(1_000);
    bucket.isAway = true;
    await pass(1_000);
    const before = total();
    await pass(30_000);
    expect(total()).toBe(before);
    bucket.isAway = false;
    await pass(6_000);
    expect(total()).toBeGreaterThan(before + 100);
    expect(logger.warn).toHaveBeenCalledTimes(1);
    expect(logger.log).toHaveBeenCalledTimes(1);
    stop();
  });

  it('limits each process alone meanwhile, where messages are handled without the store', async () => {
    const { bucket, total, stop } = processesOf({ messages: 100, perSeconds: 1 }, 2, 'proceed');
    bucket.isAway = true;
    await pass(1_000);
    const before = total();
    await pass(20_000);
    expect(total() - before).toBeGreaterThan(2 * 1_900);
    expect(total() - before).toBeLessThan(2 * 2_110);
    bucket.isAway = false;
    await pass(6_000);
    const back = total();
    await pass(20_000);
    expect(total() - back).toBeLessThan(2_110);
    expect(total() - back).toBeGreaterThan(1_890);
    stop();
  });

  it('asks nobody after its stop', async () => {
    const { bucket, limits, stop } = processesOf({ messages: 1, perSeconds: 10 }, 1);
    await pass(100);
    stop();
    const { calls } = bucket;
    expect(limits[0]?.room).toBe(0);
    await pass(60_000);
    expect(bucket.calls).toBe(calls);
  });
});
