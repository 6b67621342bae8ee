/** What the handlers need of SNS and SQS, as plain data; every name is full (with the environment's prefix). */
export interface Topology {
  topics: TopicSpec[];
  queues: QueueSpec[];
}

export interface TopicSpec {
  name: string;
}

export interface QueueSpec {
  name: string;
  fifo: boolean;
  deadLetterQueue: string;
  maxReceiveCount: number;
  visibilityTimeoutSeconds: number;
  subscriptions: SubscriptionSpec[];
}

export interface SubscriptionSpec {
  topic: string;
  /** Patterns of the types that the queue's handlers take: `user.registered`, `user.*`, … */
  types: string[];
}

/** What the running server needs of a queue. */
export interface ProvisionedQueue {
  name: string;
  url: string;
  deadLetterQueueUrl: string;
}
