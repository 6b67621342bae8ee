import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { Attributes } from '../interfaces/control-plane.interface.js';
import { ATTRIBUTE_RULES, deadLetterQueueAttributes, queueAttributes } from './attribute-rules.js';
import { call, type ControlPlanes } from './control-planes.js';
import { differencesOf, textOf, toSet, type Difference } from './differences.js';
import { redriveAllowPolicy } from './redrive-allow-policy.js';
import type { ProvisionedQueue, QueueSpec } from './topology.model.js';

export interface FoundQueue {
  url: string;
  attributes: Attributes;
}

/** Makes a queue and its dead letter queue, or repairs what differs of what is ours. Idempotent. */
export class QueueCreator {
  constructor(private readonly planes: ControlPlanes) {}

  async create(spec: QueueSpec): Promise<ProvisionedQueue & FoundQueue> {
    const deadLetters = await this.ensure(spec.deadLetterQueue, deadLetterQueueAttributes(spec));
    const queue = await this.ensure(spec.name, queueAttributes(spec, arnOf(deadLetters)));
    const allow = redriveAllowPolicy(arnOf(queue));
    await this.repair(
      spec.deadLetterQueue,
      deadLetters,
      differencesOf(spec.deadLetterQueue, allow, deadLetters.attributes),
    );
    return { name: spec.name, url: queue.url, attributes: queue.attributes, deadLetterQueueUrl: deadLetters.url };
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

  private async ensure(name: string, wanted: Attributes): Promise<FoundQueue> {
    const existing = await call(this.planes, 'GetQueueUrl', name, () => this.planes.sqs.getQueueUrl(name));
    const url = existing ?? (await this.make(name, wanted));
    const attributes = await call(this.planes, 'GetQueueAttributes', name, () =>
      this.planes.sqs.getQueueAttributes(url),
    );
    const found = { url, attributes };
    await this.repair(name, found, differencesOf(name, wanted, attributes));
    return found;
  }

  private async make(name: string, wanted: Attributes): Promise<string> {
    return call(this.planes, 'CreateQueue', name, async () => {
      try {
        const url = await this.planes.sqs.createQueue(name, wanted);
        this.planes.logger.log(`created queue ${name}`);
        return url;
      } catch (error) {
        // Another instance was faster, with other settings: what differs is repaired like any difference.
        const url = isNameTaken(error) ? await this.planes.sqs.getQueueUrl(name) : undefined;
        if (url === undefined) throw error;
        return url;
      }
    });
  }
}

/** AWS gives every queue one. */
export function arnOf({ url, attributes }: FoundQueue): string {
  const arn = attributes['QueueArn'];
  if (!arn)
    throw new SnsSqsError('AWS_CALL_FAILED', `GetQueueAttributes of ${url} gave no QueueArn.`, { retryable: true });
  return arn;
}

const isNameTaken = (error: unknown): boolean =>
  error instanceof Error && /QueueNameExists|QueueAlreadyExists/.test(error.name);
