import { invalidParameterValue } from '../errors.js';
import { optionalInteger, optionalString } from '../input.js';
import type { Operation } from '../operation.js';
import { findQueue, queueUrl } from './find-queue.js';

/** The queues whose redrive policy names this one (ListDeadLetterSourceQueues API). */
export const listDeadLetterSourceQueues: Operation = (broker, input, call) => {
  const target = findQueue(broker, input);
  const max = optionalInteger(input, 'MaxResults');
  if (max !== undefined && (max < 1 || max > 1000)) {
    throw invalidParameterValue(
      `Value ${max} for parameter MaxResults is invalid. Reason: Must be between 1 and 1000.`,
    );
  }
  const token = optionalString(input, 'NextToken');
  const after = token === undefined ? '' : Buffer.from(token, 'base64').toString();
  const names = [...broker.queues.values()]
    .filter(queue => queue.redrive?.deadLetterTargetArn === target.arn && queue.name > after)
    .map(({ name }) => name)
    .sort();
  const page = names.slice(0, max ?? 1000);
  const last = page.at(-1);
  return {
    queueUrls: page.map(name => queueUrl(broker, call.origin, name)),
    ...(max !== undefined && last !== undefined && page.length < names.length
      ? { NextToken: Buffer.from(last).toString('base64') }
      : {}),
  };
};
