import { jest } from '@jest/globals';
import { Observable } from 'rxjs';
import { consumerOf, quietLogger } from '../../test/consumer.js';
import { message, ScriptedQueue, succeeded } from '../../test/scripted-queue.js';
import type { QueueConsumer } from './queue-consumer.js';

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

async function stop(consumer: QueueConsumer): Promise<void> {
  const stopped = consumer.stop(0);
  await pass(5_000);
  await stopped;
}

/** A handler of events that gives a stream without an end. */
function endlessStream() {
  const subscribed = { now: 0, ever: 0 };
  const stream = new Observable<never>(() => {
    subscribed.now += 1;
    subscribed.ever += 1;
    return () => (subscribed.now -= 1);
  });
  return { stream, subscribed };
}

describe("an event handler's observable is unsubscribed", () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('when its time is over, and the attempt has failed', async () => {
    const queue = new ScriptedQueue();
    const { stream, subscribed } = endlessStream();
    const consumer = consumerOf(queue, () => stream, { settings: { handlerTimeoutMs: 1_000 } });
    consumer.start();
    await queue.deliver(message('a'));
    expect(subscribed).toEqual({ now: 1, ever: 1 });
    await pass(1_000);
    expect(subscribed).toEqual({ now: 0, ever: 1 });
    await pass(100);
    expect(queue.settled).toEqual([expect.stringMatching(/^a in \d+ s$/)]);
    await stop(consumer);
  });

  it('when its lease is lost, and the message is left to whoever has it now', async () => {
    const queue = new ScriptedQueue();
    queue.changeVisibilityBatch.mockImplementation(async (_, entries) => ({
      successful: [],
      failed: entries.map(({ id }) => ({ id, code: 'ReceiptHandleIsInvalid', message: 'gone', senderFault: true })),
    }));
    const { stream, subscribed } = endlessStream();
    const consumer = consumerOf(queue, () => stream, { logger: quietLogger() });
    consumer.start();
    await queue.deliver(message('a'));
    expect(subscribed.now).toBe(1);
    await pass(30_000);
    expect(subscribed).toEqual({ now: 0, ever: 1 });
    expect(consumer.snapshot().inFlight).toBe(0);
    expect(queue.deleteBatch).not.toHaveBeenCalled();
    await stop(consumer);
  });

  it('when the server closes and does not wait any longer, and its message is visible again', async () => {
    const queue = new ScriptedQueue();
    queue.changeVisibilityBatch.mockImplementation((_, entries) => {
      queue.settled.push(...entries.map(each => `in ${each.visibilityTimeoutSeconds} s`));
      return succeeded(entries);
    });
    const { stream, subscribed } = endlessStream();
    const consumer = consumerOf(queue, () => stream);
    consumer.start();
    await queue.deliver(message('a'));
    const stopped = consumer.stop(1_000);
    await pass(900);
    expect(subscribed.now).toBe(1);
    await pass(200);
    expect(subscribed).toEqual({ now: 0, ever: 1 });
    await pass(3_000);
    await stopped;
    expect(queue.settled).toEqual(['in 0 s']);
  });
});
