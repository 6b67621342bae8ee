import type { Attributes } from '../interfaces/control-plane.interface.js';
import { call, type ControlPlanes } from './control-planes.js';
import { arnOf, type FoundQueue, type QueueCreator } from './create-queue.js';
import { differencesOf, textOf } from './differences.js';
import { planPolicy, recordedSubscriptions, type SubscriptionIds } from './queue-policy.js';
import type { QueueSpec, SubscriptionSpec } from './topology.model.js';
import { subscriptionAttributes } from './wanted-attributes.js';

/** SNS's words for a Subscribe of what is subscribed with other attributes. */
const EXISTS_OTHERWISE = /already exists with different attributes/i;

/** Lets the topics into a queue and subscribes it to them, or repairs what differs. Idempotent. */
export class SubscriptionCreator {
  constructor(
    private readonly planes: ControlPlanes,
    private readonly queues: QueueCreator,
    private readonly topicArns: ReadonlyMap<string, string>,
  ) {}

  async create(spec: QueueSpec, queue: FoundQueue): Promise<void> {
    const topics = spec.subscriptions.map(({ topic }) => this.arnOfTopic(topic));
    const recorded = recordedSubscriptions(queue.attributes['Policy']);
    // The policy first: SNS does not repeat a delivery that was denied.
    const policy = await this.writePolicy(spec, queue, queue.attributes['Policy'], topics, recorded);
    const ids = new Map<string, string>();
    for (const subscription of spec.subscriptions) {
      const arn = await this.ensure(spec.name, queue, subscription, recorded);
      ids.set(this.arnOfTopic(subscription.topic), arn.slice(arn.lastIndexOf(':') + 1));
    }
    await this.writePolicy(spec, queue, policy, topics, ids);
  }

  private arnOfTopic(name: string): string {
    return this.topicArns.get(name) ?? '';
  }

  private async writePolicy(
    { name }: QueueSpec,
    queue: FoundQueue,
    current: string | undefined,
    topics: readonly string[],
    ids: SubscriptionIds,
  ): Promise<string | undefined> {
    const plan = planPolicy(current, arnOf(queue), topics, ids);
    if (!plan.differs && !plan.remembersLess) return current;
    const { policy: wanted } = plan;
    await this.queues.repair(name, queue, [{ resource: name, attribute: 'Policy', wanted, found: undefined }]);
    if (plan.differs && (current ?? '') !== '') {
      this.planes.logger.warn(
        `repaired ${textOf({ resource: name, attribute: 'Policy', wanted: plan.wanted, found: plan.found })}`,
      );
    }
    return wanted;
  }

  /** Resolves to the subscription's ARN. */
  private async ensure(
    queueName: string,
    queue: FoundQueue,
    subscription: SubscriptionSpec,
    recorded: SubscriptionIds,
  ): Promise<string> {
    const { sns } = this.planes;
    const topicArn = this.arnOfTopic(subscription.topic);
    const resource = `subscription of ${queueName} to ${subscription.topic}`;
    const wanted = subscriptionAttributes(subscription);
    const id = recorded.get(topicArn);
    const known = id === undefined ? undefined : `${topicArn}:${id}`;
    const read = (arn: string): Promise<Attributes | undefined> =>
      call(this.planes, 'GetSubscriptionAttributes', resource, () => sns.getSubscriptionAttributes(arn));
    let found = known === undefined ? undefined : await read(known);
    const arn = known !== undefined && found ? known : await this.subscribe(resource, topicArn, arnOf(queue), wanted);
    found ??= (await read(arn)) ?? {};
    for (const difference of differencesOf(resource, wanted, found)) {
      await call(this.planes, 'SetSubscriptionAttributes', resource, () =>
        sns.setSubscriptionAttribute(arn, difference.attribute, difference.wanted),
      );
      this.planes.logger.warn(`repaired ${textOf(difference)}`);
    }
    return arn;
  }

  /** With the attributes at once, so that no message comes unfiltered; the ARN of what exists otherwise. */
  private subscribe(resource: string, topicArn: string, queueArn: string, wanted: Attributes): Promise<string> {
    return call(this.planes, 'Subscribe', resource, async () => {
      try {
        return await this.planes.sns.subscribe(topicArn, queueArn, wanted);
      } catch (error) {
        if (!(error instanceof Error) || !EXISTS_OTHERWISE.test(error.message)) throw error;
        return this.planes.sns.subscribe(topicArn, queueArn);
      }
    });
  }
}
