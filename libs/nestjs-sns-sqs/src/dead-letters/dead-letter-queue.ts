import { fromAwsError } from '../errors/aws-errors.js';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { Attributes } from '../interfaces/control-plane.interface.js';
import type { FullName, QueueUrl } from '../interfaces/names.interface.js';
import { deadLetterQueue, isFifoName, nameOfUrl } from '../topology/names.js';
import type { DeadLetterPlane } from './dead-letter-plane.js';

/** A dead-letter queue as its attributes describe it. */
export interface QueueFacts {
  name: FullName;
  url: QueueUrl;
  fifo: boolean;
  /** Messages that wait, are in flight or delayed. Approximate, as SQS counts them. */
  messages: number;
  /** In flight: another process or person is looking at these. */
  inFlight: number;
  retentionSeconds: number;
}

export const nameOfArn = (arn: string): FullName => arn.slice(arn.lastIndexOf(':') + 1);

export function factsOf(url: QueueUrl, attributes: Attributes): QueueFacts {
  const name = nameOfUrl(url);
  const count = (kind: string): number => Number(attributes[`ApproximateNumberOfMessages${kind}`] ?? 0);
  return {
    name,
    url,
    fifo: isFifoName(name),
    messages: count('') + count('NotVisible') + count('Delayed'),
    inFlight: count('NotVisible'),
    retentionSeconds: Number(attributes['MessageRetentionPeriod'] ?? 0),
  };
}

/** The queue that this name, or the name of a queue that has dead letters, stands for. */
export const urlOf = async (plane: DeadLetterPlane, name: FullName): Promise<QueueUrl> => {
  const url = await aws('GetQueueUrl', name, () => plane.getQueueUrl(name));
  if (url !== undefined) return url;
  throw new SnsSqsError('QUEUE_NOT_FOUND', {
    problem: `The queue ${name} does not exist in this account and region`,
    remedy:
      'check the name, `prefix`, region and account; `npx nestjs-sns-sqs dlq ls` (in code: `queues()`) lists the dead-letter queues',
    retryable: true,
    facts: { queue: name },
  });
};

/** A queue that has a redrive policy loses its letters to another queue when people look at them often. */
function refuseRedrivePolicy(name: FullName, policy: string | undefined): void {
  if (!policy) return;
  throw new SnsSqsError('INVALID_OPTIONS', {
    problem: `The queue ${name} has a redrive policy of its own. Each look counts as a receive, so after some looks SQS would move its messages away`,
    remedy: `if ${name} is a source queue, use ${deadLetterQueue(name)}. If it is a dead-letter queue, remove its redrive policy`,
    facts: { queue: name },
  });
}

/** Reads the attributes of a dead-letter queue. Rejects with QUEUE_NOT_FOUND, or INVALID_OPTIONS for a source queue. */
export async function findDeadLetterQueue(plane: DeadLetterPlane, name: FullName): Promise<QueueFacts> {
  const url = await urlOf(plane, name);
  const attributes = await aws('GetQueueAttributes', name, () => plane.getQueueAttributes(url));
  refuseRedrivePolicy(name, attributes['RedrivePolicy']);
  return factsOf(url, attributes);
}

/** Rejects with an SnsSqsError that names the call and the queue. */
export async function aws<T>(operation: string, queue: FullName, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw fromAwsError(error, operation, queue, { queue });
  }
}
