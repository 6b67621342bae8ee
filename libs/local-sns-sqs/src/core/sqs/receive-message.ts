import { invalidValue } from '../errors.js';
import { type Input, optionalInteger } from '../input.js';
import type { Call, Operation, Output } from '../operation.js';
import type { Queue, Received } from '../queue/queue.js';
import { findQueue } from './find-queue.js';
import { type Presentation, present, readPresentation } from './presentation.js';

function bounded(input: Input, key: string, min: number, max: number): number | undefined {
  const value = optionalInteger(input, key);
  if (value !== undefined && (value < min || value > max)) {
    throw invalidValue(value, key, `Must be between ${min} and ${max}, if provided.`);
  }
  return value;
}

function answer(queue: Queue, received: Received[], presentation: Presentation, call: Call): Output {
  if (received.length === 0) return {};
  call.onUndelivered(() => queue.giveBack(received));
  return { Messages: received.map(one => present(one, presentation)) };
}

/** Short polls answer at once; a long poll waits its turn and is forgotten when its caller goes away. */
export const receiveMessage: Operation = (broker, input, call) => {
  const queue = findQueue(broker, input);
  const max = bounded(input, 'MaxNumberOfMessages', 1, 10) ?? 1;
  const wait = bounded(input, 'WaitTimeSeconds', 0, 20) ?? queue.seconds('ReceiveMessageWaitTimeSeconds');
  const visibility = bounded(input, 'VisibilityTimeout', 0, 43_200) ?? queue.seconds('VisibilityTimeout');
  const presentation = readPresentation(input);
  if (call.gone) return {};

  const received = queue.receive(max, visibility * 1000);
  if (received.length > 0 || wait === 0) return answer(queue, received, presentation, call);

  return new Promise<Output>(resolve => {
    const attempt = (): Received[] | undefined => {
      const found = queue.inFlightIsFull ? [] : queue.receive(max, visibility * 1000);
      return found.length > 0 ? found : undefined;
    };
    const waiter = queue.waiters.add(broker.now() + wait * 1000, attempt, found =>
      resolve(answer(queue, found ?? [], presentation, call)),
    );
    call.onGone(() => {
      queue.waiters.cancel(waiter);
      resolve({});
    });
  });
};
