import type { Attributes } from '../interfaces/control-plane.interface.js';
import { call, type ControlPlanes } from './control-planes.js';
import { arnOf, type FoundQueue, type QueueCreator } from './create-queue.js';
import { differencesOf, textOf, toSet } from './differences.js';
import { planPolicy, recordedSubscriptions, type PolicyPlan } from './queue-policy.js';
import { lettersFor, planLettersPolicy } from './subscription-letters.js';
import type { QueueSpec } from './topology.model.js';
import { subscriptionAttributes } from './attribute-rules.js';
import type { FullName, QueueArn, SubscriptionArn, TopicArn } from '../interfaces/names.interface.js';

/** SNS's words for a Subscribe of what is subscribed with other attributes. */
const EXISTS_OTHERWISE = /already exists with different attributes/i;

/** What is written is read again, and written anew while others undo it; at most so often. */
const MAX_ROUNDS = 5;

/** A queue and its dead letter queue, as they were found. */
export interface FoundQueues {
  queue: FoundQueue;
  deadLetters: FoundQueue;
}

interface EnsuredSubscription {
  arn: string;
  attributes: Attributes;
  wrote: boolean;
}

/** Lets the topics into a queue, and into its dead letter queue, and subscribes it to them, or repairs what differs. Idempotent. */
export class SubscriptionCreator {
  constructor(
    private readonly planes: ControlPlanes,
    private readonly queues: QueueCreator,
    private readonly topicArns: ReadonlyMap<FullName, TopicArn>,
  ) {}

  /**
   * Resolves to the attributes of the queue's subscriptions, in their order. What was written is read again: another
   * version that started in the same moment may have written what it had read before.
   */
  async create(spec: QueueSpec, given: FoundQueues): Promise<Attributes[]> {
    let found = given;
    for (let round = 1; ; round += 1) {
      const { subscriptions, wrote } = await this.ensureAll(spec, found);
      if (!wrote || round === MAX_ROUNDS) return subscriptions;
      const [queue, deadLetters] = [
        await this.readAgain(spec.name, found.queue),
        await this.readAgain(spec.deadLetterQueue, found.deadLetters),
      ];
      found = { queue, deadLetters };
    }
  }

  private async readAgain(name: string, { url }: FoundQueue): Promise<FoundQueue> {
    const { sqs } = this.planes;
    return { url, attributes: await call(this.planes, 'GetQueueAttributes', name, () => sqs.getQueueAttributes(url)) };
  }

  private async ensureAll(
    spec: QueueSpec,
    { queue, deadLetters }: FoundQueues,
  ): Promise<{ subscriptions: Attributes[]; wrote: boolean }> {
    const topics = spec.subscriptions.map(({ topic }) => this.arnOfTopic(topic));
    const before = queue.attributes['Policy'];
    const recorded = recordedSubscriptions(before, arnOf(queue));
    // The policies first: SNS does not repeat a delivery that was denied.
    const wroteLetters = await this.admitLetters(spec, deadLetters, topics);
    const policy = await this.writePolicy(spec.name, queue, planPolicy(before, arnOf(queue), topics, recorded), before);
    const ids = new Map<string, string>();
    const ensured: EnsuredSubscription[] = [];
    for (const subscription of spec.subscriptions) {
      const lettersArn = lettersFor(spec, this.arnOfTopic(subscription.topic), arnOf(deadLetters));
      const wanted = subscriptionAttributes(subscription, lettersArn);
      const one = await this.ensure(spec.name, queue, subscription.topic, wanted);
      ids.set(this.arnOfTopic(subscription.topic), one.arn.slice(one.arn.lastIndexOf(':') + 1));
      ensured.push(one);
    }
    const after = await this.writePolicy(spec.name, queue, planPolicy(policy, arnOf(queue), topics, ids), policy);
    return {
      subscriptions: ensured.map(({ attributes }) => attributes),
      wrote: wroteLetters || after !== before || ensured.some(one => one.wrote),
    };
  }

  /** Lets the topics put what they cannot deliver into the dead letter queue. Resolves to whether it wrote. */
  private async admitLetters(spec: QueueSpec, deadLetters: FoundQueue, topics: readonly TopicArn[]): Promise<boolean> {
    const arn = arnOf(deadLetters);
    const before = deadLetters.attributes['Policy'];
    const admitted = topics.filter(topic => lettersFor(spec, topic, arn) !== undefined);
    if (admitted.length === 0) return false;
    const plan = planLettersPolicy(before, arn, admitted);
    return (await this.writePolicy(spec.deadLetterQueue, deadLetters, plan, before)) !== before;
  }

  private arnOfTopic(name: FullName): TopicArn {
    const arn = this.topicArns.get(name);
    if (arn === undefined) throw new Error(`the topic ${name} has no ARN: it is not part of the topology`);
    return arn;
  }

  private async writePolicy(
    name: string,
    queue: FoundQueue,
    plan: PolicyPlan,
    current: string | undefined,
  ): Promise<string | undefined> {
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

  private async ensure(
    queueName: string,
    queue: FoundQueue,
    topic: FullName,
    wanted: Attributes,
  ): Promise<EnsuredSubscription> {
    const { sns } = this.planes;
    const topicArn = this.arnOfTopic(topic);
    const resource = `subscription of ${queueName} to ${topic}`;
    const id = recordedSubscriptions(queue.attributes['Policy'], arnOf(queue)).get(topicArn);
    const known = id === undefined ? undefined : `${topicArn}:${id}`;
    const read = (arn: string): Promise<Attributes | undefined> =>
      call(this.planes, 'GetSubscriptionAttributes', resource, () => sns.getSubscriptionAttributes(arn));
    let found = known === undefined ? undefined : await read(known);
    const isKnown = known !== undefined && found !== undefined;
    const arn = isKnown ? known : await this.subscribe(resource, topicArn, arnOf(queue), wanted);
    found ??= (await read(arn)) ?? {};
    if (!isKnown) this.planes.logger.log(`subscribed ${queueName} to ${topic}`);
    const differences = differencesOf(resource, wanted, found);
    for (const difference of differences) {
      await call(this.planes, 'SetSubscriptionAttributes', resource, () =>
        sns.setSubscriptionAttribute(arn, difference.attribute, difference.wanted),
      );
      this.planes.logger.warn(`repaired ${textOf(difference)}`);
    }
    return { arn, attributes: { ...found, ...toSet(differences) }, wrote: differences.length > 0 };
  }

  /** With the attributes at once, so that no message comes unfiltered; the ARN of what exists otherwise. */
  private subscribe(
    resource: string,
    topicArn: TopicArn,
    queueArn: QueueArn,
    wanted: Attributes,
  ): Promise<SubscriptionArn> {
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
