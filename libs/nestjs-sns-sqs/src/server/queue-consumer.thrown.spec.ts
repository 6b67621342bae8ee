import { jest } from '@jest/globals';
import { throwError } from 'rxjs';
import { hostileValues } from '../../test/hostile-values.js';
import type { MessageHandler } from '@nestjs/microservices';
import type { BatchResult, SqsMessage, SqsWire } from '../interfaces/wire.interface.js';
import { consumerSettings } from '../options/server-options.js';
import { HandlerRegistry } from './handle/handler-registry.js';
import { QueueConsumer, type QueueConsumerOptions } from './queue-consumer.js';
import { Slots } from './receive/slots.js';

const well = (entries: ReadonlyArray<{ id: string }>): Promise<BatchResult> =>
  Promise.resolve({ successful: entries.map(({ id }) => ({ id })), failed: [] });
const message = (id: string, group: string): SqsMessage => ({
  MessageId: id,
  ReceiptHandle: id,
  Body: '{}',
  Attributes: { ApproximateReceiveCount: '1', MessageGroupId: group },
});

/** A consumer of a FIFO queue that has these messages, and what became of them. */
function consumerOf(handler: unknown, messages: SqsMessage[], changes: Partial<QueueConsumerOptions> = {}) {
  const settled: string[] = [];
  const isPermanent = jest.fn<(error: unknown) => boolean>(() => false);
  const inQueue = [messages];
  const wire: SqsWire = {
    receive: ({ signal, waitTimeSeconds }) => {
      const [next] = inQueue.splice(0);
      if (next || waitTimeSeconds === 0) return Promise.resolve(next ?? []);
      return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))));
    },
    deleteBatch: (_, entries) => {
      settled.push(...entries.map(({ receiptHandle }) => `${receiptHandle} deleted`));
      return well(entries);
    },
    changeVisibilityBatch: (_, entries) => {
      settled.push(...entries.map(each => `${each.receiptHandle} in ${each.visibilityTimeoutSeconds} s`));
      return well(entries);
    },
    sendBatch: (_, entries) => {
      settled.push(...entries.map(each => `${each.attributes['deadletter.message-id']?.StringValue} copied`));
      return well(entries);
    },
  };
  const logger = { log: jest.fn(), warn: jest.fn(), error: jest.fn() };
  const settings = consumerSettings(
    { consumer: { maxReceiveCount: 3, backoff: { initialSeconds: 0 } }, isPermanent },
    'q',
  );
  const consumer = new QueueConsumer({
    queue: { name: 'q.fifo', url: 'url', deadLetterQueueUrl: 'dlq', fifo: true },
    settings,
    slots: new Slots(Infinity),
    wire,
    handlers: new HandlerRegistry([
      { pattern: 'a', queue: 'q.fifo', subscribed: true, handler: handler as MessageHandler },
    ]),
    decode: ({ MessageId = '' }) => ({ metadata: { id: MessageId, source: 's', type: 'a' }, data: MessageId }),
    hooks: (_, work) => work(),
    logger,
    onFault: () => undefined,
    onRecovery: () => undefined,
    ...changes,
  });
  return { consumer, settled, logger, isPermanent };
}

const ways: Array<[string, (thrown: unknown) => unknown]> = [
  [
    'thrown',
    thrown => {
      throw thrown;
    },
  ],
  ['rejected with', thrown => Promise.reject(thrown)],
  ['the error of a stream', thrown => Promise.resolve(throwError(() => thrown))],
];

describe('QueueConsumer, of what its handlers throw:', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  describe.each(ways)('%s', (_, by) => {
    it.each(hostileValues())('%s is settled, and its group goes on', async (_, thrown) => {
      const { consumer, settled, logger } = consumerOf(
        (data: string) => (data === 'bad' ? by(thrown) : undefined),
        [message('bad', 'g'), message('behind', 'g'), message('other', 'h')],
      );
      consumer.start();
      await jest.advanceTimersByTimeAsync(20);
      expect(settled.toSorted()).toEqual(['bad in 0 s', 'behind in 0 s', 'other deleted']);
      expect(logger.error.mock.calls).toEqual([
        [
          expect.stringMatching(/^q\.fifo: attempt 1 of 3 of message bad failed: .+; it next attempt in 0 s$/s),
          ...(logger.error.mock.calls[0]?.slice(1) ?? []),
        ],
      ]);
    });

    it.each(hostileValues())('%s is a dead letter where no retry can help', async (_, thrown) => {
      const { consumer, settled, isPermanent } = consumerOf(() => by(thrown), [message('bad', 'g')]);
      isPermanent.mockReturnValue(true);
      consumer.start();
      await jest.advanceTimersByTimeAsync(20);
      expect(settled).toEqual(['bad copied', 'bad deleted']);
    });
  });

  it.each(hostileValues())('%s, given back as a result, does not keep the message', async (_, given) => {
    const { consumer, settled } = consumerOf(() => given, [message('m', 'g')]);
    consumer.start();
    await jest.advanceTimersByTimeAsync(20);
    expect(settled).toHaveLength(1);
  });

  it('and of a fault of its own: the message is tried again', async () => {
    const { consumer, settled, logger } = consumerOf(() => undefined, [message('bad', 'g'), message('other', 'h')], {
      requestOf: ({ MessageId }) => {
        if (MessageId === 'bad') throw Object.assign(new Error('x'), { message: ['ours'] });
        return undefined;
      },
    });
    logger.error.mockImplementationOnce(() => {
      throw new Error('and the logger throws too');
    });
    consumer.start();
    await jest.advanceTimersByTimeAsync(20);
    expect(settled.toSorted()).toEqual(['bad in 0 s', 'other deleted']);
  });
});
