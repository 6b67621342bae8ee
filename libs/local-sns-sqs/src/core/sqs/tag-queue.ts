import { invalidParameterValue, missingParameter } from '../errors.js';
import { requiredList, stringMap } from '../input.js';
import type { Operation } from '../operation.js';
import type { Queue } from '../queue/queue.js';
import { findQueue } from './find-queue.js';

const MAX_TAGS = 50;
const CHARACTERS = /^[\p{L}\p{N}\p{Z}_.:/=+\-@]*$/u;

/** Checks tags by their restrictions (sqs-queue-tags, quotas-queues) and adds all or none. */
export function addTags(queue: Queue, tags: ReadonlyMap<string, string>): void {
  for (const [key, value] of tags) {
    const sound = key !== '' && key.length <= 128 && value.length <= 256 && CHARACTERS.test(key + value);
    if (!sound || /^aws:/i.test(key)) {
      throw invalidParameterValue(
        `The tag '${key}' is invalid: a key has 1 to 128 characters and does not start with aws:, a value has at most 256; they take letters, numbers, spaces and _ . : / = + - @.`,
      );
    }
  }
  const added = [...tags.keys()].filter(key => !queue.tags.has(key)).length;
  if (queue.tags.size + added > MAX_TAGS) throw invalidParameterValue(`Too many tags added for queue ${queue.name}.`);
  for (const [key, value] of tags) queue.tags.set(key, value);
}

export const tagQueue: Operation = (broker, input) => {
  const queue = findQueue(broker, input);
  const tags = stringMap(input, 'Tags');
  if (tags.size === 0) throw missingParameter('Tags');
  addTags(queue, tags);
  return {};
};

export const untagQueue: Operation = (broker, input) => {
  const queue = findQueue(broker, input);
  for (const key of requiredList(input, 'TagKeys')) queue.tags.delete(key);
  return {};
};

export const listQueueTags: Operation = (broker, input) => {
  const { tags } = findQueue(broker, input);
  return tags.size > 0 ? { Tags: Object.fromEntries(tags) } : {};
};
