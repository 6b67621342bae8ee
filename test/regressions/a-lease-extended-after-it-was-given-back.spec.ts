import { jest } from '@jest/globals';
import { DeadLetter } from '../../libs/nestjs-sns-sqs/src/errors/handler-outcomes.js';
import { Inbox } from '../../libs/nestjs-sns-sqs/src/inbox/inbox.js';
import { MemoryInboxStore } from '../../libs/nestjs-sns-sqs/src/inbox/memory-inbox-store.js';
import { StoreHealth } from '../../libs/nestjs-sns-sqs/src/inbox/store-health.js';
import type { InboxStore } from '../../libs/nestjs-sns-sqs/src/interfaces/inbox-store.interface.js';
import type { BatchResult, SqsWire } from '../../libs/nestjs-sns-sqs/src/interfaces/wire.interface.js';
import type { QueueConsumer } from '../../libs/nestjs-sns-sqs/src/server/queue-consumer.js';
import { consumerOf, settingsOf } from '../../libs/nestjs-sns-sqs/test/consumer.js';
import { forever, message, ScriptedQueue } from '../../libs/nestjs-sns-sqs/test/scripted-queue.js';

/** A consumer that has received one message. */
async function consuming(
  wire: Pick<SqsWire, 'changeVisibilityBatch'> & Partial<SqsWire>,
  { handler, inbox }: { handler: () => Promise<void>; inbox?: Inbox },
): Promise<QueueConsumer> {
  const queue = new ScriptedQueue();
  queue.deleteBatch.mockImplementation(forever);
  queue.sendBatch.mockImplementation(forever);
  queue.put(message('m'));
  const consumer = consumerOf(Object.assign(queue, wire), handler, { inbox });
  consumer.start();
  await jest.advanceTimersByTimeAsync(0);
  return consumer;
}

describe('a heartbeat takes no message again', () => {
  const visibilities: number[] = [];
  const note = (entries: ReadonlyArray<{ id: string; visibilityTimeoutSeconds: number }>): BatchResult => {
    visibilities.push(...entries.map(each => each.visibilityTimeoutSeconds));
    return { successful: entries.map(({ id }) => ({ id })), failed: [] };
  };

  beforeEach(() => {
    jest.useFakeTimers();
    visibilities.splice(0);
  });
  afterEach(() => void jest.useRealTimers());

  it('that was given back because the time to stop was over, while closing waits for another settlement', async () => {
    const changeVisibilityBatch: SqsWire['changeVisibilityBatch'] = (_, entries) => {
      note(entries);
      return forever();
    };
    const consumer = await consuming({ changeVisibilityBatch }, { handler: forever });
    const stopped = consumer.stop(29_000);
    await jest.advanceTimersByTimeAsync(60_000);
    await stopped;
    const givenBack = visibilities.indexOf(0);
    expect(givenBack).toBeGreaterThan(0);
    expect(visibilities.slice(givenBack)).toEqual([0]);
  });

  it('that was put off because its dead letter was refused, while the inbox does not answer', async () => {
    const memory = new MemoryInboxStore({ now: () => performance.now() });
    const store: InboxStore = {
      isShared: true,
      claim: (...args) => memory.claim(...args),
      renew: (...args) => memory.renew(...args),
      done: (...args) => memory.done(...args),
      ping: () => undefined,
      release: forever,
    };
    const rules = { ...settingsOf(false), leaseMs: 30_000, rememberForMs: 60_000 };
    const health = new StoreHealth({
      queue: 'q',
      store,
      onUnavailable: 'wait',
      logger: { warn: () => undefined },
      onFault: () => undefined,
      onRecovery: () => undefined,
    });
    await consuming(
      {
        changeVisibilityBatch: (_, entries) => Promise.resolve(note(entries)),
        sendBatch: () => Promise.reject(Object.assign(new Error('no'), { name: 'AccessDenied' })),
      },
      {
        handler: () => Promise.reject(new DeadLetter('never')),
        inbox: new Inbox({ queue: 'q', store, health, rules }),
      },
    );
    await jest.advanceTimersByTimeAsync(60_000);
    expect(visibilities).toHaveLength(1);
    expect(visibilities[0]).toBeLessThanOrEqual(5);
  });
});
