import { jest } from '@jest/globals';
import { consumerOf, type Handler } from '../../test/consumer.js';
import { forever, message as messageOf, ScriptedQueue } from '../../test/scripted-queue.js';
import { ClockWatch } from '../async/clock-watch.js';
import type { SqsContext } from '../ctx-host/sqs.context.js';
import type { HandlerOptions } from '../interfaces/handler-options.interface.js';
import type { SqsMessage, SqsWire } from '../interfaces/wire.interface.js';

const message = (id: string, receives: number): SqsMessage =>
  messageOf(id, { handle: `${id}-${receives}`, receives, group: 'g' });

/** SQS says of these handles that they no longer hold their messages. */
const extendAllBut =
  (...lost: string[]): SqsWire['changeVisibilityBatch'] =>
  async (_, entries) => {
    const refused = entries.filter(({ receiptHandle }) => lost.includes(receiptHandle));
    return {
      successful: entries.filter(entry => !refused.includes(entry)).map(({ id }) => ({ id })),
      failed: refused.map(({ id }) => ({ id, code: 'ReceiptHandleIsInvalid', message: 'gone', senderFault: true })),
    };
  };

describe('QueueConsumer', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => {
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  it('counts no attempt for a message that lost its lease while it waited behind another', async () => {
    const queue = new ScriptedQueue();
    queue.changeVisibilityBatch.mockImplementation(extendAllBut('tail-1'));
    queue.put(message('head', 1), message('tail', 1));
    queue.put(message('tail', 2));
    const attempts: string[] = [];
    const handler: Handler = async (id, context) => {
      attempts.push(`${id}: ${context.getAttempt()}`);
      if (id === 'head') await new Promise(resolve => setTimeout(resolve, 15_000));
    };
    const consumer = consumerOf(queue, handler, { fifo: true, settings: { concurrency: 1 } });
    consumer.start();
    await jest.advanceTimersByTimeAsync(20_000);
    expect(attempts).toEqual(['head: 1', 'tail: 1']);
    const stopping = consumer.stop(0);
    await jest.advanceTimersByTimeAsync(5_000);
    await stopping;
  });

  const inBatches: HandlerOptions = { batch: { size: 2, windowMs: 100 } };

  /** Each message takes 15 s; its handler returns as soon as its signal aborts. */
  const heeding = (begun: string[], ended: string[]) => async (id: string, context: SqsContext) => {
    begun.push(id);
    const signal = context.getSignal();
    await new Promise<void>(resolve => {
      setTimeout(resolve, 15_000);
      signal.addEventListener('abort', () => resolve());
    });
    if (!signal.aborted) ended.push(id);
  };

  it.each([
    ['the next one does not begin', {}, ['head']],
    ['the next one of its batch is not done', inBatches, ['head', 'next']],
  ])('keeps the order of a group whose head was told to stop and returned: %s', async (_, settings, expected) => {
    const queue = new ScriptedQueue();
    queue.changeVisibilityBatch.mockImplementation(extendAllBut('head-1'));
    const begun: string[] = [];
    const ended: string[] = [];
    const one = heeding(begun, ended);
    const handler: Handler = (ids, contexts) =>
      Array.isArray(ids)
        ? Promise.all(ids.map((id: string, at) => one(id, (contexts as unknown as SqsContext[])[at] ?? contexts)))
        : one(ids, contexts);
    const consumer = consumerOf(queue, handler, { fifo: true, settings });
    consumer.start();
    queue.put(message('head', 1), message('next', 1), message('last', 1));
    await jest.advanceTimersByTimeAsync(20_000);
    expect(begun).toEqual(expected);
    expect(queue.settled).toEqual([]);
    const returned = queue.changeVisibilityBatch.mock.calls
      .flatMap(([, entries]) => entries)
      .filter(({ visibilityTimeoutSeconds }) => visibilityTimeoutSeconds < 30)
      .map(({ receiptHandle }) => receiptHandle);
    expect(returned.toSorted()).toEqual(['last-1', 'next-1']);
    const stopping = consumer.stop(0);
    await jest.advanceTimersByTimeAsync(20_000);
    await stopping;
  });

  /** Time passes, and nothing is done meanwhile. */
  const ways: Array<[string, (ms: number) => unknown]> = [
    [
      'the event loop stood still',
      ms => {
        const now = performance.now.bind(performance);
        jest.spyOn(performance, 'now').mockImplementation(() => now() + ms);
      },
    ],
    ['the machine was suspended', ms => jest.setSystemTime(Date.now() + ms)],
  ];

  describe.each(ways)('behind a handler while which %s', (_, standStill) => {
    /** `head` stands still for an hour, and `tail` waits behind it. */
    async function consume(headFails: boolean, changeVisibility?: SqsWire['changeVisibilityBatch']) {
      const queue = new ScriptedQueue();
      if (changeVisibility) queue.changeVisibilityBatch.mockImplementation(changeVisibility);
      const attempts: string[] = [];
      const handler: Handler = (id, context) => {
        attempts.push(`${id}: ${context.getAttempt()}`);
        if (id !== 'head' || attempts.length > 1) return;
        standStill(3_600_000);
        if (headFails) throw new Error('no');
      };
      const settings = { concurrency: 1, backoff: { initialSeconds: 7, maxSeconds: 7 } };
      const consumer = consumerOf(queue, handler, { fifo: true, settings, watch: new ClockWatch() });
      consumer.start();
      queue.put(message('head', 1), message('tail', 1));
      await jest.advanceTimersByTimeAsync(100);
      const calls = queue.changeVisibilityBatch.mock.calls
        .flatMap(([, entries]) => entries)
        .filter(({ receiptHandle }) => receiptHandle === 'tail-1')
        .map(({ visibilityTimeoutSeconds }) => visibilityTimeoutSeconds);
      return { queue, attempts, consumer, calls };
    }

    async function stop(consumer: { stop(timeoutMs: number): Promise<void> }): Promise<void> {
      const stopping = consumer.stop(0);
      await jest.advanceTimersByTimeAsync(20_000);
      await stopping;
    }

    it('the next one does not begin whose lease is over: another may have it', async () => {
      const { queue, attempts, consumer } = await consume(false, extendAllBut('tail-1'));
      expect(attempts).toEqual(['head: 1']);
      expect(queue.settled).toEqual(['head-1 deleted']);
      queue.put(message('tail', 2));
      await jest.advanceTimersByTimeAsync(100);
      expect(attempts).toEqual(['head: 1', 'tail: 1']);
      await stop(consumer);
    });

    it('the next one begins once its lease is extended', async () => {
      const { attempts, consumer, calls } = await consume(false);
      expect(attempts).toEqual(['head: 1', 'tail: 1']);
      expect(calls[0]).toBe(30);
      await stop(consumer);
    });

    it('a stop does not make the next one visible to others', async () => {
      const queue = new ScriptedQueue();
      queue.changeVisibilityBatch.mockImplementation(extendAllBut('head-1', 'tail-1'));
      const settings = { concurrency: 1 };
      const consumer = consumerOf(queue, forever, { fifo: true, settings, watch: new ClockWatch() });
      consumer.start();
      await queue.deliver(message('head', 1), message('tail', 1));
      standStill(3_600_000);
      await stop(consumer);
      const given = queue.changeVisibilityBatch.mock.calls.flatMap(([, entries]) => entries);
      expect(given.filter(({ visibilityTimeoutSeconds }) => visibilityTimeoutSeconds < 30)).toEqual([]);
    });

    it('the next one is not made visible to others whose lease is over', async () => {
      const { attempts, consumer, calls } = await consume(true, extendAllBut('tail-1'));
      expect(attempts).toEqual(['head: 1']);
      expect(calls.filter(seconds => seconds < 30)).toEqual([]);
      await stop(consumer);
    });
  });
});
