import { jest } from '@jest/globals';
import type { SqsMessage } from '../interfaces/wire.interface.js';
import { consumerOf as consumerOn, quietLogger, type ConsumerSetup, type Handler } from '../../test/consumer.js';
import { forever, message, ScriptedQueue } from '../../test/scripted-queue.js';
import { RetryLater } from '../errors/handler-outcomes.js';

const pass = (ms = 0) => jest.advanceTimersByTimeAsync(ms);
const AWAY = new Error('connect ECONNREFUSED');

describe('QueueConsumer with a circuit breaker', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  function consumerOf(handle: Handler, { settings, ...setup }: ConsumerSetup = {}) {
    const wire = new ScriptedQueue();
    const calls: string[] = [];
    const logger = quietLogger();
    const consumer = consumerOn(wire, (id, context) => (calls.push(id), handle(id, context)), {
      logger,
      ...setup,
      settings: { circuitBreaker: { failures: 0.5, of: 4, pauseSeconds: 10 }, ...settings },
    });
    consumer.start();
    const asked = (): number[] => wire.receive.mock.calls.map(([{ maxMessages }]) => maxMessages);
    return { consumer, wire, calls, asked, logger, settled: wire.settled, put: wire.deliver.bind(wire) };
  }
  const many = (count: number, prefix = 'm', shape: Parameters<typeof message>[1] = {}): SqsMessage[] =>
    Array.from({ length: count }, (_, at) => message(`${prefix}${at}`, shape));
  const fail = (): never => {
    throw AWAY;
  };

  it('tries a message although a handler from before has not ended, and goes by that message', async () => {
    let isAway = true;
    const { put, calls, consumer } = consumerOf(id => {
      if (id === 'hung') return forever();
      if (isAway) throw AWAY;
    });
    await put(message('hung'), ...many(4));
    await pass(10_100);
    isAway = false;
    await put(message('m0', { receives: 2 }));
    await pass(20);
    expect(calls.at(-1)).toBe('m0');
    expect(consumer.heldFor).toBeUndefined();
  });

  it('does not take an old handler that fails late for the trial', async () => {
    const late: Array<() => void> = [];
    let isAway = true;
    const { put, consumer, settled } = consumerOf(id => {
      if (id.startsWith('late')) return new Promise((_, reject) => late.push(() => reject(AWAY)));
      if (isAway) throw AWAY;
    });
    await put(...many(3, 'late'), ...many(4));
    await pass(10_100);
    isAway = false;
    for (const end of late) end();
    await pass(20);
    // It costs no attempt, and comes again soon.
    expect(settled.filter(line => line.endsWith('in 1 s'))).toEqual(['late0 in 1 s', 'late1 in 1 s', 'late2 in 1 s']);
    await put(message('m0', { receives: 2 }));
    await pass(20);
    expect(consumer.heldFor).toBeUndefined();
  });

  it('asks what is away once for each pause in an hour, and dead-letters nothing', async () => {
    const { put, calls, wire } = consumerOf(fail, { settings: { maxReceiveCount: 3 } });
    await put(...many(10));
    const before = calls.length;
    for (let receives = 2; receives < 60; receives += 1) {
      await pass(60_000);
      wire.put(message('m9', { receives }));
      await pass(10);
    }
    // 10, 20, 40, then 80 s each.
    expect(calls.length - before).toBeGreaterThan(20);
    expect(calls.length - before).toBeLessThanOrEqual(3_600 / 60);
    expect(wire.sendBatch).not.toHaveBeenCalled();
    expect(wire.deleteBatch).not.toHaveBeenCalled();
  });

  it('hands back a FIFO group in order with its head, and tries that head', async () => {
    let isAway = true;
    const { put, calls, settled } = consumerOf(
      () => {
        if (isAway) throw AWAY;
      },
      { fifo: true, settings: { circuitBreaker: { failures: 0.5, of: 2, pauseSeconds: 10 } } },
    );
    await put(message('a1', { group: 'a' }));
    await pass(3_000);
    await put(
      ...['a1', 'a2', 'a3'].map(id => message(id, { group: 'a', receives: id === 'a1' ? 2 : 1 })),
      message('b1', { group: 'b' }),
    );
    await pass(20);
    expect(calls.filter(id => id.startsWith('a'))).toEqual(['a1', 'a1']);
    // SQS hands out nothing of the group while its head is hidden.
    expect(settled.filter(line => line.startsWith('a')).slice(1)).toEqual(['a2 in 0 s', 'a3 in 0 s', 'a1 in 10 s']);
    isAway = false;
    await pass(10_000);
    await put(message('a1', { group: 'a', receives: 3 }));
    await put(...['a2', 'a3'].map(id => message(id, { group: 'a', receives: 2 })));
    await pass(20);
    expect(calls.filter(id => id.startsWith('a')).slice(2)).toEqual(['a1', 'a2', 'a3']);
  });

  it('tries on where a trial says nothing of what is away', async () => {
    const { put, calls, consumer } = consumerOf(id => {
      if (id === 'later') throw new RetryLater(5);
      if (id !== 'good') throw AWAY;
    });
    await put(...many(4));
    await pass(10_000);
    await put(message('later'));
    expect(consumer.heldFor).toContain('circuit breaker is open');
    await put(message('good'));
    expect(calls.slice(-2)).toEqual(['later', 'good']);
    expect(consumer.heldFor).toBeUndefined();
  });

  it('is told nothing by handlers that return since their leases are lost', async () => {
    const { put, wire, consumer, calls } = consumerOf((_, context) => {
      const signal = context.getSignal();
      return new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()));
    });
    wire.changeVisibilityBatch.mockImplementation(async (_, entries) => ({
      successful: [],
      failed: entries.map(({ id }) => ({ id, code: 'ReceiptHandleIsInvalid', message: 'gone', senderFault: true })),
    }));
    await put(...many(8));
    await pass(20_000);
    expect(calls).toHaveLength(8);
    expect(consumer.heldFor).toBeUndefined();
    const stopping = consumer.stop(0);
    await pass(1_000);
    await stopping;
  });

  it('tries one message after a pause that outlasted its own', async () => {
    const { put, wire, consumer, asked } = consumerOf(fail);
    await put(...many(4));
    await consumer.pause();
    await pass(30_000);
    const before = wire.receive.mock.calls.length;
    consumer.resume();
    await pass(10);
    expect(asked().slice(before)).toEqual([1]);
    expect(consumer.heldFor).toContain('circuit breaker is open');
  });

  it('is asked by one message at a time where its keys have limits', async () => {
    let isAway = true;
    const rateLimit = { messages: 1, perSeconds: 60, key: () => 'one' };
    const { put, calls, settled } = consumerOf(
      () => {
        if (isAway) throw AWAY;
      },
      { settings: { rateLimit, circuitBreaker: { failures: 0.5, of: 2, pauseSeconds: 10 } } },
    );
    await put(message('m0'));
    await pass(60_000);
    await put(message('m0', { receives: 2 }));
    await pass(10_000);
    isAway = false;
    await put(message('m1'));
    expect(calls).toEqual(['m0', 'm0']);
    expect(settled.at(-1)).toMatch(/^m1 in \d+ s$/);
    await pass(60_000);
    await put(message('m1', { receives: 2 }));
    expect(calls).toEqual(['m0', 'm0', 'm1']);
  });

  it('ends with its server while it is open, and a trial that fails at the end costs no attempt', async () => {
    let end: () => void = () => undefined;
    let isTrial = false;
    const { put, consumer, settled } = consumerOf(() =>
      isTrial ? new Promise((_, reject) => (end = () => reject(AWAY))) : fail(),
    );
    await put(...many(4));
    await pass(10_000);
    isTrial = true;
    await put(message('m0', { receives: 2 }));
    const stopped = consumer.stop(5_000);
    end();
    await pass(100);
    await stopped;
    expect(settled.at(-1)).toBe('m0 in 20 s');
    expect(jest.getTimerCount()).toBe(0);
  });
});
