import { jest } from '@jest/globals';
import type { SqsMessage, SqsWire } from '../../libs/nestjs-sns-sqs/src/interfaces/wire.interface.js';
import { consumerSettings } from '../../libs/nestjs-sns-sqs/src/options/server-options.js';
import { HandlerRegistry } from '../../libs/nestjs-sns-sqs/src/server/handler-registry.js';
import { QueueConsumer } from '../../libs/nestjs-sns-sqs/src/server/queue-consumer.js';
import { Slots } from '../../libs/nestjs-sns-sqs/src/server/slots.js';

const MESSAGE: SqsMessage = { MessageId: 'm', ReceiptHandle: 'h', Body: '{}' };
const forever = () => new Promise<never>(() => undefined);

describe('a message given back because the time to stop was over', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('is not taken again by a heartbeat while another settlement is still on its way', async () => {
    const visibilities: number[] = [];
    const inQueue = [[MESSAGE]];
    const wire: SqsWire = {
      receive: () => (inQueue.length > 0 ? Promise.resolve(inQueue.shift() ?? []) : forever()),
      deleteBatch: forever,
      sendBatch: forever,
      changeVisibilityBatch: (_, entries) => {
        visibilities.push(...entries.map(each => each.visibilityTimeoutSeconds));
        // Nothing is answered: closing waits for its flush.
        return forever();
      },
    };
    const consumer = new QueueConsumer({
      queue: { name: 'q', url: 'url', deadLetterQueueUrl: 'dlq', fifo: false },
      settings: consumerSettings({ consumer: { visibilityTimeoutSeconds: 30 } }, 'q'),
      slots: new Slots(Infinity),
      wire,
      handlers: new HandlerRegistry([{ pattern: 'a', queue: 'q', subscribed: true, handler: forever }]),
      decode: () => ({ metadata: { id: 'm', source: 's', type: 'a' }, data: {} }),
      hooks: (_, work) => work(),
      logger: { log: () => undefined, warn: () => undefined, error: () => undefined },
      onFault: () => undefined,
      onRecovery: () => undefined,
    });
    consumer.start();
    await jest.advanceTimersByTimeAsync(0);
    const stopped = consumer.stop(29_000);
    await jest.advanceTimersByTimeAsync(60_000);
    await stopped;
    const givenBack = visibilities.indexOf(0);
    expect(givenBack).toBeGreaterThan(0);
    expect(visibilities.slice(givenBack)).toEqual([0]);
  });
});
