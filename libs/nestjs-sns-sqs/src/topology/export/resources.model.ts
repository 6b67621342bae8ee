import type { Attributes, Tags } from '../../interfaces/control-plane.interface.js';
import type { FullName } from '../../interfaces/names.interface.js';
import type { Role } from './roles.js';

/** What a template makes, independent of the language that it is written in. */
export interface Resources {
  topics: TopicResource[];
  /** A dead letter queue stands before the queue that needs it. */
  queues: QueueResource[];
  subscriptions: SubscriptionResource[];
  policies: QueuePolicyResource[];
  alarms: AlarmResource[];
  roles: RolePolicyResource[];
}

/** One of these, such as `Part<'queues'>`. */
export type Part<K extends keyof Resources> = Resources[K][number];

/** How long SQS's metrics are summed up for an alarm. */
export const ALARM_PERIOD_SECONDS = 300;

/** A role's policy, or a part of it where it is too large for one. */
export interface RolePolicyResource {
  id: string;
  role: Role;
}

export interface TopicResource {
  id: string;
  name: FullName;
  kmsKeyId: string | undefined;
  tags: Tags;
}

export interface QueueResource {
  id: string;
  name: FullName;
  fifo: boolean;
  /** In SQS's words, without the two policies of redrive. */
  attributes: Attributes;
  tags: Tags;
  /** Of a queue: where its letters go. */
  redrive?: { to: string; maxReceiveCount: number };
  /** Of a dead letter queue: whose letters it takes. */
  takesFrom?: FullName;
}

export interface SubscriptionResource {
  id: string;
  topic: TopicReference;
  /** The id of the queue. */
  queue: string;
  /** The id of the queue for what SNS cannot deliver. Undefined: SNS drops it. */
  deadLetterQueue: string | undefined;
  /** Undefined: every type. */
  filterPolicy: Record<string, unknown> | undefined;
}

/** A topic of this template by its id, or another one by its ARN. */
export type TopicReference = { id: string } | { arn: string };

/** Lets topics deliver to a queue. */
export interface QueuePolicyResource {
  id: string;
  queue: string;
  topics: TopicReference[];
  /** Subscriptions, in the order of the topics' ARNs. Undefined: that order depends on the account. */
  subscriptions: string[] | undefined;
}

export interface AlarmResource {
  id: string;
  queueName: FullName;
  metric: 'ApproximateAgeOfOldestMessage' | 'ApproximateNumberOfMessagesVisible';
  threshold: number;
  description: string;
  actions: readonly string[];
}
