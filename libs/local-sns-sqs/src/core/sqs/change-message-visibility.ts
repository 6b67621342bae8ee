import type { Broker } from '../broker.js';
import { invalidValue, messageNotInflight, missingParameter, receiptHandleIsInvalid } from '../errors.js';
import { type Input, optionalInteger, requiredString } from '../input.js';
import type { Operation } from '../operation.js';
import type { Queue } from '../queue/queue.js';
import { admit } from './admit.js';
import { readBatch, runBatch } from './batch.js';
import { findQueue } from './find-queue.js';

const MAX_SECONDS = 43_200;

/** Only the latest handle of a message in flight changes its timeout; the total since the receive is at most 12 hours. */
function change(broker: Broker, queue: Queue, input: Input): void {
  const handle = requiredString(input, 'ReceiptHandle');
  const seconds = optionalInteger(input, 'VisibilityTimeout');
  if (seconds === undefined) throw missingParameter('VisibilityTimeout');
  if (seconds < 0 || seconds > MAX_SECONDS) {
    throw invalidValue(
      seconds,
      'VisibilityTimeout',
      `VisibilityTimeout must be an integer between 0 and ${MAX_SECONDS}.`,
    );
  }
  const receipt = queue.handles.read(handle);
  if (!receipt) throw receiptHandleIsInvalid(handle);
  const message = queue.messages.get(receipt.order);
  if (!message) {
    throw invalidValue(
      handle,
      'ReceiptHandle',
      'Message does not exist or is not available for visibility timeout change.',
    );
  }
  if (message.state !== 'inFlight' || message.lease !== receipt.lease) throw messageNotInflight();
  const now = broker.now();
  const heldSeconds = Math.floor((now - message.lastReceivedAt) / 1000);
  if (heldSeconds + seconds > MAX_SECONDS) {
    throw invalidValue(
      seconds,
      'VisibilityTimeout',
      `Total VisibilityTimeout for the message is beyond the limit [${MAX_SECONDS} seconds].`,
    );
  }
  if (seconds === 0) queue.becomeReady(message);
  else queue.changeVisibility(message, now + seconds * 1000);
}

export const changeMessageVisibility: Operation = (broker, input, call) => {
  const queue = findQueue(broker, input);
  admit(broker, queue, call, 'ChangeMessageVisibility');
  change(broker, queue, input);
  return {};
};

export const changeMessageVisibilityBatch: Operation = (broker, input, call) => {
  const queue = findQueue(broker, input);
  admit(broker, queue, call, 'ChangeMessageVisibility');
  const entries = readBatch(input, 'ChangeMessageVisibilityBatchRequestEntry');
  return runBatch(entries, entry => {
    change(broker, queue, entry.input);
    return {};
  });
};
