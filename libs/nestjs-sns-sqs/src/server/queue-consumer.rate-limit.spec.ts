import { jest } from '@jest/globals';
import { consumerOf as consumerOn, quietLogger, type ConsumerSetup } from '../../test/consumer.js';
import { MemorySteering } from '../../test/memory-steering.js';
import { forever, message, ScriptedQueue } from '../../test/scripted-queue.js';
import type { RateLimitOptions } from '../interfaces/steering-options.interface.js';

const pass = (ms = 0) => jest.advanceTimersByTimeAsync(ms);

/** `m1:acme` belongs to `acme`. */
const tenantOf: NonNullable<RateLimitOptions['key']> = (_, data) => String(data).split(':')[1];

describe('QueueConsumer with a rate limit for each key', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  function consumerOf(
    { settings, ...setup }: ConsumerSetup = {},
    rateLimit: Partial<RateLimitOptions> = {},
    handle: (id: string) => unknown = () => undefined,
  ) {
    const wire = new ScriptedQueue();
    const handled: string[] = [];
    const consumer = consumerOn(wire, id => (handled.push(id), handle(id)), {
      logger: quietLogger(),
      ...setup,
      settings: { rateLimit: { messages: 1, perSeconds: 10, key: tenantOf, ...rateLimit }, ...settings },
    });
    consumer.start();
    return { consumer, wire, handled, settled: wire.settled, put: wire.deliver.bind(wire) };
  }

  it('puts off what is over the limit of its key, each to its own turn; others are handled', async () => {
    const { put, handled, settled } = consumerOf();
    await put(message('1:a'), message('2:a'), message('3:a'), message('1:b'), message('1'), message('2'));
    await pass(50);
    expect(handled).toEqual(['1:a', '1:b', '1', '2']);
    expect(settled.filter(line => line.includes(' in '))).toEqual(['2:a in 9 s', '3:a in 19 s']);
    await pass(10_000);
    await put(message('2:a', { receives: 2 }));
    expect(handled.at(-1)).toBe('2:a');
  });

  it('holds no slot and no lease for what waits, and receives on', async () => {
    const { put, consumer, handled } = consumerOf({ settings: { concurrency: 2 } });
    await put(...Array.from({ length: 10 }, (_, n) => message(`${n}:a`)));
    await put(...Array.from({ length: 10 }, (_, n) => message(`x${n}:a`)));
    await put(message('1:b'));
    await pass(20);
    expect(handled).toEqual(['0:a', '1:b']);
    expect(consumer.snapshot()).toMatchObject({ inFlight: 0, running: 0, leases: 0 });
  });

  it('costs no attempt, however often another process has put it off', async () => {
    const attempts: number[] = [];
    const { put, wire } = consumerOf({}, { perSeconds: 1 }, () => {
      throw new Error('no');
    });
    await put(message('1:a', { receives: 4 }));
    await pass(2_000);
    await put(message('1:a', { receives: 40 }));
    await pass(20);
    attempts.push(...wire.settled.map(line => Number(/in (\d+) s/.exec(line)?.[1])));
    // Its first and its second backoff, although SQS counts forty receives.
    expect(wire.settled).toHaveLength(2);
    expect(attempts[0]).toBeLessThanOrEqual(2);
    expect(attempts[1]).toBeLessThanOrEqual(16);
    expect(wire.sendBatch).not.toHaveBeenCalled();
  });

  it('takes a message for one that kills its process only after more receives than it can have been put off', async () => {
    const tags = {
      listQueueTags: jest.fn(async () => ({})),
      tagQueue: jest.fn(async () => undefined),
      untagQueue: jest.fn(async () => undefined),
    };
    const { put, handled } = consumerOf({ tags });
    await put(message('1:a', { receives: 12 }));
    expect([handled, tags.tagQueue.mock.calls.length]).toEqual([['1:a'], 0]);
    await put(message('1:b', { receives: 16 }));
    expect([handled, tags.tagQueue.mock.calls.length]).toEqual([['1:a', '1:b'], 1]);
  });

  it('keeps the order of a FIFO group: those behind one that waits go back with it', async () => {
    const { put, handled, settled } = consumerOf({ fifo: true });
    const of = (group: string, ...ids: string[]) => ids.map(id => message(id, { group }));
    await put(...of('g', '1:a', '2:a', '3:b'), ...of('h', '1:b'));
    await pass(50);
    expect(handled).toEqual(['1:a', '1:b']);
    expect(settled.toSorted()).toEqual(['1:a deleted', '1:b deleted', '2:a in 9 s', '3:b in 9 s']);
  });

  it.each<[string, RateLimitOptions['key']]>([
    [
      'throws',
      () => {
        throw new Error('mine');
      },
    ],
    ['gives a promise', () => Promise.reject(new Error('late')) as never],
    ['gives a number', () => 7 as never],
  ])('lets messages share one limit of which the key %s', async (_, key) => {
    const { put, handled, settled } = consumerOf({}, { key });
    await put(message('1:a'), message('1:b'));
    await pass(50);
    expect([handled, settled.toSorted()]).toEqual([['1:a'], ['1:a deleted', '1:b in 9 s']]);
  });

  it('puts off no further than an hour, and less often where it was received very often', async () => {
    const { put, settled } = consumerOf({}, { perSeconds: 86_400 });
    await put(message('1:a'), message('2:a'), message('3:a', { receives: 950 }));
    await pass(50);
    expect(settled.toSorted()).toEqual(['1:a deleted', '2:a in 3600 s', '3:a in 3600 s']);
  });

  it('counts nothing that was done before', async () => {
    const { put, handled, settled } = consumerOf();
    await put(message('1:a'));
    await pass(60);
    await put(message('1:a', { receives: 2 }));
    await pass(60);
    expect([handled, settled]).toEqual([['1:a'], ['1:a deleted', '1:a deleted']]);
  });

  it('fills batches with what may run', async () => {
    const calls: unknown[] = [];
    const wire = new ScriptedQueue();
    const consumer = consumerOn(wire, ids => void calls.push(ids), {
      settings: { batch: { size: 4, windowMs: 100 }, rateLimit: { messages: 1, perSeconds: 10, key: tenantOf } },
    });
    consumer.start();
    await wire.deliver(message('1:a'), message('2:a'), message('1:b'), message('2:b'));
    await pass(50);
    expect(calls).toEqual([['1:a', '1:b']]);
    expect(wire.settled.toSorted()).toEqual(['1:a deleted', '1:b deleted', '2:a in 9 s', '2:b in 9 s']);
  });

  describe('shared by all processes', () => {
    const shared = { shared: true };

    it('gives one turn to two processes', async () => {
      const steeringStore = new MemorySteering();
      const [one, other] = [consumerOf({ steeringStore }, shared), consumerOf({ steeringStore }, shared)];
      await one.put(message('1:a'));
      await other.put(message('2:a'), message('1:b'));
      await pass(50);
      expect([one.handled, other.handled, other.settled.toSorted()]).toEqual([
        ['1:a'],
        ['1:b'],
        ['1:b deleted', '2:a in 9 s'],
      ]);
    });

    it('handles nothing while the store is away, loses nothing, and goes on when it is back', async () => {
      const steeringStore = new MemorySteering();
      steeringStore.isAway = true;
      const { put, wire, handled, settled } = consumerOf({ steeringStore }, shared);
      await put(message('1:a'), message('2:b'));
      await pass(20);
      expect([handled, settled.toSorted()]).toEqual([[], ['1:a in 5 s', '2:b in 5 s']]);
      await pass(4_000);
      const asked = wire.receive.mock.calls.slice(1).map(([{ maxMessages }]) => maxMessages);
      expect(new Set(asked)).toEqual(new Set([1]));
      steeringStore.isAway = false;
      await put(message('1:a', { receives: 2 }));
      await put(message('2:b', { receives: 2 }), message('3:c'));
      expect(handled).toEqual(['1:a', '2:b', '3:c']);
    });

    it('lets nothing begin of which the store answers too late', async () => {
      const steeringStore = new MemorySteering();
      steeringStore.takeTurn = forever;
      const { put, consumer, handled } = consumerOf({ steeringStore }, shared);
      await put(message('1:a'));
      const stopped = consumer.stop(1_000);
      await pass(5_000);
      await stopped;
      expect(handled).toEqual([]);
    });
  });
});
