import { receiptHandleExpired, receiptHandleIsInvalid } from '../errors.js';
import { type Input, requiredString } from '../input.js';
import type { Operation } from '../operation.js';
import type { Queue } from '../queue/queue.js';
import { admit } from './admit.js';
import { readBatch, runBatch } from './batch.js';
import { findQueue } from './find-queue.js';

/**
 * Only the latest handle deletes. An older one is answered with success on a standard queue and does nothing; on a
 * FIFO queue a handle whose visibility timeout is over is refused.
 */
function remove(queue: Queue, input: Input): void {
  const handle = requiredString(input, 'ReceiptHandle');
  const receipt = queue.handles.read(handle);
  if (!receipt) throw receiptHandleIsInvalid(handle);
  const message = queue.messages.get(receipt.order);
  if (!message) return;
  const latest = message.lease === receipt.lease;
  if (queue.fifo && (!latest || message.state !== 'inFlight')) throw receiptHandleExpired(handle);
  if (latest) queue.remove(message);
}

export const deleteMessage: Operation = (broker, input, call) => {
  const queue = findQueue(broker, input);
  admit(broker, queue, call, 'DeleteMessage');
  remove(queue, input);
  return {};
};

export const deleteMessageBatch: Operation = (broker, input, call) => {
  const queue = findQueue(broker, input);
  admit(broker, queue, call, 'DeleteMessage');
  const entries = readBatch(input, 'DeleteMessageBatchRequestEntry');
  return runBatch(entries, entry => {
    remove(queue, entry.input);
    return {};
  });
};
