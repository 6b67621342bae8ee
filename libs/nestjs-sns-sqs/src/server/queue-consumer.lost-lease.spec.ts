import { jest } from '@jest/globals';
import type { BatchResult, SqsMessage, SqsWire } from '../interfaces/wire.interface.js';
import { consumerSettings } from '../options/server-options.js';
import { HandlerRegistry } from './handle/handler-registry.js';
import { QueueConsumer } from './queue-consumer.js';
import { Slots } from './receive/slots.js';

const well = (entries: ReadonlyArray<{ id: string }>): BatchResult => ({
  successful: entries.map(({ id }) => ({ id })),
  failed: [],
});
const message = (id: string, receives: number): SqsMessage => ({
  MessageId: id,
  ReceiptHandle: `${id}-${receives}`,
  Body: '{}',
  Attributes: { ApproximateReceiveCount: String(receives), MessageGroupId: 'g' },
});

/** SQS says of this one handle that it no longer holds its message. */
const extendAllBut = (lost: string): SqsWire['changeVisibilityBatch'] =>
  jest.fn<SqsWire['changeVisibilityBatch']>(async (_, entries) => {
    const refused = entries.filter(({ receiptHandle }) => receiptHandle === lost);
    return {
      successful: entries.filter(entry => !refused.includes(entry)).map(({ id }) => ({ id })),
      failed: refused.map(({ id }) => ({ id, code: 'ReceiptHandleIsInvalid', message: 'gone', senderFault: true })),
    };
  });

describe('QueueConsumer', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('counts no attempt for a message that lost its lease while it waited behind another', async () => {
    const batches = [[message('head', 1), message('tail', 1)], [message('tail', 2)]];
    const wire: SqsWire = {
      receive: jest.fn<SqsWire['receive']>(({ signal }) => {
        const batch = batches.shift();
        return batch
          ? Promise.resolve(batch)
          : new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))));
      }),
      deleteBatch: jest.fn<SqsWire['deleteBatch']>(async (_, entries) => well(entries)),
      sendBatch: jest.fn<SqsWire['sendBatch']>(async (_, entries) => well(entries)),
      changeVisibilityBatch: extendAllBut('tail-1'),
    };
    const attempts: string[] = [];
    const consumer = new QueueConsumer({
      queue: { name: 'q.fifo', url: 'url', deadLetterQueueUrl: 'dlq', fifo: true },
      settings: consumerSettings({ consumer: { concurrency: 1 } }, 'q.fifo'),
      slots: new Slots(Infinity),
      wire,
      handlers: new HandlerRegistry([
        {
          pattern: 'a',
          queue: 'q.fifo',
          subscribed: false,
          handler: async (id: string, context: { getAttempt(): number }) => {
            attempts.push(`${id}: ${context.getAttempt()}`);
            if (id === 'head') await new Promise(resolve => setTimeout(resolve, 15_000));
          },
        },
      ]),
      decode: ({ MessageId = '' }) => ({ metadata: { id: MessageId, source: 's', type: 'a' }, data: MessageId }),
      hooks: (_, work) => work(),
      logger: { log: () => undefined, warn: () => undefined, error: () => undefined },
      onFault: () => undefined,
      onRecovery: () => undefined,
    });
    consumer.start();
    await jest.advanceTimersByTimeAsync(20_000);
    expect(attempts).toEqual(['head: 1', 'tail: 1']);
    const stopping = consumer.stop(0);
    await jest.advanceTimersByTimeAsync(5_000);
    await stopping;
  });
});
