import type { QueueArn, TopicArn } from '../interfaces/names.interface.js';
import { planPolicy, type PolicyPlan } from './queue-policy.js';
import type { QueueSpec } from './topology.model.js';

/** In an ARN: `arn:partition:service:region:account:name`. */
const [REGION, NAME] = [3, 5];
const placeOf = (arn: string): string => arn.split(':').slice(REGION, NAME).join(':');

/**
 * The queue for events that SNS cannot deliver: the dead letter queue of the queue itself, so that one place has every
 * letter. Undefined: the team wants none, or SNS would refuse it, since a subscription and its dead letter queue are of
 * one account and region (sns-dead-letter-queues). Of a topic elsewhere it is not known whose the subscription is.
 */
export function lettersFor(
  { subscriptionDeadLetterQueues = true }: Pick<QueueSpec, 'subscriptionDeadLetterQueues'>,
  topicArn: TopicArn,
  deadLetterQueueArn: QueueArn | undefined,
): QueueArn | undefined {
  if (!subscriptionDeadLetterQueues || deadLetterQueueArn === undefined) return undefined;
  return placeOf(topicArn) === placeOf(deadLetterQueueArn) ? deadLetterQueueArn : undefined;
}

/**
 * Compares a dead letter queue's policy with one that lets these topics put there what they cannot deliver. It remembers no
 * subscriptions: these are subscriptions of the queue itself.
 */
export const planLettersPolicy = (
  policy: string | undefined,
  deadLetterQueueArn: QueueArn,
  topics: readonly TopicArn[],
): PolicyPlan => planPolicy(policy, deadLetterQueueArn, topics, new Map());
