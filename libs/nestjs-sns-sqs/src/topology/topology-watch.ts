import { monotonicNow } from '../async/clock.js';
import { isQueueMissing } from '../errors/aws-errors.js';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import { isInstance, thrownText } from '../errors/thrown.js';
import type { FullName, QueueArn } from '../interfaces/names.interface.js';
import type { Provisioning } from '../interfaces/options.interface.js';
import { call, topicArnInSameAccount, type ControlPlanes } from './control-planes.js';
import { arnOf, type FoundQueue } from './create-queue.js';
import { createTopology } from './create-topology.js';
import { differencesOf, textOf } from './differences.js';
import { queueAttributes, subscriptionAttributes } from './attribute-rules.js';
import { admittedTopics, recordedSubscriptions } from './queue-policy.js';
import { today } from './tag-days.js';
import { TagKeeper, type TagKeeperOptions } from './tag-keeper.js';
import type { ProvisionedQueue, QueueSpec, Topology } from './topology.model.js';

export interface TopologyWatchOptions {
  topology: Topology;
  queues: readonly ProvisionedQueue[];
  planes: ControlPlanes;
  mode: Provisioning;
  owner: Omit<TagKeeperOptions, 'claims'>;
  random?: () => number;
}

/** Between two looks, in milliseconds, give or take a fifth: many instances look at different times. */
const LOOK_EVERY_MS = 60_000;
/** A queue that is missing is made at most so often, in milliseconds. */
const REPAIR_EVERY_MS = 1_000;

/**
 * Looks after what a running server needs. Every minute it looks whether queues and subscriptions are still as the handlers
 * need them: somebody may set attributes by hand. With `create` it makes again what has vanished or changed: a queue, its
 * policy, its dead-letter queue, its topics, its subscriptions. With `verify` it says what is missing each time that
 * changes. Never rejects.
 */
export class TopologyWatch {
  private readonly tags: TagKeeper;
  private readonly repairing = new Set<string>();
  private readonly repairedAt = new Map<string, number>();
  /** By queue, what was said last. */
  private readonly said = new Map<string, string>();
  /** By queue: the attribute that the last look has repaired. A server that does not keep it is not asked each minute. */
  private readonly repaired = new Map<string, string>();
  private day = today();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: TopologyWatchOptions) {
    this.tags = new TagKeeper(options.planes, { ...options.owner, claims: options.mode === 'create' });
  }

  start(): void {
    if (this.options.planes.signal.aborted) return;
    const ms = LOOK_EVERY_MS * (0.8 + 0.4 * (this.options.random ?? Math.random)());
    this.timer = setTimeout(() => void this.look().finally(() => this.start()), ms);
    this.timer.unref();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  /**
   * A call found that the queue, or its dead-letter queue, does not exist. With `create` they are made again. Resolves to
   * false where that failed, or was not tried.
   */
  async repair(name: string): Promise<boolean> {
    const { topology, planes, mode } = this.options;
    const spec = topology.queues.find(each => each.name === name);
    if (!spec || mode !== 'create' || this.repairing.has(name) || planes.signal.aborted) return false;
    if (monotonicNow() - (this.repairedAt.get(name) ?? -Infinity) < REPAIR_EVERY_MS) return false;
    this.repairing.add(name);
    const topics = topology.topics.filter(topic => spec.subscriptions.some(each => each.topic === topic.name));
    try {
      await createTopology({ topics, queues: [spec] }, planes, this.tags);
      this.say(name, undefined);
      return true;
    } catch (error) {
      this.note(name, error, 'It is tried again.');
      return false;
    } finally {
      this.repairing.delete(name);
      this.repairedAt.set(name, monotonicNow());
    }
  }

  /** Looks once at everything. With `off` it only renews tags. */
  async look(): Promise<void> {
    if (this.options.mode !== 'off') await this.lookAtQueues();
    await this.renewTags();
  }

  private async lookAtQueues(): Promise<void> {
    const { topology, queues, planes } = this.options;
    for (const spec of topology.queues) {
      const queue = queues.find(({ name }) => name === spec.name);
      if (!queue || planes.signal.aborted) return;
      try {
        const missing = await this.missingOf(spec, queue);
        if (missing === undefined) this.noteComplete(spec.name);
        else if (this.options.mode === 'create') await this.replace(spec.name, missing);
        else this.say(spec.name, `${missing}. Remedy: correct it, or start once with \`provisioning: 'create'\`.`);
      } catch (error) {
        // The next receive finds that too, and repairs it.
        if (isQueueMissing(error)) continue;
        this.note(spec.name, error, 'The next look is in a minute.');
      }
    }
  }

  private noteComplete(name: string): void {
    this.repaired.delete(name);
    this.say(name, undefined);
  }

  private async replace(name: string, missing: string): Promise<void> {
    if (this.repaired.get(name) === missing) {
      this.say(name, `${missing}. A repair has changed nothing.`);
      return;
    }
    this.say(name, `${missing}. The library repairs this now.`);
    const isDone = await this.repair(name);
    if (isDone && missing.startsWith(`${name}: `)) this.repaired.set(name, missing);
  }

  /** What of a queue and its subscriptions has vanished, or is less than the handlers need; undefined: nothing. */
  private async missingOf(spec: QueueSpec, { url }: ProvisionedQueue): Promise<string | undefined> {
    const { planes } = this.options;
    const attributes = await call(planes, 'GetQueueAttributes', spec.name, () => planes.sqs.getQueueAttributes(url));
    const found = { url, attributes };
    return this.missingOfQueue(spec, found) ?? (await this.missingOfSubscriptions(spec, found));
  }

  private missingOfQueue(spec: QueueSpec, found: FoundQueue): string | undefined {
    const admitted = admittedTopics(found.attributes['Policy']);
    const shutOut = spec.subscriptions.find(
      ({ topic }) => !admitted.includes(topicArnInSameAccount(arnOf(found), topic)),
    );
    if (shutOut) return `The policy of ${spec.name} does not let in the topic ${shutOut.topic}`;
    const wanted = queueAttributes(spec, besideIt(arnOf(found), spec.deadLetterQueue));
    const [difference] = differencesOf(spec.name, wanted, found.attributes);
    return difference && textOf(difference);
  }

  private async missingOfSubscriptions(spec: QueueSpec, found: FoundQueue): Promise<string | undefined> {
    const { planes } = this.options;
    const ids = recordedSubscriptions(found.attributes['Policy'], arnOf(found));
    for (const { topic, types } of spec.subscriptions) {
      const topicArn = topicArnInSameAccount(arnOf(found), topic);
      const id = ids.get(topicArn);
      // Somebody else has made it: it cannot be looked at without listing.
      if (id === undefined) continue;
      const resource = `subscription of ${spec.name} to ${topic}`;
      const subscription = await call(planes, 'GetSubscriptionAttributes', resource, () =>
        planes.sns.getSubscriptionAttributes(`${topicArn}:${id}`),
      );
      if (!subscription) return `The ${resource} is missing`;
      const [difference] = differencesOf(resource, subscriptionAttributes({ types }), subscription);
      if (difference?.attribute.startsWith('Filter')) return `The ${resource} lets less through than the handlers need`;
      if (difference) return `The ${textOf(difference)}`;
    }
    return undefined;
  }

  /** Once a day the tags say that the queues are still consumed, and how: versions with an `ordering` go by that. */
  private async renewTags(): Promise<void> {
    if (this.day === today()) return;
    this.day = today();
    const { topology, queues } = this.options;
    for (const spec of topology.queues) {
      const { name } = spec;
      const queue = queues.find(each => each.name === name);
      if (!queue) continue;
      try {
        await this.tags.renew(spec, queue);
      } catch (error) {
        this.note(`tags of ${name}`, error, 'They are renewed tomorrow.');
      }
    }
  }

  private note(name: string, error: unknown, next: string): void {
    if (isInstance(error, SnsSqsError) && error.code === 'SERVER_CLOSED') return;
    this.say(name, `${thrownText(error)} ${next}`);
  }

  /** Says what is wrong when it changes, and when it is well again. */
  private say(name: string, problem: string | undefined): void {
    if (this.said.get(name) === problem) return;
    if (problem === undefined) {
      this.said.delete(name);
      this.options.planes.logger.log(`${name}: its topology is complete again`);
      return;
    }
    this.said.set(name, problem);
    this.options.planes.logger.warn(problem);
  }
}

/** The ARN of a queue in the same account and region. */
const besideIt = (arn: QueueArn, name: FullName): QueueArn => `${arn.slice(0, arn.lastIndexOf(':') + 1)}${name}`;
