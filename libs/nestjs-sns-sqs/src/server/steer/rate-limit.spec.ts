import { jest } from '@jest/globals';
import { SlowReceiver } from '../../../test/slow-receiver.js';
import { RateLimit, type RateLimitRules } from './rate-limit.js';

describe('RateLimit', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  /** A poller that takes all the room there is, and how many messages it got after so many milliseconds. */
  async function received(rules: RateLimitRules, ms: number, { idleMs = 0, batchSize = 10 } = {}) {
    let count = 0;
    let calls = 0;
    const take = (): void => {
      for (let room = limit.room; room > 0; room = limit.room) {
        const some = Math.min(batchSize, room);
        calls += 1;
        count += some;
        limit.take(some);
      }
    };
    const limit = new RateLimit(rules, { batchSize, onRoom: take });
    await jest.advanceTimersByTimeAsync(idleMs);
    take();
    await jest.advanceTimersByTimeAsync(ms);
    limit.stop();
    return { count, calls };
  }

  it.each<[RateLimitRules, number]>([
    [{ messages: 100, perSeconds: 1 }, 6_000],
    [{ messages: 100, perSeconds: 60 }, 100],
    [{ messages: 7, perSeconds: 3 }, 140],
    [{ messages: 1_000, perSeconds: 1 }, 60_000],
    [{ messages: 1, perSeconds: 2.5 }, 24],
  ])('lets %p through within 5 %% in a minute', async (rules, expected) => {
    const { count } = await received(rules, 60_000);
    expect(count).toBeGreaterThan(expected * 0.95);
    expect(count).toBeLessThanOrEqual(Math.max(expected * 1.05, expected + 1));
  });

  it.each([2, 3, 7, 10, 15, 30])('gives a minute of %d a second to 5 %% where SQS takes its time', async perSecond => {
    const receiver = new SlowReceiver(100);
    const limit: RateLimit = new RateLimit(
      { messages: perSecond, perSeconds: 1 },
      { batchSize: 10, onRoom: () => receiver.receive(limit) },
    );
    receiver.receive(limit);
    await jest.advanceTimersByTimeAsync(60_000);
    limit.stop();
    expect(receiver.received).toBeLessThanOrEqual(perSecond * 63);
    expect(receiver.received).toBeGreaterThanOrEqual(perSecond * 57);
  });

  it('saves up no more than a second while nothing comes', async () => {
    const { count } = await received({ messages: 100, perSeconds: 1 }, 1_000, { idleMs: 3_600_000 });
    expect(count).toBe(200);
  });

  it('asks for ten at once where the rate gives them', async () => {
    const { count, calls } = await received({ messages: 100, perSeconds: 1 }, 60_000);
    expect(calls / count).toBeCloseTo(0.1, 2);
  });

  it('wakes nobody after its stop', async () => {
    const onRoom = jest.fn();
    const limit = new RateLimit({ messages: 1, perSeconds: 1 }, { batchSize: 10, onRoom });
    limit.take(1);
    expect(limit.room).toBe(0);
    limit.stop();
    await jest.advanceTimersByTimeAsync(10_000);
    expect(onRoom).not.toHaveBeenCalled();
  });
});
