import { invalidParameterValue, queueDeletedRecently, queueNameExists, unknownAttribute } from '../errors.js';
import { requiredString, stringMap } from '../input.js';
import type { Operation } from '../operation.js';
import {
  checkAttributes,
  checkTogether,
  initialAttributes,
  sameValue,
  settled,
  settleEncryption,
} from '../queue/queue-attributes.js';
import { Queue } from '../queue/queue.js';
import { checkRedriveTarget } from './check-redrive-target.js';
import { queueUrl } from './find-queue.js';
import { addTags } from './tag-queue.js';

function checkName(name: string, fifo: boolean): void {
  if (fifo && !/^[A-Za-z0-9_-]{1,75}\.fifo$/.test(name)) {
    throw invalidParameterValue(
      'The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length',
    );
  }
  if (!fifo && !/^[A-Za-z0-9_-]{1,80}$/.test(name)) {
    throw invalidParameterValue('Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length');
  }
}

function checkSame(existing: Queue, wanted: ReadonlyMap<string, string>): void {
  for (const [name, value] of wanted) {
    if (!sameValue(name, value, existing.attributes.get(name))) throw queueNameExists(name);
  }
}

export const createQueue: Operation = (broker, input, call) => {
  const name = requiredString(input, 'QueueName');
  const wanted = settled(stringMap(input, 'Attributes'));
  const tags = stringMap(input, 'tags');
  if (tags.size === 0) for (const [key, value] of stringMap(input, 'Tags')) tags.set(key, value);
  const fifo = wanted.get('FifoQueue') === 'true';
  if (wanted.get('FifoQueue') === 'false') throw unknownAttribute('FifoQueue');
  checkName(name, fifo);
  checkAttributes(wanted, fifo);
  const url = { QueueUrl: queueUrl(broker, call.origin, name) };

  const existing = broker.queues.get(name);
  if (existing) {
    checkSame(existing, wanted);
    return url;
  }
  if (broker.isNameBlocked(name)) throw queueDeletedRecently();
  const attributes = initialAttributes(fifo);
  for (const [attribute, value] of wanted) if (value !== '') attributes.set(attribute, value);
  settleEncryption(attributes, wanted);
  checkTogether(attributes);
  const arn = broker.queueArn(name);
  checkRedriveTarget(broker, arn, fifo, wanted.get('RedrivePolicy'));
  const queue = new Queue(name, arn, fifo, attributes, broker.nextQueueNumber(), broker);
  addTags(queue, tags);
  broker.queues.set(name, queue);
  broker.touch(queue);
  return url;
};
