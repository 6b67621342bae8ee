import type { Broker } from '../broker.js';
import { invalidValue, overLimit } from '../errors.js';
import { type Input, optionalInteger, optionalString } from '../input.js';
import type { Call, Operation, Output } from '../operation.js';
import type { Queue } from '../queue/queue.js';
import type { Received } from '../queue/surroundings.js';
import { admit } from './admit.js';
import { findQueue } from './find-queue.js';
import { type Presentation, present, readPresentation } from './presentation.js';

function bounded(input: Input, key: string, min: number, max: number): number | undefined {
  const value = optionalInteger(input, key);
  if (value !== undefined && (value < min || value > max)) {
    throw invalidValue(value, key, `Must be between ${min} and ${max}, if provided.`);
  }
  return value;
}

function answer(broker: Broker, queue: Queue, received: Received[], presentation: Presentation, call: Call): Output {
  if (received.length === 0) return {};
  call.onUndelivered(() => {
    queue.giveBack(received);
    broker.settle();
  });
  return { Messages: received.map(one => present(one, presentation)) };
}

/** 1 to 128 alphanumeric and punctuation characters, on FIFO queues only (ReceiveMessage API). */
function readAttemptId(queue: Queue, input: Input): string | undefined {
  const id = optionalString(input, 'ReceiveRequestAttemptId');
  if (id === undefined || !queue.fifo) return undefined;
  if (!/^[A-Za-z0-9!-/:-@[-`{-~]{1,128}$/.test(id)) {
    throw invalidValue(
      id,
      'ReceiveRequestAttemptId',
      'It can only include 1 to 128 alphanumeric and punctuation characters.',
    );
  }
  return id;
}

/** Short polls answer at once; a long poll waits its turn and is forgotten when its caller goes away. */
export const receiveMessage: Operation = (broker, input, call) => {
  const queue = findQueue(broker, input);
  admit(broker, queue, call, 'ReceiveMessage');
  const max = bounded(input, 'MaxNumberOfMessages', 1, 10) ?? 1;
  const wait = bounded(input, 'WaitTimeSeconds', 0, 20) ?? queue.seconds('ReceiveMessageWaitTimeSeconds');
  const visibility = bounded(input, 'VisibilityTimeout', 0, 43_200) ?? queue.seconds('VisibilityTimeout');
  const presentation = readPresentation(input);
  if (call.gone) return {};

  const attemptId = readAttemptId(queue, input);
  // A long poll and a FIFO queue get nothing instead (quotas-queues).
  if (queue.inFlightIsFull && !queue.fifo && wait === 0) {
    throw overLimit('Too many messages in flight: the queue has reached its limit of 120000.');
  }
  const received =
    queue.attempts.repeat(attemptId, broker.now(), visibility * 1000) ?? queue.receive(max, visibility * 1000);
  queue.attempts.remember(attemptId, broker.now(), received);
  if (received.length > 0 || wait === 0) return answer(broker, queue, received, presentation, call);

  return new Promise<Output>(resolve => {
    const attempt = (): Received[] | undefined => {
      const found = queue.receive(max, visibility * 1000);
      queue.attempts.remember(attemptId, broker.now(), found);
      return found.length > 0 ? found : undefined;
    };
    const waiter = queue.waiters.add(broker.now() + wait * 1000, attempt, found =>
      resolve(answer(broker, queue, found ?? [], presentation, call)),
    );
    call.onGone(() => {
      queue.waiters.cancel(waiter);
      resolve({});
    });
  });
};
