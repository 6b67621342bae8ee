import { invalidParameterValue, missingParameter } from '../errors.js';
import { stringList, stringMap } from '../input.js';
import type { Operation } from '../operation.js';
import { findQueue } from './find-queue.js';

const MOST_TAGS = 50;

export const tagQueue: Operation = (broker, input) => {
  const queue = findQueue(broker, input);
  const tags = stringMap(input, 'Tags');
  if (tags.size === 0) throw missingParameter('Tags');
  const added = [...tags.keys()].filter(key => !queue.tags.has(key)).length;
  if (queue.tags.size + added > MOST_TAGS) throw invalidParameterValue(`Too many tags added for queue ${queue.name}.`);
  for (const [key, value] of tags) queue.tags.set(key, value);
  return {};
};

export const untagQueue: Operation = (broker, input) => {
  const queue = findQueue(broker, input);
  for (const key of stringList(input, 'TagKeys')) queue.tags.delete(key);
  return {};
};

export const listQueueTags: Operation = (broker, input) => {
  const { tags } = findQueue(broker, input);
  return tags.size > 0 ? { Tags: Object.fromEntries(tags) } : {};
};
