import { invalidParameterValue, purgeQueueInProgress, queueDoesNotExist } from '../errors.js';
import { optionalInteger, optionalString, requiredString } from '../input.js';
import type { Operation } from '../operation.js';
import { findQueue, queueUrl } from './find-queue.js';

const PURGE_INTERVAL_MS = 60_000;

export const getQueueUrl: Operation = (broker, input, call) => {
  const name = requiredString(input, 'QueueName');
  const owner = optionalString(input, 'QueueOwnerAWSAccountId');
  if (!broker.queues.has(name) || (owner && owner !== broker.accountId)) throw queueDoesNotExist();
  return { QueueUrl: queueUrl(broker, call.origin, name) };
};

export const deleteQueue: Operation = (broker, input) => {
  const queue = findQueue(broker, input);
  broker.queues.delete(queue.name);
  broker.deletedQueues.set(queue.name, broker.now());
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

/** Pages only when MaxResults asks for it, as AWS does; the token is the last name of the page before. */
export const listQueues: Operation = (broker, input, call) => {
  const prefix = optionalString(input, 'QueueNamePrefix') ?? '';
  const token = optionalString(input, 'NextToken');
  const max = optionalInteger(input, 'MaxResults');
  if (max !== undefined && (max < 1 || max > 1000)) {
    throw invalidParameterValue(
      `Value ${max} for parameter MaxResults is invalid. Reason: Must be between 1 and 1000.`,
    );
  }
  const after = token === undefined ? '' : Buffer.from(token, 'base64').toString();
  const names = [...broker.queues.keys()].filter(name => name.startsWith(prefix) && name > after).sort();
  const page = names.slice(0, max ?? 1000);
  if (page.length === 0) return {};
  const more = max !== undefined && page.length < names.length;
  return {
    QueueUrls: page.map(name => queueUrl(broker, call.origin, name)),
    ...(more && { NextToken: Buffer.from(page[page.length - 1]).toString('base64') }),
  };
};
