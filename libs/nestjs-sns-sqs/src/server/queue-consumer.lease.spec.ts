import { jest } from '@jest/globals';
import * as fc from 'fast-check';
import { consumerOf, quietLogger } from '../../test/consumer.js';
import { message, succeeded } from '../../test/scripted-queue.js';
import { ClockWatch } from '../async/clock-watch.js';
import type { BatchResult, SqsWire } from '../interfaces/wire.interface.js';

const seconds = (value: number): number => value * 1_000;

interface Setup {
  leaseSeconds: number;
  waitSeconds: number;
  /** When SQS hands the message out, in milliseconds after the start. */
  handedOutAt: number;
  /** How long its answer is under way, in milliseconds. */
  underWayMs: number;
  handler: () => Promise<unknown>;
  watch?: ClockWatch;
}

/** One message, and a queue that knows when its lease truly ends. */
function oneMessage({ leaseSeconds, waitSeconds, handedOutAt, underWayMs, handler, watch }: Setup) {
  const startedAt = performance.now();
  let isHandedOut = false;
  /** The queue's own time, which goes on while the machine is suspended. */
  let suspendedFor = 0;
  const queueNow = (): number => performance.now() + suspendedFor;
  let leaseEndsAt = 0;
  const calls: Array<{ seconds: number; held: boolean }> = [];
  const sleep = (ms: number): Promise<void> => new Promise(resolve => void setTimeout(resolve, ms));
  const wire = {
    receive: jest.fn<SqsWire['receive']>(async ({ waitTimeSeconds, signal }) => {
      const untilThere = Math.max(0, startedAt + handedOutAt - performance.now());
      if (isHandedOut || untilThere > seconds(waitTimeSeconds)) {
        await new Promise<void>(resolve => {
          const poll = setTimeout(resolve, seconds(waitTimeSeconds) + 1);
          signal?.addEventListener('abort', () => (clearTimeout(poll), resolve()));
        });
        return [];
      }
      isHandedOut = true;
      await sleep(untilThere);
      leaseEndsAt = queueNow() + seconds(leaseSeconds);
      await sleep(underWayMs);
      return [message('m')];
    }),
    changeVisibilityBatch: jest.fn<SqsWire['changeVisibilityBatch']>((_, entries): Promise<BatchResult> => {
      const held = queueNow() < leaseEndsAt;
      const given = entries[0]?.visibilityTimeoutSeconds ?? NaN;
      calls.push({ seconds: given, held });
      if (!held) {
        const gone = { code: 'MessageNotInflight', message: 'gone', senderFault: true };
        return Promise.resolve({ successful: [], failed: entries.map(({ id }) => ({ id, ...gone })) });
      }
      leaseEndsAt = queueNow() + seconds(given);
      return succeeded(entries);
    }),
    deleteBatch: jest.fn<SqsWire['deleteBatch']>((_, entries) => succeeded(entries)),
    sendBatch: jest.fn<SqsWire['sendBatch']>(),
  };
  const logger = quietLogger();
  const backoff = { initialSeconds: 7, factor: 1, maxSeconds: 7 };
  const settings = { visibilityTimeoutSeconds: leaseSeconds, waitTimeSeconds: waitSeconds, backoff };
  const consumer = consumerOf(wire, handler, { settings, logger, watch });
  const suspend = (ms: number): void => {
    suspendedFor += ms;
    jest.setSystemTime(Date.now() + ms);
  };
  return { consumer, wire, calls, logger, suspend, trueEnd: () => leaseEndsAt };
}

describe('a lease', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('is counted from the answer of a long poll, not from its beginning: a quick failure is settled', async () => {
    const { consumer, calls } = oneMessage({
      leaseSeconds: 20,
      waitSeconds: 20,
      handedOutAt: 19_900,
      underWayMs: 10,
      handler: () => Promise.reject(new Error('no')),
    });
    consumer.start();
    await jest.advanceTimersByTimeAsync(20_500);
    expect(calls).toEqual([{ seconds: expect.any(Number), held: true }]);
    const stopped = consumer.stop(0);
    await jest.advanceTimersByTimeAsync(1_000);
    await stopped;
  });

  it('outlasts throttled extensions as long as SQS keeps it', async () => {
    const { consumer, wire, logger } = oneMessage({
      leaseSeconds: 30,
      waitSeconds: 20,
      handedOutAt: 19_900,
      underWayMs: 10,
      handler: () => new Promise(() => undefined),
    });
    const extend = wire.changeVisibilityBatch.getMockImplementation();
    let isThrottled = true;
    wire.changeVisibilityBatch.mockImplementation((url, entries) =>
      isThrottled || !extend ? Promise.reject(new Error('Throttling')) : extend(url, entries),
    );
    consumer.start();
    await jest.advanceTimersByTimeAsync(19_900 + 20_000);
    isThrottled = false;
    await jest.advanceTimersByTimeAsync(60_000);
    expect(logger.warn).not.toHaveBeenCalledWith(expect.stringContaining('lost the lease'));
    const stopped = consumer.stop(0);
    await jest.advanceTimersByTimeAsync(5_000);
    await stopped;
  });

  it('of any length, beside any wait: a quick failure is settled while SQS holds it', async () => {
    const setups = fc.record({
      leaseSeconds: fc.integer({ min: 1, max: 120 }),
      waitSeconds: fc.integer({ min: 1, max: 20 }),
      arrival: fc.double({ min: 0, max: 2, noNaN: true }),
      underWay: fc.double({ min: 0, max: 0.9, noNaN: true }),
      work: fc.double({ min: 0, max: 0.5, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(setups, async ({ leaseSeconds, waitSeconds, arrival, underWay, work }) => {
        const leaseMs = seconds(leaseSeconds);
        const { consumer, calls } = oneMessage({
          leaseSeconds,
          waitSeconds,
          handedOutAt: Math.floor(arrival * seconds(waitSeconds)),
          underWayMs: Math.floor(underWay * Math.min(6_000, leaseMs / 5)),
          handler: () =>
            new Promise((_, reject) => {
              setTimeout(() => reject(new Error('no')), Math.floor(work * leaseMs));
            }),
        });
        consumer.start();
        await jest.advanceTimersByTimeAsync(2 * seconds(waitSeconds) + leaseMs + 10);
        const stopped = consumer.stop(0);
        await jest.advanceTimersByTimeAsync(3_000);
        await stopped;
        // Extended perhaps, then put off, and all of it in time.
        expect(calls.length).toBeGreaterThan(0);
        expect(calls.at(-1)?.seconds).toBeLessThanOrEqual(7);
        expect(calls.every(({ held }) => held)).toBe(true);
        expect(jest.getTimerCount()).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  describe('while the machine is suspended', () => {
    const suspended = (handler: () => Promise<unknown>, handedOutAt = 1_000) =>
      oneMessage({
        leaseSeconds: 30,
        waitSeconds: 20,
        handedOutAt,
        underWayMs: 10,
        handler,
        watch: new ClockWatch(),
      });

    it('is extended at once where the wall clock has run ahead, and goes on', async () => {
      const { consumer, calls, suspend, logger } = suspended(() => new Promise(() => undefined));
      consumer.start();
      await jest.advanceTimersByTimeAsync(2_000);
      suspend(20_000);
      await jest.advanceTimersByTimeAsync(300);
      expect(calls).toEqual([{ seconds: 30, held: true }]);
      expect(logger.warn).not.toHaveBeenCalled();
      const stopped = consumer.stop(0);
      await jest.advanceTimersByTimeAsync(1_000);
      await stopped;
    });

    it('that has ended is lost: a failure is left to who has the message now', async () => {
      let fail: (error: Error) => void = () => undefined;
      const { consumer, calls, suspend, logger } = suspended(() => new Promise((_, reject) => (fail = reject)));
      consumer.start();
      await jest.advanceTimersByTimeAsync(2_000);
      suspend(3_600_000);
      // Before any timer: the failure comes first.
      fail(new Error('connection lost'));
      await jest.advanceTimersByTimeAsync(300);
      expect(calls.every(({ seconds, held }) => seconds === 30 && !held)).toBe(true);
      expect(logger.warn).toHaveBeenCalledWith(expect.stringContaining('lost the lease of message m: gone'));
      const stopped = consumer.stop(0);
      await jest.advanceTimersByTimeAsync(1_000);
      await stopped;
      expect(calls.every(({ held }) => !held)).toBe(true);
    });

    it('is confirmed before a failure is settled', async () => {
      let fail: (error: Error) => void = () => undefined;
      const { consumer, calls, suspend } = suspended(() => new Promise((_, reject) => (fail = reject)));
      consumer.start();
      await jest.advanceTimersByTimeAsync(2_000);
      suspend(20_000);
      fail(new Error('connection lost'));
      await jest.advanceTimersByTimeAsync(100);
      expect(calls.every(({ held }) => held)).toBe(true);
      expect(calls[0]?.seconds).toBe(30);
      expect(calls.at(-1)?.seconds).toBeLessThanOrEqual(7);
      const stopped = consumer.stop(0);
      await jest.advanceTimersByTimeAsync(1_000);
      await stopped;
    });

    it('of a message that the probe received before is doubted', async () => {
      const { consumer, calls, suspend } = suspended(() => new Promise(() => undefined), 0);
      const probed = consumer.probe();
      await jest.advanceTimersByTimeAsync(50);
      await probed;
      suspend(20_000);
      // The watch has seen it before there was anything to doubt.
      await jest.advanceTimersByTimeAsync(500);
      consumer.start();
      await jest.advanceTimersByTimeAsync(10);
      expect(calls).toContainEqual({ seconds: 30, held: true });
      const stopped = consumer.stop(0);
      await jest.advanceTimersByTimeAsync(1_000);
      await stopped;
    });

    it('of a message that was handed out before and read after is doubted', async () => {
      const { consumer, calls, suspend } = suspended(() => new Promise(() => undefined));
      consumer.start();
      await jest.advanceTimersByTimeAsync(1_005);
      suspend(20_000);
      await jest.advanceTimersByTimeAsync(300);
      expect(calls).toContainEqual({ seconds: 30, held: true });
      const stopped = consumer.stop(0);
      await jest.advanceTimersByTimeAsync(1_000);
      await stopped;
    });
  });

  it('is not touched by a wall clock that is set back', async () => {
    const { consumer, calls, wire } = oneMessage({
      leaseSeconds: 30,
      waitSeconds: 20,
      handedOutAt: 1_000,
      underWayMs: 10,
      handler: () => new Promise(resolve => void setTimeout(resolve, 60_000)),
      watch: new ClockWatch(),
    });
    consumer.start();
    await jest.advanceTimersByTimeAsync(2_000);
    jest.setSystemTime(Date.now() - 3_600_000);
    await jest.advanceTimersByTimeAsync(60_000);
    // As without: once in a third of the lease.
    expect(calls.map(call => call.seconds)).toEqual([30, 30, 30, 30, 30].slice(0, calls.length));
    expect(calls.length).toBeGreaterThanOrEqual(4);
    expect(calls.every(({ held }) => held)).toBe(true);
    expect(wire.deleteBatch).toHaveBeenCalledTimes(1);
    const stopped = consumer.stop(0);
    await jest.advanceTimersByTimeAsync(1_000);
    await stopped;
    expect(jest.getTimerCount()).toBe(0);
  });
});
