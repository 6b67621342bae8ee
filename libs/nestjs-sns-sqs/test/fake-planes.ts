import { jest } from '@jest/globals';
import type { Attributes, SnsControlPlane, SqsControlPlane, Tags } from '../src/interfaces/control-plane.interface.js';
import type { ControlPlanes } from '../src/topology/control-planes.js';
import { TagKeeper, type TagKeeperOptions } from '../src/topology/tag-keeper.js';

const ACCOUNT = 'eu-west-1:123456789012';

export const queueArn = (name: string): string => `arn:aws:sqs:${ACCOUNT}:${name}`;
export const topicArn = (name: string): string => `arn:aws:sns:${ACCOUNT}:${name}`;
export const subscriptionArn = (topic: string, queue: string): string => `${topicArn(topic)}:id-${queue}`;

/** An error as the SDK throws it. */
export const awsError = (name: string, message = name, httpStatusCode = 400): Error =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode } });

/** SQS and SNS as far as provisioning knows them. Queue URLs are `url/<name>`. */
export class FakePlanes {
  readonly queues = new Map<string, Attributes>();
  readonly tags = new Map<string, Tags>();
  readonly topics = new Map<string, Attributes>();
  readonly subscriptions = new Map<string, Attributes>();
  /** In order, what changed something. */
  readonly calls: string[] = [];
  /** Every call, as `<operation> <resource>`; rejects where it throws or gives an error. */
  fault: (operation: string, resource: string) => Error | undefined | void = () => undefined;
  /** Awaited before each call is carried out. */
  delay: () => Promise<void> = () => Promise.resolve();
  readonly logger = {
    log: jest.fn<(text: string) => void>(),
    warn: jest.fn<(text: string) => void>(),
    error: jest.fn<(text: string) => void>(),
  };

  readonly sqs: SqsControlPlane = {
    getQueueUrl: name => this.answer('GetQueueUrl', name, () => (this.queues.has(name) ? `url/${name}` : undefined)),
    getQueueAttributes: url => this.answer('GetQueueAttributes', url.slice(4), name => ({ ...this.queue(name) })),
    createQueue: (name, attributes, tags) =>
      this.answer('CreateQueue', name, () => {
        const existing = this.queues.get(name);
        if (existing) {
          if (Object.entries(attributes).some(([key, value]) => existing[key] !== value))
            throw awsError('QueueNameExists');
          return `url/${name}`;
        }
        this.calls.push(`create ${name}`);
        this.queues.set(name, { QueueArn: queueArn(name), ...attributes });
        this.tags.set(name, { ...tags });
        return `url/${name}`;
      }),
    setQueueAttributes: (url, attributes) =>
      this.answer('SetQueueAttributes', url.slice(4), name => {
        Object.assign(this.queue(name), attributes);
        this.calls.push(`set ${Object.keys(attributes).join(' ')} of ${name}`);
      }),
    listQueueTags: url => this.answer('ListQueueTags', url.slice(4), name => ({ ...this.tagsOf(name) })),
    tagQueue: (url, tags) =>
      this.answer('TagQueue', url.slice(4), name => {
        Object.assign(this.tagsOf(name), tags);
        this.calls.push(`tag ${name}`);
      }),
    untagQueue: (url, keys) =>
      this.answer('UntagQueue', url.slice(4), name => {
        for (const key of keys) delete this.tagsOf(name)[key];
        this.calls.push(`untag ${name}`);
      }),
    deleteQueue: url =>
      this.answer('DeleteQueue', url.slice(4), name => {
        this.queues.delete(name);
        this.tags.delete(name);
        this.calls.push(`delete ${name}`);
      }),
  };

  readonly sns: SnsControlPlane = {
    createTopic: name =>
      this.answer('CreateTopic', name, () => {
        if (!this.topics.has(topicArn(name))) this.topics.set(topicArn(name), { SubscriptionsConfirmed: '0' });
        return topicArn(name);
      }),
    getTopicAttributes: arn => this.answer('GetTopicAttributes', arn, () => this.topics.get(arn)),
    subscribe: (topic, queue, attributes = {}) =>
      this.answer('Subscribe', topic, () => {
        const name = queue.split(':').at(-1) ?? '';
        const arn = `${topic}:id-${name}`;
        const existing = this.subscriptions.get(arn);
        if (existing && Object.entries(attributes).some(([key, value]) => existing[key] !== value)) {
          throw awsError(
            'InvalidParameter',
            'Invalid parameter: Subscription already exists with different attributes',
          );
        }
        if (!existing) {
          this.calls.push(`subscribe ${name}`);
          this.subscriptions.set(arn, { ...attributes });
        }
        return arn;
      }),
    getSubscriptionAttributes: arn =>
      this.answer('GetSubscriptionAttributes', arn, () => {
        const found = this.subscriptions.get(arn);
        return found && { ...found };
      }),
    setSubscriptionAttribute: (arn, name, value) =>
      this.answer('SetSubscriptionAttributes', arn, () => {
        Object.assign(this.subscriptions.get(arn) ?? {}, { [name]: value });
        this.calls.push(`set ${name} of the subscription`);
      }),
    unsubscribe: arn =>
      this.answer('Unsubscribe', arn, () => {
        if (this.subscriptions.delete(arn)) this.calls.push(`unsubscribe ${arn.split(':id-').at(-1)}`);
      }),
  };

  /** What provisioning works with. */
  planes(signal = new AbortController().signal): ControlPlanes {
    return { sqs: this.sqs, sns: this.sns, logger: this.logger, signal };
  }

  keeper(planes = this.planes(), options: Partial<TagKeeperOptions> = {}): TagKeeper {
    return new TagKeeper(planes, { service: 'notifications', prefix: '', claims: true, ...options });
  }

  get warnings(): string[] {
    return this.logger.warn.mock.calls.map(([text]) => text);
  }

  private queue(name: string): Attributes {
    const found = this.queues.get(name);
    if (!found) throw awsError('QueueDoesNotExist');
    return found;
  }

  private tagsOf(name: string): Tags {
    this.queue(name);
    const found = this.tags.get(name) ?? {};
    this.tags.set(name, found);
    return found;
  }

  private async answer<T>(operation: string, resource: string, run: (resource: string) => T): Promise<T> {
    await this.delay();
    const error = this.fault(operation, resource);
    if (error) throw error;
    return run(resource);
  }
}
