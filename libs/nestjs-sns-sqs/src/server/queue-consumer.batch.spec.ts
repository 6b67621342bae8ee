import { jest } from '@jest/globals';
import { Observable } from 'rxjs';
import { consumerOf as consumerOn, quietLogger, type ConsumerSetup } from '../../test/consumer.js';
import { forever, message, ScriptedQueue } from '../../test/scripted-queue.js';
import type { SqsBatchContext } from '../ctx-host/sqs-batch.context.js';
import { BatchFailure } from '../errors/batch-failure.js';
import { DeadLetter, RetryLater } from '../errors/handler-outcomes.js';

type Handle = (ids: string[], contexts: SqsBatchContext) => unknown;

const pass = (ms = 0) => jest.advanceTimersByTimeAsync(ms);
const many = (count: number, shape: Parameters<typeof message>[1] = {}) =>
  Array.from({ length: count }, (_, at) => message(`m${at}`, shape));

const isOfM0 = ({ receiptHandle }: { receiptHandle: string }): boolean => receiptHandle === 'm0';

describe('QueueConsumer with batches', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  function consumerOf(handle: Handle, { settings, ...setup }: ConsumerSetup = {}) {
    const wire = new ScriptedQueue();
    const logger = quietLogger();
    const calls: string[] = [];
    const handler = (ids: unknown, contexts: unknown): unknown => {
      calls.push((ids as string[]).join(' '));
      return handle(ids as string[], contexts as SqsBatchContext);
    };
    const consumer = consumerOn(wire, handler, {
      logger,
      ...setup,
      settings: { batch: { size: 4, windowMs: 1_000 }, maxReceiveCount: 3, ...settings },
    });
    consumer.start();
    return { consumer, wire, calls, settled: wire.settled, put: wire.deliver.bind(wire), logger };
  }

  it('calls the handler once for a full batch, and again when the window is over', async () => {
    const seen: unknown[] = [];
    const { put, calls, settled } = consumerOf((_, contexts) => {
      seen.push(
        contexts.map(context => context.getMessage().MessageId),
        contexts.getPattern(),
        contexts.getQueue(),
      );
    });
    await put(...many(6));
    expect(calls).toEqual(['m0 m1 m2 m3']);
    await pass(989);
    expect(calls).toHaveLength(1);
    await pass(1);
    expect(calls).toEqual(['m0 m1 m2 m3', 'm4 m5']);
    await pass(50);
    expect(settled.toSorted()).toEqual(['m0', 'm1', 'm2', 'm3', 'm4', 'm5'].map(id => `${id} deleted`));
    expect(seen).toEqual([['m0', 'm1', 'm2', 'm3'], 'a', 'q', ['m4', 'm5'], 'a', 'q']);
  });

  it('goes beyond ten', async () => {
    const { put, calls } = consumerOf(() => undefined, { settings: { batch: { size: 25, windowMs: 1_000 } } });
    await put(...many(10));
    await put(...Array.from({ length: 10 }, (_, at) => message(`n${at}`)));
    expect(calls).toEqual([]);
    await put(...Array.from({ length: 5 }, (_, at) => message(`o${at}`)));
    expect(calls.map(call => call.split(' ').length)).toEqual([25]);
  });

  it('deletes nothing before its batch has succeeded, and fails all of a batch that throws', async () => {
    let fail: (error: Error) => void = () => undefined;
    const { put, settled, logger } = consumerOf(() => new Promise((_, reject) => (fail = reject)));
    await put(...many(4));
    expect(settled).toEqual([]);
    fail(new Error('no'));
    await pass(20);
    expect(settled.toSorted()).toEqual(['m0 in 2 s', 'm1 in 2 s', 'm2 in 2 s', 'm3 in 2 s']);
    expect(logger.warn.mock.calls.map(String)).toEqual([
      expect.stringMatching(/^q: a batch of 4 messages failed: .*no/),
    ]);
  });

  it('fails those that a BatchFailure names, each with its own error; the others are done', async () => {
    const { put, settled } = consumerOf(() => {
      throw new BatchFailure([
        { index: 1, error: new RetryLater(9) },
        { index: 2, error: new DeadLetter('never') },
      ]);
    });
    await put(...many(4));
    await pass(50);
    expect(settled.toSorted()).toEqual(['m0 deleted', 'm1 in 9 s', 'm2 deleted', 'm2 to dlq', 'm3 deleted']);
  });

  it('takes an empty BatchFailure for what it says: none has failed', async () => {
    const { put, settled } = consumerOf(() => Promise.reject(new BatchFailure([])));
    await put(...many(4));
    await pass(50);
    expect(settled).toHaveLength(4);
    expect(settled.every(line => line.endsWith('deleted'))).toBe(true);
  });

  it.each<[string, unknown]>([
    ['beyond the batch', [{ index: 4, error: new Error('no') }]],
    ['below 0', [{ index: -1, error: new Error('no') }]],
    ['that is none', [{ index: '1', error: new Error('no') }]],
    [
      'beside one that fits',
      [
        { index: 0, error: new DeadLetter('no') },
        { index: 9, error: new Error('no') },
      ],
    ],
    ['of no list', 'all'],
  ])('refuses a BatchFailure with an index %s: nothing is done', async (_, failures) => {
    const { put, settled, logger } = consumerOf(() => Promise.reject(new BatchFailure(failures as never)));
    await put(...many(4));
    await pass(50);
    expect(settled.toSorted()).toEqual(['m0 in 2 s', 'm1 in 2 s', 'm2 in 2 s', 'm3 in 2 s']);
    expect(String(logger.warn.mock.calls[0]?.[0])).toContain('BatchFailure that does not fit its batch of 4');
  });

  it('calls the last attempt of a message alone, so that a bad neighbour does not dead-letter it', async () => {
    const { put, calls, settled } = consumerOf(ids => {
      if (ids.includes('bad')) throw new Error('one is bad');
    });
    await put(message('m0'), message('bad', { receives: 3 }), message('m2', { receives: 3 }), message('m3'));
    await pass(50);
    expect(calls).toEqual(['m0 m3', 'bad', 'm2']);
    expect(settled.toSorted()).toEqual(['bad deleted', 'bad to dlq', 'm0 deleted', 'm2 deleted', 'm3 deleted']);
  });

  it('is unaffected by a message that its schema or decoder refuses', async () => {
    const { put, calls, settled } = consumerOf(() => undefined, {
      decode: ({ MessageId = '' }) => {
        if (MessageId === 'm1') throw new DeadLetter('unreadable');
        return { metadata: { id: MessageId, source: 's', type: 'a' }, data: MessageId };
      },
    });
    await put(...many(4));
    await pass(50);
    expect(calls).toEqual(['m0 m2 m3']);
    expect(settled.toSorted()).toEqual(['m0 deleted', 'm1 deleted', 'm1 to dlq', 'm2 deleted', 'm3 deleted']);
  });

  it('does not wait for a message that never comes to its handler', async () => {
    const { put, calls } = consumerOf(() => undefined, {
      decode: ({ MessageId = '' }) => {
        const envelope = { metadata: { id: MessageId, source: 's', type: 'a' }, data: MessageId };
        return MessageId === 'm1' ? forever() : Promise.resolve(envelope);
      },
    });
    await put(...many(4));
    await pass(4_900);
    expect(calls).toEqual([]);
    await pass(100);
    expect(calls).toEqual(['m0 m2 m3']);
  });

  it('gives all messages of a batch up at the end of its time, and tells it by every signal', async () => {
    const reasons: unknown[] = [];
    const { put, settled } = consumerOf(
      (_, contexts) =>
        new Promise((_resolve, reject) => {
          for (const { aborted, ...signal } of [contexts.getSignal(), ...contexts.map(each => each.getSignal())]) {
            void [aborted, signal];
          }
          contexts[2]?.getSignal().addEventListener('abort', () => reasons.push(contexts[2]?.getSignal().reason));
          contexts.getSignal().addEventListener('abort', () => reject(new Error('stopped')));
        }),
      { settings: { handlerTimeoutMs: 5_000 } },
    );
    await put(...many(4));
    await pass(5_020);
    expect(reasons).toMatchObject([{ code: 'HANDLER_TIMEOUT' }]);
    expect(settled.toSorted()).toEqual(['m0 in 2 s', 'm1 in 2 s', 'm2 in 2 s', 'm3 in 2 s']);
  });

  it('unsubscribes a stream when the time of the batch is up', async () => {
    let isSubscribed = false;
    const stream = new Observable(() => {
      isSubscribed = true;
      return () => (isSubscribed = false);
    });
    const { put, settled } = consumerOf(() => stream, { settings: { handlerTimeoutMs: 5_000 } });
    await put(...many(4));
    expect(isSubscribed).toBe(true);
    await pass(5_020);
    expect(isSubscribed).toBe(false);
    expect(settled).toHaveLength(4);
  });

  it('keeps the leases of messages whose batch fills', async () => {
    const { put, wire, calls } = consumerOf(() => undefined, {
      settings: { batch: { size: 4, windowMs: 100_000 }, visibilityTimeoutSeconds: 30 },
    });
    await put(message('m0'));
    await pass(90_000);
    expect(wire.changeVisibilityBatch.mock.calls.length).toBeGreaterThan(3);
    expect(calls).toEqual([]);
    await pass(10_000);
    expect(calls).toEqual(['m0']);
  });

  it('leaves out a message whose lease is lost before the call: another process may have it', async () => {
    const decoded = (id: string) => ({ metadata: { id, source: 's', type: 'a' }, data: id });
    const { put, wire, calls, settled } = consumerOf(() => undefined, {
      settings: { batch: { size: 3, windowMs: 1_000 }, visibilityTimeoutSeconds: 6 },
      decode: ({ MessageId = '' }) =>
        MessageId === 'm2'
          ? new Promise(resolve => setTimeout(() => resolve(decoded(MessageId)), 4_000))
          : decoded(MessageId),
    });
    wire.changeVisibilityBatch.mockImplementation(async (_, entries) => {
      const [lost, kept] = [entries.filter(isOfM0), entries.filter(entry => !isOfM0(entry))];
      const refusal = { code: 'ReceiptHandleIsInvalid', message: 'gone', senderFault: true };
      return { successful: kept.map(({ id }) => ({ id })), failed: lost.map(({ id }) => ({ id, ...refusal })) };
    });
    await put(...many(3));
    await pass(4_100);
    expect(calls).toEqual(['m1 m2']);
    await pass(100);
    expect(settled.toSorted()).toEqual(['m1 deleted', 'm2 deleted']);
  });

  it('hands back a batch that fills at a pause, at no cost, and fills anew after it', async () => {
    const { put, consumer, settled, calls } = consumerOf(() => undefined);
    await put(...many(2));
    await consumer.pause();
    expect(settled).toEqual(['m0 in 0 s', 'm1 in 0 s']);
    consumer.resume();
    await put(...many(4, { receives: 2 }));
    expect(calls).toEqual(['m0 m1 m2 m3']);
  });

  it('is paused until the pause is over, whatever is still being settled then', async () => {
    const { put, consumer, wire } = consumerOf(() => undefined);
    wire.deleteBatch.mockImplementationOnce(() => new Promise(() => undefined));
    await put(...many(4));
    await pass(100);
    const paused: string[] = [];
    void consumer.pause().then(() => paused.push('first'));
    await pass(1_000);
    expect(paused).toEqual([]);
    consumer.resume();
    void consumer.pause().then(() => paused.push('second'));
    await pass(0);
    expect(paused).toEqual(['first']);
  });

  it('hands back a batch that fills at a stop, and lets the one that runs end', async () => {
    let finish: () => void = () => undefined;
    const { put, consumer, settled, calls } = consumerOf(() => new Promise<void>(resolve => (finish = resolve)));
    await put(...many(6));
    const stopped = consumer.stop(10_000);
    await pass(300);
    expect(settled.toSorted()).toEqual(['m4 in 0 s', 'm5 in 0 s']);
    finish();
    await pass(50);
    await stopped;
    expect(calls).toHaveLength(1);
    expect(settled.filter(line => line.endsWith('deleted'))).toHaveLength(4);
  });

  it('gives the messages of a batch back that outlives a stop, at no cost', async () => {
    const { put, consumer, settled } = consumerOf(forever);
    await put(...many(4));
    const stopped = consumer.stop(1_000);
    await pass(5_000);
    await stopped;
    expect(settled.toSorted()).toEqual(['m0 in 0 s', 'm1 in 0 s', 'm2 in 0 s', 'm3 in 0 s']);
  });

  it('has as many batches in work as its concurrency, and fills one more', async () => {
    const { put, calls, wire, consumer } = consumerOf(forever, { settings: { concurrency: 2 } });
    await put(...many(10));
    await put(message('n0'), message('n1'));
    expect(calls).toHaveLength(2);
    expect(wire.receive).toHaveBeenCalledTimes(2);
    expect(consumer.snapshot()).toMatchObject({ inFlight: 12, running: 3 });
  });

  it('handles its messages one by one where the breaker tries one', async () => {
    let isAway = true;
    const { put, calls, settled } = consumerOf(
      () => {
        if (isAway) throw new Error('connect ECONNREFUSED');
      },
      { settings: { circuitBreaker: { failures: 0.5, of: 4, pauseSeconds: 5 } } },
    );
    await put(...many(4));
    await pass(20);
    isAway = false;
    await pass(5_000);
    await put(message('m0', { receives: 2 }));
    await pass(1_000);
    expect(calls).toEqual(['m0 m1 m2 m3', 'm0']);
    await pass(50);
    expect(settled).toContain('m0 deleted');
  });

  describe('on FIFO', () => {
    const fifo = { fifo: true };
    const of = (group: string, ...ids: string[]) => ids.map(id => message(id, { group }));

    it('has messages of one group in order, in one batch at a time', async () => {
      let finish: () => void = () => undefined;
      const { put, calls } = consumerOf(() => new Promise<void>(resolve => (finish = resolve)), {
        ...fifo,
        settings: { concurrency: 5 },
      });
      await put(...of('g', 'g1', 'g2', 'g3', 'g4', 'g5'), ...of('h', 'h1'));
      await pass(1_000);
      expect(calls).toEqual(['g1 g2 g3 g4', 'h1']);
      finish();
      await pass(10);
      expect(calls).toHaveLength(2);
    });

    it('has no message twice in a batch whose lease was lost meanwhile: it is done when it comes again', async () => {
      const { put, calls, settled } = consumerOf(() => undefined, fifo);
      await put(...of('g', 'g1'));
      await put(message('g1', { group: 'g', receives: 2, handle: 'g1#2' }), ...of('g', 'g2'));
      await pass(1_000);
      expect(calls).toEqual(['g1']);
      await pass(1_100);
      expect(calls).toEqual(['g1', 'g2']);
      expect(settled).toEqual(['g1 deleted', 'g1 deleted', 'g2 deleted']);
    });

    it('hands back those of a group behind one that failed, done or not, with its delay', async () => {
      const { put, settled, calls } = consumerOf(
        () => Promise.reject(new BatchFailure([{ index: 1, error: new RetryLater(7) }])),
        {
          ...fifo,
          settings: { batch: { size: 5, windowMs: 1_000 } },
        },
      );
      await put(...of('g', 'g1', 'g2', 'g3'), ...of('h', 'h1', 'h2'), ...of('g', 'g4'));
      await pass(50);
      expect(calls).toHaveLength(1);
      expect(settled.toSorted()).toEqual([
        'g1 deleted',
        'g2 in 7 s',
        'g3 in 7 s',
        'g4 in 7 s',
        'h1 deleted',
        'h2 deleted',
      ]);
    });

    it('counts no attempt of those behind it', async () => {
      const attempts: string[] = [];
      const { put } = consumerOf(
        (ids, contexts) => {
          attempts.push(ids.map((id, at) => `${id} ${contexts[at]?.getAttempt()}`).join(', '));
          if (attempts.length === 1) throw new BatchFailure([{ index: 0, error: new Error('no') }]);
        },
        { ...fifo, settings: { batch: { size: 2, windowMs: 10 } } },
      );
      await put(...of('g', 'g1', 'g2'));
      await pass(3_000);
      await put(message('g1', { group: 'g', receives: 2 }), message('g2', { group: 'g', receives: 2 }));
      expect(attempts).toEqual(['g1 1, g2 1', 'g1 2, g2 1']);
    });

    it('goes on behind one that has left the queue', async () => {
      const { put, settled } = consumerOf(
        () => Promise.reject(new BatchFailure([{ index: 0, error: new DeadLetter('no') }])),
        { ...fifo, settings: { batch: { size: 3, windowMs: 1_000 } } },
      );
      await put(...of('g', 'g1', 'g2', 'g3'));
      await pass(50);
      expect(settled).toEqual(['g1 to dlq', 'g1 deleted', 'g2 deleted', 'g3 deleted']);
    });

    it('calls nothing behind a last attempt that failed and stays', async () => {
      const { put, calls, settled } = consumerOf(ids => (ids.includes('g2') ? Promise.reject(error) : undefined), {
        ...fifo,
        settings: { batch: { size: 4, windowMs: 100 }, maxReceiveCount: 2 },
      });
      let error = new Error('no');
      await put(message('g2', { group: 'h' }));
      await pass(3_000);
      error = new RetryLater(5);
      await put(
        message('g1', { group: 'g' }),
        message('g2', { group: 'h', receives: 2 }),
        message('g3', { group: 'h' }),
        message('i1', { group: 'i' }),
      );
      await pass(50);
      expect(calls).toEqual(['g2', 'g1', 'g2', 'i1']);
      expect(settled).toContain('g3 in 5 s');
    });

    it('calls nothing behind a message that is not let in', async () => {
      const { put, calls, settled } = consumerOf(() => undefined, {
        ...fifo,
        decode: ({ MessageId = '' }) => ({
          // Nobody takes it: it waits for another version.
          metadata: { id: MessageId, source: 's', type: MessageId === 'g2' ? 'unknown' : 'a' },
          data: MessageId,
        }),
      });
      await put(...of('g', 'g1', 'g2', 'g3'), ...of('h', 'h1'));
      await pass(50);
      expect(calls).toEqual(['g1 h1']);
      expect(settled.toSorted()).toEqual(['g1 deleted', 'g2 in 1 s', 'g3 in 1 s', 'h1 deleted']);
    });
  });
});
