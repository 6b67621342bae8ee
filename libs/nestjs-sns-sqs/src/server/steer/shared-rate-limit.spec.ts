import { jest } from '@jest/globals';
import { MemorySteering } from '../../../test/memory-steering.js';
import { SlowReceiver } from '../../../test/slow-receiver.js';
import type { RateLimitOptions } from '../../interfaces/steering-options.interface.js';
import { SharedRateLimit } from './shared-rate-limit.js';

const pass = (ms = 0) => jest.advanceTimersByTimeAsync(ms);

describe('SharedRateLimit', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  /** Processes whose pollers receive all that they may, ten at most at once. */
  function processesOf(rules: RateLimitOptions, count: number, onUnavailable: 'wait' | 'proceed' = 'wait') {
    const bucket = new MemorySteering();
    bucket.latencyMs = 3;
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
      const options = {
        queueName: 'q',
        store: bucket,
        onUnavailable,
        logger,
        batchSize: 10,
        onRoom: take,
        random: () => 0,
      };
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

  /** As {@link processesOf}, but nothing is there to receive until `begin` is called. */
  function restingProcesses(rules: RateLimitOptions, count: number) {
    const bucket = new MemorySteering();
    bucket.latencyMs = 3;
    let received = 0;
    let isQuiet = true;
    const logger = { log: jest.fn(), warn: jest.fn() };
    const takes: Array<() => void> = [];
    const limits = Array.from({ length: count }, () => {
      const take = (): void => {
        for (let room = limit.room; room > 0 && !isQuiet; room = limit.room) {
          const some = Math.min(10, room);
          received += some;
          limit.take(some);
        }
      };
      const options = { queueName: 'q', store: bucket, onUnavailable: 'wait' as const, logger, batchSize: 10 };
      const limit = new SharedRateLimit(rules, { ...options, onRoom: take, random: () => 0 });
      takes.push(take);
      take();
      return limit;
    });
    const begin = () => {
      isQuiet = false;
      for (const take of takes) take();
      return { total: () => received };
    };
    return { bucket, limits, begin };
  }

  it.each([2, 3, 7, 10, 15, 30])(
    'gives a minute of %d a second by three processes to 5 %% where the store and SQS take their time',
    async perSecond => {
      const store = new MemorySteering();
      store.latencyMs = 30;
      const logger = { log: jest.fn(), warn: jest.fn() };
      const receivers = Array.from({ length: 3 }, () => new SlowReceiver(60));
      const limits = receivers.map((receiver, at) => {
        const receive = (): void => receiver.receive(limit);
        const partners = { queueName: 'q', store, onUnavailable: 'wait' as const, logger, batchSize: 10 };
        const limit: SharedRateLimit = new SharedRateLimit(
          { messages: perSecond, perSeconds: 1 },
          { ...partners, onRoom: receive, random: () => 0 },
        );
        // Each has begun at another time.
        setTimeout(receive, 130 * at);
        return limit;
      });
      await pass(60_000);
      for (const limit of limits) limit.stop();
      const total = receivers.reduce((sum, { received }) => sum + received, 0);
      expect(total).toBeLessThanOrEqual(perSecond * 63);
      expect(total).toBeGreaterThanOrEqual(perSecond * 57);
    },
  );

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

  it.each<[RateLimitOptions, number]>([
    [{ messages: 10, perSeconds: 60 }, 10],
    [{ messages: 30, perSeconds: 60 }, 30],
    [{ messages: 2, perSeconds: 1 }, 120],
    [{ messages: 100, perSeconds: 1 }, 6_000],
  ])(
    'lets through no more than %p and what one second gives, after a quiet hour, with five processes',
    async (rules, perMinute) => {
      const { bucket, limits, begin } = restingProcesses(rules, 5);
      await pass(3_600_000);
      const { total } = begin();
      await pass(60_000);
      const aSecond = Math.max(1, Math.ceil(rules.messages / rules.perSeconds));
      expect(total()).toBeLessThanOrEqual(perMinute + aSecond);
      expect(total()).toBeGreaterThanOrEqual(perMinute * 0.9);
      expect(bucket.calls).toBeGreaterThan(0);
      for (const limit of limits) limit.stop();
    },
  );

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
