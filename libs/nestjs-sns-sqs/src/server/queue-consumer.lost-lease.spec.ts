import { jest } from '@jest/globals';
import { consumerOf, type Handler } from '../../test/consumer.js';
import { message as messageOf, ScriptedQueue } from '../../test/scripted-queue.js';
import type { SqsMessage, SqsWire } from '../interfaces/wire.interface.js';

const message = (id: string, receives: number): SqsMessage =>
  messageOf(id, { handle: `${id}-${receives}`, receives, group: 'g' });

/** SQS says of this one handle that it no longer holds its message. */
const extendAllBut =
  (lost: string): SqsWire['changeVisibilityBatch'] =>
  async (_, entries) => {
    const refused = entries.filter(({ receiptHandle }) => receiptHandle === lost);
    return {
      successful: entries.filter(entry => !refused.includes(entry)).map(({ id }) => ({ id })),
      failed: refused.map(({ id }) => ({ id, code: 'ReceiptHandleIsInvalid', message: 'gone', senderFault: true })),
    };
  };

describe('QueueConsumer', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

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
});
