import type { Attributes, Tags } from '../interfaces/control-plane.interface.js';
import type { FullName, QueueUrl } from '../interfaces/names.interface.js';

/** What the handlers need of SNS and SQS, as plain data; every name is full (with the environment's prefix). */
export interface Topology {
  topics: TopicSpec[];
  queues: QueueSpec[];
}

export interface TopicSpec {
  name: FullName;
}

export interface QueueSpec {
  name: FullName;
  fifo: boolean;
  deadLetterQueue: FullName;
  visibilityTimeoutSeconds: number;
  /** How long the queue keeps a message. */
  retentionSeconds: number;
  subscriptions: SubscriptionSpec[];
  /** Events are handled in no order, and leave no position. @default false */
  isUnordered?: boolean;
  /** Where the positions of handled events are kept. @default they are not */
  positions?: Positions | undefined;
  /** A customer key in KMS. @default SQS's own encryption */
  kmsKeyId?: string | undefined;
  kmsDataKeyReusePeriodSeconds?: number | undefined;
  /** False: nothing is asked for events that SNS cannot deliver. @default true */
  subscriptionDeadLetterQueues?: boolean | undefined;
  /** What a team wants beside the library's own, when the queue is made. */
  tags?: Tags | undefined;
  /** Full names that the queue had before, oldest first: they are drained. */
  formerly: FullName[];
}

/** Names the memory that keeps them: `memory`, of one process, or that of a store that all processes share. */
export type Positions = string;

export interface SubscriptionSpec {
  topic: FullName;
  /** Patterns of the types that the queue's handlers take: `user.registered`, `user.*`, … */
  types: string[];
}

/** What the running server needs of a queue. */
export interface ProvisionedQueue {
  name: FullName;
  url: QueueUrl;
  deadLetterQueueUrl: QueueUrl;
  /** Attributes of its subscriptions, in their order in the topology; undefined where this mode does not read them. */
  subscriptions?: Attributes[];
  /** Undefined: this process may not read them. */
  tags?: Tags | undefined;
  /** Types may come that no version has wanted: SNS cannot filter exactly. */
  isLooselyFiltered?: boolean;
  /** Queues that existed under a former name, to be drained. */
  former?: FormerQueue[];
  /** What the inbox's memory of the queue is named by. @default the queue's name */
  memory?: FullName;
}

export type FormerQueue = Pick<ProvisionedQueue, 'name' | 'url' | 'deadLetterQueueUrl'>;
