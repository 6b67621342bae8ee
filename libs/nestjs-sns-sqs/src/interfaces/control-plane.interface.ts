export type Attributes = Record<string, string>;

/** The calls to SQS that provisioning makes. Each rejects with what the AWS client threw. */
export interface SqsControlPlane {
  /** Resolves to the queue's URL, or to undefined when no such queue exists. */
  getQueueUrl(name: string): Promise<string | undefined>;
  /** All attributes, QueueArn among them. */
  getQueueAttributes(queueUrl: string): Promise<Attributes>;
  createQueue(name: string, attributes: Attributes): Promise<string>;
  setQueueAttributes(queueUrl: string, attributes: Attributes): Promise<void>;
}

/** The calls to SNS that provisioning makes. Each rejects with what the AWS client threw. */
export interface SnsControlPlane {
  /** Idempotent: the ARN of the topic, made when it is not there. */
  createTopic(name: string, attributes?: Attributes): Promise<string>;
  /** Resolves to undefined when no such topic exists. */
  getTopicAttributes(topicArn: string): Promise<Attributes | undefined>;
  /** Resolves to the subscription's ARN. */
  subscribe(topicArn: string, queueArn: string, attributes?: Attributes): Promise<string>;
  /** Resolves to undefined when no such subscription exists. */
  getSubscriptionAttributes(subscriptionArn: string): Promise<Attributes | undefined>;
  setSubscriptionAttribute(subscriptionArn: string, name: string, value: string): Promise<void>;
}
