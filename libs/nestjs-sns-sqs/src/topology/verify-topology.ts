import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { Attributes } from '../interfaces/control-plane.interface.js';
import { call, mapInParallel, PARALLEL_READS, topicArnInSameAccount, type ControlPlanes } from './control-planes.js';
import { arnOf, type FoundQueue } from './create-queue.js';
import { differencesOf, missing, textOf, type Difference } from './differences.js';
import { isArn } from './names.js';
import { planPolicy, recordedSubscriptions } from './queue-policy.js';
import type { TagKeeper } from './tag-keeper.js';
import type { ProvisionedQueue, QueueSpec, SubscriptionSpec, Topology } from './topology.model.js';
import {
  deadLetterQueueAttributes,
  putsLettersInto,
  queueAttributes,
  subscriptionAttributes,
} from './attribute-rules.js';
import { redriveAllowPolicy } from './redrive-allow-policy.js';
import { lettersFor, planLettersPolicy } from './subscription-letters.js';
import type { FullName, TopicArn } from '../interfaces/names.interface.js';

/** Looks at everything, changes nothing. Throws TOPOLOGY_DIFFERS with every difference. */
export async function verifyTopology(
  topology: Topology,
  planes: ControlPlanes,
  tags: TagKeeper,
): Promise<ProvisionedQueue[]> {
  const { queues, differences } = await compareTopology(topology, planes, tags);
  if (differences.length === 0) return queues;
  throw new SnsSqsError('TOPOLOGY_DIFFERS', {
    problem: 'The topology differs from what the handlers need',
    list: differences.map(textOf),
    remedy: "change these settings, or start once with `provisioning: 'create'`",
    facts: { differences },
  });
}

export interface Comparison {
  /** Those that exist, with their dead letter queues. */
  queues: ProvisionedQueue[];
  /** What is missing, or is less than the handlers need. */
  differences: Difference[];
}

/** Looks at everything, and changes nothing but what `tags` changes. */
export async function compareTopology(
  topology: Topology,
  planes: ControlPlanes,
  tags: Pick<TagKeeper, 'keep'>,
): Promise<Comparison> {
  const verifier = new Verifier(planes, tags);
  const queues = await mapInParallel(topology.queues, spec => verifier.verify(spec), PARALLEL_READS);
  // Where one is missing its difference is noted.
  return { queues: queues.filter(queue => queue !== undefined), differences: verifier.differences };
}

/** What is missing is undefined. */
interface Looked {
  queue: FoundQueue | undefined;
  deadLetters: FoundQueue | undefined;
}

class Verifier {
  readonly differences: Difference[] = [];
  private readonly missingTopics = new Set<string>();
  private readonly topics = new Map<TopicArn, Promise<Attributes | undefined>>();

  constructor(
    private readonly planes: ControlPlanes,
    private readonly tags: Pick<TagKeeper, 'keep'>,
  ) {}

  async verify(spec: QueueSpec): Promise<ProvisionedQueue | undefined> {
    const [deadLetters, queue] = await Promise.all([this.find(spec.deadLetterQueue), this.find(spec.name)]);
    const tags = queue && (await this.tags.keep(spec, queue.url));
    if (deadLetters) this.compareDeadLetterQueue(spec, deadLetters, queue);
    if (queue) this.note(differencesOf(spec.name, wantedOf(spec, deadLetters), queue.attributes));
    const neighbour = queue ?? deadLetters;
    const subscriptions = neighbour ? await this.compareSubscriptions(spec, neighbour, { queue, deadLetters }) : [];
    if (!neighbour) for (const { topic } of spec.subscriptions) this.noteUnseen(spec, topic);
    if (!queue || !deadLetters) return undefined;
    return { name: spec.name, url: queue.url, deadLetterQueueUrl: deadLetters.url, subscriptions, tags };
  }

  private note(differences: readonly Difference[]): void {
    this.differences.push(...differences);
  }

  private async find(name: FullName): Promise<FoundQueue | undefined> {
    const { sqs } = this.planes;
    const url = await call(this.planes, 'GetQueueUrl', name, () => sqs.getQueueUrl(name));
    if (url === undefined) {
      this.note([missing(`queue ${name}`)]);
      return undefined;
    }
    const attributes = await call(this.planes, 'GetQueueAttributes', name, () => sqs.getQueueAttributes(url));
    return { url, attributes };
  }

  private compareDeadLetterQueue(spec: QueueSpec, deadLetters: FoundQueue, queue: FoundQueue | undefined): void {
    const wanted = { ...deadLetterQueueAttributes(spec), ...(queue && redriveAllowPolicy(arnOf(queue))) };
    this.note(differencesOf(spec.deadLetterQueue, wanted, deadLetters.attributes));
  }

  /** @param neighbour any found queue: account and region of the topics are taken from its ARN */
  private async compareSubscriptions(
    spec: QueueSpec,
    neighbour: FoundQueue,
    { queue, deadLetters }: Looked,
  ): Promise<Attributes[]> {
    const arns = spec.subscriptions.map(({ topic }) => topicArnInSameAccount(arnOf(neighbour), topic));
    if (queue) {
      const policy = queue.attributes['Policy'];
      const { differs, wanted, found } = planPolicy(policy, arnOf(queue), arns, new Map());
      if (differs) this.note([{ resource: spec.name, attribute: 'Policy', wanted, found }]);
    }
    const lettersArn = deadLetters && arnOf(deadLetters);
    const all: Attributes[] = [];
    const admitted: TopicArn[] = [];
    for (const [at, subscription] of spec.subscriptions.entries()) {
      const letters = lettersFor(spec, arns[at], lettersArn);
      const wanted = subscriptionAttributes(subscription, letters);
      const found = await this.compareSubscription(spec, subscription, arns[at], { queue, wanted });
      if (!found) continue;
      all.push(found);
      // What is missing is ours to be: the policy is needed for both.
      if (letters !== undefined && (putsLettersInto(found, letters) || !found['RedrivePolicy']))
        admitted.push(arns[at]);
    }
    if (deadLetters) this.compareLettersPolicy(spec, deadLetters, admitted);
    return all;
  }

  private compareLettersPolicy(spec: QueueSpec, deadLetters: FoundQueue, topics: readonly TopicArn[]): void {
    if (topics.length === 0) return;
    const { differs, wanted, found } = planLettersPolicy(deadLetters.attributes['Policy'], arnOf(deadLetters), topics);
    if (differs) this.note([{ resource: spec.deadLetterQueue, attribute: 'Policy', wanted, found }]);
  }

  private async compareSubscription(
    spec: QueueSpec,
    subscription: SubscriptionSpec,
    topicArn: TopicArn,
    { queue, wanted }: { queue: FoundQueue | undefined; wanted: Attributes },
  ): Promise<Attributes | undefined> {
    const { sns, logger } = this.planes;
    const { topic } = subscription;
    // Another account need not let us read its topic.
    const attributes = isArn(topic) ? {} : await this.topicAttributes(topic, topicArn);
    if (!attributes) {
      this.noteMissingTopic(topic);
      return undefined;
    }
    const resource = `subscription of ${spec.name} to ${topic}`;
    const id = queue && recordedSubscriptions(queue.attributes['Policy'], arnOf(queue)).get(topicArn);
    if (id === undefined) {
      if (!queue || attributes['SubscriptionsConfirmed'] === '0') this.note([missing(resource)]);
      else
        logger.warn(
          `${resource} was not created by this library; comparing it needs a List call, so it is not compared`,
        );
      return undefined;
    }
    const found = await call(this.planes, 'GetSubscriptionAttributes', resource, () =>
      sns.getSubscriptionAttributes(`${topicArn}:${id}`),
    );
    this.note(found ? differencesOf(resource, wanted, found) : [missing(resource)]);
    return found;
  }

  /** Once for all queues: a service's queues are subscribed to a few topics. */
  private topicAttributes(topic: FullName, topicArn: TopicArn): Promise<Attributes | undefined> {
    let looking = this.topics.get(topicArn);
    if (!looking) {
      looking = call(this.planes, 'GetTopicAttributes', topic, () => this.planes.sns.getTopicAttributes(topicArn));
      this.topics.set(topicArn, looking);
    }
    return looking;
  }

  private noteMissingTopic(topic: string): void {
    if (this.missingTopics.has(topic)) return;
    this.missingTopics.add(topic);
    this.note([missing(`topic ${topic}`)]);
  }

  /** Neither queue is there, so nothing tells the account that the topic's ARN would need. */
  private noteUnseen({ name }: QueueSpec, topic: string): void {
    this.note([missing(`subscription of ${name} to ${topic}`)]);
  }
}

function wantedOf(spec: QueueSpec, deadLetters: FoundQueue | undefined): Record<string, string> {
  const wanted = queueAttributes(spec, deadLetters ? arnOf(deadLetters) : '');
  // Without the dead letter queue its ARN is unknown; that it is missing is told already.
  if (!deadLetters) delete wanted['RedrivePolicy'];
  return wanted;
}
