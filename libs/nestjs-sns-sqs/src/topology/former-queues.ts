import { isAccessDenied } from '../errors/aws-errors.js';
import { call, type ControlPlanes } from './control-planes.js';
import { deadLetterQueue } from './names.js';
import { recordedSubscriptions } from './queue-policy.js';
import { QUEUE_TAGS } from './queue-tags.js';
import { isRecent, today } from './tag-days.js';
import type { TagKeeper } from './tag-keeper.js';
import type { FormerQueue, ProvisionedQueue, QueueSpec } from './topology.model.js';
import type { FullName } from '../interfaces/names.interface.js';

export interface FormerQueues {
  former: FormerQueue[];
  /** What the inbox's memory is named by, as far as the newest of them tells. */
  memory: FullName | undefined;
  /** An old version consumes one of them, or did so until lately, as far as their tags tell. */
  isConsumed: boolean;
}

/**
 * Finds the queues that `spec` had under former names, to be drained. With `unsubscribes` their subscriptions, which
 * their policies remember, are ended: that of the new queue must be there already, and both receive in between. Rejects
 * with QUEUE_OWNED_BY_ANOTHER.
 */
export async function findFormerQueues(
  spec: QueueSpec,
  queue: ProvisionedQueue,
  planes: ControlPlanes,
  tags: TagKeeper,
  unsubscribes: boolean,
): Promise<FormerQueues> {
  const former: FormerQueue[] = [];
  let memory: FullName | undefined;
  let isConsumed = false;
  for (const name of spec.formerly) {
    const url = await urlOf(name, planes);
    if (url === undefined) continue;
    const found = await tags.readOwn(name, url);
    memory = found?.[QUEUE_TAGS.inbox] ?? memory;
    isConsumed ||= isRecent(found?.[QUEUE_TAGS.lastConsumed] ?? today());
    if (unsubscribes) await unsubscribe(name, url, planes);
    else
      planes.logger.warn(
        `${name}, a former name of ${spec.name}, still has a consumer here. Its subscriptions stay, because only provisioning 'create' removes them.`,
      );
    const deadLetters = await deadLettersOf(name, planes);
    former.push({ name, url, deadLetterQueueUrl: deadLetters ?? queue.deadLetterQueueUrl });
  }
  return { former, memory, isConsumed };
}

const urlOf = (name: string, planes: ControlPlanes): Promise<string | undefined> =>
  call(planes, 'GetQueueUrl', name, () => planes.sqs.getQueueUrl(name));

/** Undefined: there is none, or this process may not use it. */
async function deadLettersOf(name: FullName, planes: ControlPlanes): Promise<string | undefined> {
  try {
    return await urlOf(deadLetterQueue(name), planes);
  } catch (error) {
    if (!isAccessDenied(error)) throw error;
    return undefined;
  }
}

async function unsubscribe(name: string, url: string, planes: ControlPlanes): Promise<void> {
  const attributes = await call(planes, 'GetQueueAttributes', name, () => planes.sqs.getQueueAttributes(url));
  // The policy stays: what SNS has accepted already still comes.
  for (const [topicArn, id] of recordedSubscriptions(attributes['Policy'], attributes['QueueArn'])) {
    const arn = `${topicArn}:${id}`;
    await call(planes, 'Unsubscribe', `subscription of ${name} to ${topicArn}`, () => planes.sns.unsubscribe(arn));
  }
}
