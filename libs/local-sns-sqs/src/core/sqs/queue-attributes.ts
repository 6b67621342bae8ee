import { invalidAttributeValue, missingParameter, unknownAttribute } from '../errors.js';
import { stringList, stringMap } from '../input.js';
import type { Operation } from '../operation.js';
import {
  READABLE_ATTRIBUTES,
  checkAttributes,
  checkTogether,
  settled,
  settleEncryption,
} from '../queue/queue-attributes.js';
import type { Queue } from '../queue/queue.js';
import { checkRedriveTarget } from './check-redrive-target.js';
import { findQueue } from './find-queue.js';

/** Every attribute of a queue as AWS shows it. */
function describeQueue(queue: Queue): Map<string, string> {
  const result = new Map([
    ['QueueArn', queue.arn],
    ['ApproximateNumberOfMessages', String(queue.ready)],
    ['ApproximateNumberOfMessagesNotVisible', String(queue.inFlight)],
    ['ApproximateNumberOfMessagesDelayed', String(queue.delayed)],
    ['CreatedTimestamp', String(Math.floor(queue.createdAt / 1000))],
    ['LastModifiedTimestamp', String(Math.floor(queue.modifiedAt / 1000))],
  ]);
  const hasKey = queue.attributes.has('KmsMasterKeyId');
  for (const [name, value] of queue.attributes) {
    // Kept without a key, and shown with one (recorded).
    if (name !== 'KmsDataKeyReusePeriodSeconds' || hasKey) result.set(name, value);
  }
  return result;
}

export const getQueueAttributes: Operation = (broker, input) => {
  const queue = findQueue(broker, input);
  const names = stringList(input, 'AttributeNames');
  for (const name of names) if (!READABLE_ATTRIBUTES.has(name)) throw unknownAttribute(name);
  if (names.length === 0) return {};
  const all = describeQueue(queue);
  const shown = names.includes('All') ? [...all] : [...all].filter(([name]) => names.includes(name));
  return shown.length > 0 ? { Attributes: Object.fromEntries(shown) } : {};
};

export const setQueueAttributes: Operation = (broker, input) => {
  const queue = findQueue(broker, input);
  const wanted = settled(stringMap(input, 'Attributes'));
  if (wanted.size === 0) throw missingParameter('Attributes');
  if (wanted.has('FifoQueue') && wanted.get('FifoQueue') !== String(queue.fifo)) {
    throw queue.fifo
      ? invalidAttributeValue('FifoQueue', 'Modifying queue type is not supported.')
      : unknownAttribute('FifoQueue');
  }
  checkAttributes(wanted, queue.fifo);
  const changed = new Map(queue.attributes);
  for (const [name, value] of wanted) {
    if (value === '') changed.delete(name);
    else changed.set(name, value);
  }
  checkTogether(changed);
  checkRedriveTarget(broker, queue.arn, queue.fifo, wanted.get('RedrivePolicy'));
  settleEncryption(changed, wanted);
  queue.attributes.clear();
  for (const [name, value] of changed) queue.attributes.set(name, value);
  queue.modifiedAt = broker.now();
  queue.attributesChanged();
  broker.touch(queue);
  return {};
};
