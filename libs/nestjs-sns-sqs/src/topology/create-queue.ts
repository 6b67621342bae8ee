import { isQueueNameTaken } from '../errors/aws-errors.js';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { Attributes, Tags } from '../interfaces/control-plane.interface.js';
import { ATTRIBUTE_RULES, deadLetterQueueAttributes, queueAttributes } from './attribute-rules.js';
import { call, type ControlPlanes } from './control-planes.js';
import { differencesOf, textOf, toSet, type Difference } from './differences.js';
import { redriveAllowPolicy } from './redrive-allow-policy.js';
import type { TagKeeper } from './tag-keeper.js';
import type { ProvisionedQueue, QueueSpec } from './topology.model.js';
import type { FullName, QueueArn, QueueUrl } from '../interfaces/names.interface.js';

export interface FoundQueue {
  url: QueueUrl;
  attributes: Attributes;
}

/** With what its subscriptions need to be made. */
export interface CreatedQueue extends ProvisionedQueue, FoundQueue {
  deadLetters: FoundQueue;
}

/** Makes a queue and its dead letter queue, or repairs what differs of what is ours. Idempotent. */
export class QueueCreator {
  constructor(
    private readonly planes: ControlPlanes,
    private readonly tags: TagKeeper,
  ) {}

  async create(spec: QueueSpec): Promise<CreatedQueue> {
    const existing = await this.find(spec.name);
    // Whose it is comes first: nothing of another service's queue is changed.
    let tags = existing === undefined ? undefined : await this.tags.keep(spec, existing);
    const existingLetters = await this.find(spec.deadLetterQueue);
    const deadLetters = await this.complete(
      spec.deadLetterQueue,
      existingLetters,
      deadLetterQueueAttributes(spec),
      spec.tags,
    );
    const wanted = queueAttributes(spec, arnOf(deadLetters));
    const queue = await this.complete(spec.name, existing, wanted, this.tags.forNew(spec));
    // Another service may have made it in the same moment.
    if (existing === undefined) tags = await this.tags.keep(spec, queue.url);
    await this.allowRedrive(spec.deadLetterQueue, deadLetters, arnOf(queue), existingLetters === undefined);
    const { url, attributes } = queue;
    return { name: spec.name, url, attributes, deadLetterQueueUrl: deadLetters.url, deadLetters, tags };
  }

  /** Sets attributes and says each change; a first setting is part of the making and is not told. */
  async repair(name: string, { url }: FoundQueue, differences: readonly Difference[]): Promise<void> {
    const changeable = differences.filter(({ attribute }) => !ATTRIBUTE_RULES[attribute]?.fixed);
    if (changeable.length === 0) return;
    await call(this.planes, 'SetQueueAttributes', name, () =>
      this.planes.sqs.setQueueAttributes(url, toSet(changeable)),
    );
    for (const difference of changeable) {
      if (difference.found !== undefined) this.planes.logger.warn(`repaired ${textOf(difference)}`);
    }
  }

  /** One that is made here takes the letters of this queue only; others may have been given to more than one queue. */
  private async allowRedrive(name: FullName, deadLetters: FoundQueue, from: QueueArn, isMade: boolean): Promise<void> {
    const allow = redriveAllowPolicy(from);
    const { attributes } = deadLetters;
    const isUnset = isMade && attributes['RedriveAllowPolicy'] === undefined;
    const unset: Difference = {
      resource: name,
      attribute: 'RedriveAllowPolicy',
      wanted: allow.RedriveAllowPolicy,
      found: undefined,
    };
    await this.repair(name, deadLetters, isUnset ? [unset] : differencesOf(name, allow, attributes));
  }

  private async find(name: FullName): Promise<QueueUrl | undefined> {
    const url = await call(this.planes, 'GetQueueUrl', name, () => this.planes.sqs.getQueueUrl(name));
    // Another instance may have made it a moment ago.
    if (url !== undefined) this.planes.retries?.existing.add(name);
    return url;
  }

  /** SQS says that its name is taken. */
  private findTaken(name: FullName): Promise<QueueUrl> {
    this.planes.retries?.existing.add(name);
    return call(this.planes, 'GetQueueUrl', name, async () => {
      const url = await this.planes.sqs.getQueueUrl(name);
      if (url !== undefined) return url;
      throw new SnsSqsError('QUEUE_NOT_FOUND', {
        problem: `Another process has just created the queue ${name}, and SQS cannot find it yet`,
        remedy: 'start again in a second',
        retryable: true,
        facts: { resource: name },
      });
    });
  }

  private async complete(
    name: FullName,
    existing: QueueUrl | undefined,
    wanted: Attributes,
    tags?: Tags,
  ): Promise<FoundQueue> {
    const url = existing ?? (await this.make(name, wanted, tags));
    const attributes = await call(this.planes, 'GetQueueAttributes', name, () =>
      this.planes.sqs.getQueueAttributes(url),
    );
    const found = { url, attributes };
    await this.repair(name, found, differencesOf(name, wanted, attributes));
    return found;
  }

  private async make(name: FullName, wanted: Attributes, tags: Tags | undefined): Promise<QueueUrl> {
    const { sqs, logger, retries } = this.planes;
    try {
      const url = await call(this.planes, 'CreateQueue', name, () => sqs.createQueue(name, wanted, tags));
      logger.log(`created queue ${name}`);
      retries?.existing.add(name);
      return url;
    } catch (error) {
      if (!(error instanceof SnsSqsError)) throw error;
      // To give tags takes a right of its own.
      if (tags && error.code === 'ACCESS_DENIED') {
        const url = await this.make(name, wanted, undefined);
        this.tags.refuse(error);
        return url;
      }
      // Another instance was faster, with other settings: what differs is repaired like any difference.
      if (isQueueNameTaken(error)) return this.findTaken(name);
      throw error;
    }
  }
}

/** AWS gives every queue one. */
export function arnOf({ url, attributes }: FoundQueue): QueueArn {
  const arn = attributes['QueueArn'];
  if (!arn)
    throw new SnsSqsError('AWS_CALL_FAILED', `GetQueueAttributes of ${url} gave no QueueArn.`, { retryable: true });
  return arn;
}
