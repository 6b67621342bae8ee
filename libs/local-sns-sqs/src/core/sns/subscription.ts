import type { Broker } from '../broker.js';
import type { Input } from '../input.js';
import { invalidParameter, notFound, required } from './errors.js';
import { type FilterPolicy, type FilterScope, parseFilterPolicy } from './filter-policy.js';

/** A queue that gets a topic's messages. */
export class Subscription {
  filter: FilterPolicy | undefined;
  deadLetterArn: string | undefined;

  constructor(
    readonly arn: string,
    readonly topicArn: string,
    readonly protocol: string,
    readonly endpoint: string,
    readonly attributes: Map<string, string>,
  ) {
    this.attributesChanged();
  }

  get raw(): boolean {
    return this.attributes.get('RawMessageDelivery') === 'true';
  }

  get scope(): FilterScope {
    return this.attributes.get('FilterPolicyScope') === 'MessageBody' ? 'MessageBody' : 'MessageAttributes';
  }

  attributesChanged(): void {
    const filter = this.attributes.get('FilterPolicy');
    this.filter = filter ? parseFilterPolicy(filter, this.scope) : undefined;
    const redrive = this.attributes.get('RedrivePolicy');
    this.deadLetterArn = redrive
      ? (JSON.parse(redrive) as { deadLetterTargetArn: string }).deadLetterTargetArn
      : undefined;
  }
}

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
