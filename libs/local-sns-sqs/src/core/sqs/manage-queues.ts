import { purgeQueueInProgress, queueDoesNotExist } from '../errors.js';
import { optionalString, requiredString } from '../input.js';
import type { Operation } from '../operation.js';
import { findQueue, queueUrl } from './find-queue.js';
import { pageOf } from './paging.js';

const PURGE_INTERVAL_MS = 60_000;

export const getQueueUrl: Operation = (broker, input, call) => {
  const name = requiredString(input, 'QueueName');
  const owner = optionalString(input, 'QueueOwnerAWSAccountId');
  if (owner && owner !== broker.accountId) {
    throw queueDoesNotExist(broker.elsewhere(`arn:aws:sqs:${broker.region}:${owner}`));
  }
  if (!broker.queues.has(name)) throw queueDoesNotExist();
  return { QueueUrl: queueUrl(broker, call.origin, name) };
};

export const deleteQueue: Operation = (broker, input) => {
  const queue = findQueue(broker, input);
  broker.queues.delete(queue.name);
  broker.queueDeleted(queue.name);
  queue.close();
  return {};
};

export const purgeQueue: Operation = (broker, input) => {
  const queue = findQueue(broker, input);
  if (broker.now() < queue.purgedAt + PURGE_INTERVAL_MS) throw purgeQueueInProgress(queue.name);
  queue.purgedAt = broker.now();
  queue.purge();
  return {};
};

export const listQueues: Operation = (broker, input, call) => {
  const prefix = optionalString(input, 'QueueNamePrefix') ?? '';
  const matching = [...broker.queues.keys()].filter(name => name.startsWith(prefix));
  const { names, nextToken } = pageOf(input, matching);
  if (names.length === 0) return {};
  return {
    QueueUrls: names.map(name => queueUrl(broker, call.origin, name)),
    ...(nextToken !== undefined && { NextToken: nextToken }),
  };
};
