import type { Operation } from '../operation.js';
import { findQueue, queueUrl } from './find-queue.js';
import { pageOf } from './paging.js';

/** The queues whose redrive policy names this one (ListDeadLetterSourceQueues API). */
export const listDeadLetterSourceQueues: Operation = (broker, input, call) => {
  const target = findQueue(broker, input);
  const sources = [...broker.queues.values()].filter(({ redrive }) => redrive?.deadLetterTargetArn === target.arn);
  const { names, nextToken } = pageOf(
    input,
    sources.map(({ name }) => name),
  );
  return {
    queueUrls: names.map(name => queueUrl(broker, call.origin, name)),
    ...(nextToken !== undefined && { NextToken: nextToken }),
  };
};
