import { jest } from '@jest/globals';
import { consumerOf, quietLogger, settingsOf, type Handler } from '../../libs/nestjs-sns-sqs/test/consumer.js';
import { message, ScriptedQueue } from '../../libs/nestjs-sns-sqs/test/scripted-queue.js';
import type { SqsBatchContext } from '../../libs/nestjs-sns-sqs/src/ctx-host/sqs-batch.context.js';
import { Inbox } from '../../libs/nestjs-sns-sqs/src/inbox/inbox.js';
import { MemoryInboxStore } from '../../libs/nestjs-sns-sqs/src/inbox/memory-inbox-store.js';
import { StoreHealth } from '../../libs/nestjs-sns-sqs/src/inbox/store-health.js';
import type { HandlerOptions } from '../../libs/nestjs-sns-sqs/src/interfaces/handler-options.interface.js';

const HANDLER_MS = 60_000;

/** Works for a minute, and returns as soon as it is told to stop: it does not throw. */
function work(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    setTimeout(resolve, HANDLER_MS);
    signal.addEventListener('abort', () => resolve());
  });
}

const single: Handler = (_, context) => work(context.getSignal());
const batch: Handler = (_, contexts) => work((contexts as unknown as SqsBatchContext).getSignal());
const inBatches: HandlerOptions = { batch: { size: 2, windowMs: 100 } };
/** It looks at the signal of each message, and not at that of the batch. */
const batchOfEach: Handler = (_, contexts) =>
  Promise.all([...(contexts as unknown as SqsBatchContext)].map(context => work(context.getSignal())));
const CASES: Array<[string, Handler, HandlerOptions]> = [
  ['one message', single, {}],
  ['a batch', batch, inBatches],
  ['a batch, by the signals of its messages', batchOfEach, inBatches],
];

function processOf(handler: Handler, given: HandlerOptions, hasInbox: boolean) {
  const queue = new ScriptedQueue();
  const store = new MemoryInboxStore();
  const done: string[] = [];
  const mark = store.done.bind(store);
  store.done = (claim, how) => {
    done.push(claim.key);
    return mark(claim, how);
  };
  const told = { logger: quietLogger(), onFault: () => undefined, onRecovery: () => undefined };
  const settings = settingsOf(false, given);
  const rules = { ...settings, leaseMs: 30_000, rememberForMs: 3_600_000 };
  const health = new StoreHealth({ queue: 'q', store, onUnavailable: 'wait', ...told });
  const inbox = hasInbox ? new Inbox({ queue: 'q', store, health, rules }) : undefined;
  let calls = 0;
  const counted: Handler = (data, context) => {
    calls += 1;
    return handler(data, context);
  };
  const consumer = consumerOf(queue, counted, { settings: given, inbox });
  consumer.start();
  return { queue, consumer, done, calls: () => calls };
}

describe.each([true, false])('a handler that returns when it is told to stop (inbox: %s)', hasInbox => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it.each(CASES)('has not handled %s at a forced stop: it goes back', async (_, handler, given) => {
    const { queue, consumer, done } = processOf(handler, given, hasInbox);
    await queue.deliver(message('m0'), message('m1'));
    await jest.advanceTimersByTimeAsync(1_000);
    const stopped = consumer.stop(1_000);
    await jest.advanceTimersByTimeAsync(5_000);
    await stopped;
    expect(queue.settled.toSorted()).toEqual(['m0 in 0 s', 'm1 in 0 s']);
    expect(done).toEqual([]);
    await jest.advanceTimersByTimeAsync(HANDLER_MS);
  });

  it.each(CASES)(
    'has not handled %s whose lease is lost: it is handled when it comes again',
    async (_, handler, given) => {
      const { queue, consumer, done, calls } = processOf(handler, given, hasInbox);
      queue.changeVisibilityBatch.mockImplementation(async (_url, entries) => ({
        successful: [],
        failed: entries.map(({ id }) => ({ id, code: 'ReceiptHandleIsInvalid', message: 'gone', senderFault: true })),
      }));
      await queue.deliver(message('m0'), message('m1'));
      await jest.advanceTimersByTimeAsync(35_000);
      expect(done).toEqual([]);
      const before = calls();
      await queue.deliver(message('m0', { receives: 2 }), message('m1', { receives: 2 }));
      await jest.advanceTimersByTimeAsync(1_000);
      expect(queue.settled).toEqual([]);
      expect(calls()).toBe(2 * before);
      const stopped = consumer.stop(0);
      await jest.advanceTimersByTimeAsync(5_000);
      await stopped;
      await jest.advanceTimersByTimeAsync(HANDLER_MS);
    },
  );

  it('has handled what it never asked for a signal of, although the stop was forced', async () => {
    const { queue, consumer } = processOf(() => new Promise(resolve => setTimeout(resolve, 1_100)), {}, hasInbox);
    await queue.deliver(message('m0'));
    const stopped = consumer.stop(1_000);
    await jest.advanceTimersByTimeAsync(5_000);
    await stopped;
    expect(queue.settled).toEqual(['m0 deleted']);
  });
});
