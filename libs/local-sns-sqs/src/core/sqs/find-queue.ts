import type { Broker } from '../broker.js';
import { queueDoesNotExist } from '../errors.js';
import { type Input, requiredString } from '../input.js';
import type { Queue } from '../queue/queue.js';

/** The queue of a request's QueueUrl: account and name count, the host does not. */
export function findQueue(broker: Broker, input: Input): Queue {
  const url = requiredString(input, 'QueueUrl');
  const end = url.endsWith('/') ? url.length - 1 : url.length;
  const slash = url.lastIndexOf('/', end - 1);
  const queue = broker.queues.get(url.slice(slash + 1, end));
  if (slash > 0) {
    const account = url.slice(url.lastIndexOf('/', slash - 1) + 1, slash);
    if (account !== broker.accountId && /^\d{12}$/.test(account)) {
      throw queueDoesNotExist(broker.elsewhere(`arn:aws:sqs:${broker.region}:${account}`));
    }
  }
  if (!queue) throw queueDoesNotExist();
  return queue;
}

export const queueUrl = (broker: Broker, origin: string, name: string): string =>
  `${origin}/${broker.accountId}/${name}`;
