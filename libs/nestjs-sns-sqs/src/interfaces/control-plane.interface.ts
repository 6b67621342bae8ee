import type { FullName, QueueArn, QueueUrl, SubscriptionArn, TopicArn } from './names.interface.js';

export type Attributes = Record<string, string>;
/** A queue's tags: at most 50, keys of at most 128 characters, values of at most 256 (sqs-queue-tags). */
export type Tags = Record<string, string>;

/** The calls to SQS that provisioning makes. Each rejects with what the AWS client threw. */
export interface SqsControlPlane {
  /** Resolves to the queue's URL, or to undefined when no such queue exists. */
  getQueueUrl(name: FullName): Promise<QueueUrl | undefined>;
  /** All attributes, QueueArn among them. */
  getQueueAttributes(queueUrl: QueueUrl): Promise<Attributes>;
  /** With tags the caller needs the right to tag, too. A queue that exists keeps the tags that it has. */
  createQueue(name: FullName, attributes: Attributes, tags?: Tags): Promise<QueueUrl>;
  setQueueAttributes(queueUrl: QueueUrl, attributes: Attributes): Promise<void>;
  /** All tags of the queue; none is an empty object. */
  listQueueTags(queueUrl: QueueUrl): Promise<Tags>;
  /** Adds these tags, or replaces their values. */
  tagQueue(queueUrl: QueueUrl, tags: Tags): Promise<void>;
  /** Keys that the queue does not have are no error. */
  untagQueue(queueUrl: QueueUrl, keys: readonly string[]): Promise<void>;
  deleteQueue(queueUrl: QueueUrl): Promise<void>;
}

/** The calls to SNS that provisioning makes. Each rejects with what the AWS client threw. */
export interface SnsControlPlane {
  /** Idempotent: the ARN of the topic, made when it is not there. */
  createTopic(name: FullName, attributes?: Attributes): Promise<TopicArn>;
  /** Resolves to undefined when no such topic exists. */
  getTopicAttributes(topicArn: TopicArn): Promise<Attributes | undefined>;
  /** Resolves to the subscription's ARN. */
  subscribe(topicArn: TopicArn, queueArn: QueueArn, attributes?: Attributes): Promise<SubscriptionArn>;
  /** Resolves to undefined when no such subscription exists. */
  getSubscriptionAttributes(subscriptionArn: SubscriptionArn): Promise<Attributes | undefined>;
  setSubscriptionAttribute(subscriptionArn: SubscriptionArn, name: string, value: string): Promise<void>;
  /** A subscription that does not exist is no error. */
  unsubscribe(subscriptionArn: SubscriptionArn): Promise<void>;
}

/** A customer key, as far as it can be seen. */
export interface KeyLook {
  isEnabled: boolean;
  /** The key policy, JSON. */
  policy: string | undefined;
}

/** Looks at keys of KMS. */
export interface KeyPolicies {
  /** @param keyId ARN, id or alias. Rejects with what AWS answered: many processes may not look at keys. */
  look(keyId: string): Promise<KeyLook>;
}
