import type { Broker } from '../broker.js';
import type { Input } from '../input.js';
import { invalidParameter, notFound, required } from './errors.js';
import type { Subscription } from './subscription.js';

const ARN = /^arn:aws[\w-]*:sns:[\w-]+:\d{12}:[A-Za-z0-9_.-]+:[A-Za-z0-9-]+$/;

export function subscriptionArnOf(input: Input): string {
  const arn = required(input, 'SubscriptionArn');
  if (ARN.test(arn)) return arn;
  const { length } = arn.split(':');
  throw invalidParameter(
    length < 6
      ? `SubscriptionArn Reason: An ARN must have at least 6 elements, not ${length}`
      : 'SubscriptionId Reason: this is not the ARN of a subscription',
  );
}

export function findSubscription(broker: Broker, input: Input): Subscription {
  const subscription = broker.subscriptions.get(subscriptionArnOf(input));
  if (!subscription) throw notFound('Subscription');
  return subscription;
}
