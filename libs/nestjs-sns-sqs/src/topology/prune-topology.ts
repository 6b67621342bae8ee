import type { Attributes } from '../interfaces/control-plane.interface.js';
import { sameJson } from './canonical-json.js';
import { call, mapInParallel, topicArnInSameAccount, type ControlPlanes } from './control-planes.js';
import { arnOf, type FoundQueue } from './create-queue.js';
import { deadLetterQueue } from './names.js';
import { filterPolicyOf } from './filter-policy.js';
import { admittedTopics, policyWith, recordedSubscriptions, type PolicyPlan } from './queue-policy.js';
import type { QueueSpec, Topology } from './topology.model.js';
import type { FullName, TopicArn } from '../interfaces/names.interface.js';

export interface PruneOptions {
  /** True: nothing is changed. @default true */
  dryRun?: boolean;
  /** Full names of queues that no version takes from any more: unsubscribed, and deleted once they are empty. */
  orphans?: readonly string[];
  /** False: empty orphans are unsubscribed and stay. @default false */
  deletesOrphans?: boolean;
  /** True: orphans are deleted with the messages in them. @default false */
  deletesMessages?: boolean;
  /** Only these, which a dry run gave before: what has changed since is somebody's who has come. @default all */
  only?: readonly PruneStep[];
}

export interface PruneStep {
  resource: string;
  /** For a person: what is, or would be, done. */
  text: string;
}

/**
 * Takes away what this version does not need: types that filters let through, topics that queue policies let in,
 * subscriptions to other topics, and orphaned queues. Only when no other version runs: what it needs is taken from it.
 * A queue with messages in it, or in flight, is never deleted. Resolves to what was done, or with `dryRun` would be.
 */
export async function pruneTopology(
  topology: Topology,
  planes: ControlPlanes,
  { dryRun = true, orphans = [], deletesOrphans = false, deletesMessages = false, only }: PruneOptions = {},
): Promise<PruneStep[]> {
  const pruner = new Pruner(planes, dryRun, only && new Set(only.map(keyOf)));
  await mapInParallel(topology.queues, spec => pruner.narrow(spec));
  const known = new Set(topology.queues.flatMap(({ name, formerly }) => [name, ...formerly]));
  // A dead letter queue stays as long as its queue, which comes first.
  const needed = new Set<string>();
  const ofLetters = new Set(orphans.map(deadLetterQueue));
  for (const name of orphans.toSorted((a, b) => Number(ofLetters.has(a)) - Number(ofLetters.has(b)))) {
    if (known.has(name) || needed.has(name)) continue;
    const isKept = await pruner.removeOrphan(name, deletesOrphans, deletesMessages);
    if (isKept) needed.add(deadLetterQueue(name));
  }
  return pruner.steps;
}

const MESSAGES = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
];

/** Unknown counts as not empty. */
const isEmpty = (attributes: Attributes): boolean => MESSAGES.every(name => attributes[name] === '0');

const keyOf = ({ resource, text }: PruneStep): string => `${resource} ${text}`;

class Pruner {
  readonly steps: PruneStep[] = [];

  constructor(
    private readonly planes: ControlPlanes,
    private readonly dryRun: boolean,
    /** Undefined: every step is. */
    private readonly allowed: ReadonlySet<string> | undefined,
  ) {}

  async narrow(spec: QueueSpec): Promise<void> {
    const queue = await this.find(spec.name);
    if (!queue) return;
    const policy = queue.attributes['Policy'];
    const recorded = recordedSubscriptions(policy, arnOf(queue));
    const wanted = spec.subscriptions.map(({ topic }) => topicArnInSameAccount(arnOf(queue), topic));
    for (const [at, { types }] of spec.subscriptions.entries()) {
      const topicArn = wanted[at];
      const id = topicArn === undefined ? undefined : recorded.get(topicArn);
      if (id !== undefined) await this.narrowFilter(spec.name, `${topicArn}:${id}`, filterPolicyOf(types));
    }
    const ended = [...recorded].filter(([topicArn]) => !wanted.includes(topicArn));
    // The subscription first: a topic that is shut out would lose what it delivers.
    for (const [topicArn, id] of ended) await this.unsubscribe(spec.name, topicArn, id);
    // As it is now: the calls took their time, and whoever has started meanwhile may have written.
    const latest = (ended.length > 0 && !this.dryRun && (await this.find(spec.name))) || queue;
    const { Policy: latestPolicy } = latest.attributes;
    const known = recordedSubscriptions(latestPolicy, arnOf(queue));
    await this.narrowPolicy(spec.name, latest, policyWith(latestPolicy, arnOf(queue), wanted, known), wanted);
    const deadLetters = await this.find(spec.deadLetterQueue);
    if (!deadLetters) return;
    const letters = deadLetters.attributes['Policy'];
    // Only takes away: whether topics are let in here is for the team to say.
    const kept = admittedTopics(letters).filter(topicArn => wanted.includes(topicArn));
    const plan = policyWith(letters, arnOf(deadLetters), kept, new Map());
    await this.narrowPolicy(spec.deadLetterQueue, deadLetters, plan, kept);
  }

  private async narrowPolicy(
    name: FullName,
    { url, attributes }: FoundQueue,
    { differs, policy }: PolicyPlan,
    kept: readonly string[],
  ): Promise<void> {
    if (!differs) return;
    const gone = admittedTopics(attributes['Policy']).filter(topicArn => !kept.includes(topicArn));
    const shutsOut = gone.length > 0 ? `, and no more ${gone.join(', ')}` : '';
    const text = `lets in no topic but ${kept.join(', ') || '(none)'}${shutsOut}`;
    await this.step(name, text, 'SetQueueAttributes', () =>
      this.planes.sqs.setQueueAttributes(url, { Policy: policy }),
    );
  }

  /** Resolves to true where the queue stays. */
  async removeOrphan(name: string, deletes: boolean, deletesMessages: boolean): Promise<boolean> {
    const queue = await this.find(name);
    if (!queue) return false;
    const keep = (text?: string): true => {
      if (text !== undefined) this.steps.push({ resource: name, text });
      return true;
    };
    let isSubscribed = false;
    for (const [topicArn, id] of recordedSubscriptions(queue.attributes['Policy'], arnOf(queue))) {
      if (!(await this.subscription(`${topicArn}:${id}`))) continue;
      isSubscribed = true;
      await this.unsubscribe(name, topicArn, id);
    }
    if (!deletes) return keep();
    // What SNS has accepted already still comes, and SQS's counts are a minute late.
    if (isSubscribed) return keep('is kept for now: messages may still be on their way; prune again in a minute');
    if (!deletesMessages && !isEmpty(queue.attributes)) return keep('is kept: there are messages in it');
    const text = isEmpty(queue.attributes) ? 'is deleted: it is empty' : 'is deleted, with the messages in it';
    return !(await this.step(name, text, 'DeleteQueue', () => this.planes.sqs.deleteQueue(queue.url)));
  }

  private subscription(arn: string): Promise<Attributes | undefined> {
    const { sns } = this.planes;
    return call(this.planes, 'GetSubscriptionAttributes', arn, () => sns.getSubscriptionAttributes(arn));
  }

  private async narrowFilter(name: string, arn: string, wanted: string): Promise<void> {
    const { sns } = this.planes;
    const found = await this.subscription(arn);
    if (!found || sameJson(found['FilterPolicy'] ?? '{}', wanted)) return;
    await this.step(
      name,
      `filter of ${arn}: ${found['FilterPolicy'] ?? 'none'} becomes ${wanted}`,
      'SetSubscriptionAttributes',
      () => sns.setSubscriptionAttribute(arn, 'FilterPolicy', wanted),
    );
  }

  private unsubscribe(name: string, topicArn: TopicArn, id: string): Promise<boolean> {
    return this.step(name, `is unsubscribed from ${topicArn}`, 'Unsubscribe', () =>
      this.planes.sns.unsubscribe(`${topicArn}:${id}`),
    );
  }

  private async find(name: string): Promise<FoundQueue | undefined> {
    const { sqs } = this.planes;
    const url = await call(this.planes, 'GetQueueUrl', name, () => sqs.getQueueUrl(name));
    if (url === undefined) return undefined;
    const attributes = await call(this.planes, 'GetQueueAttributes', name, () => sqs.getQueueAttributes(url));
    return { url, attributes };
  }

  /** Resolves to false where it is left alone. */
  private async step(resource: string, text: string, operation: string, run: () => Promise<void>): Promise<boolean> {
    if (this.allowed && !this.allowed.has(keyOf({ resource, text }))) {
      this.steps.push({ resource, text: `is left alone, since it has changed meanwhile: ${text}` });
      return false;
    }
    if (!this.dryRun) await call(this.planes, operation, resource, run);
    this.steps.push({ resource, text });
    return true;
  }
}
