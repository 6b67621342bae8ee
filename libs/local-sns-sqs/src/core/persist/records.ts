import type { Broker, BrokerMemory } from '../broker.js';
import { type AttributeValue, toMessageAttributes } from '../message-attributes.js';
import type { Message, MessageState, NewMessage } from '../message.js';
import type { Remembered } from '../queue/deduplication.js';
import type { Queue } from '../queue/queue.js';
import type { Published } from '../sns/published-message.js';
import { Replay, type ReplayWindow } from '../sns/replay.js';
import type { ReplayStatus, Subscription } from '../sns/subscription.js';
import type { Topic } from '../sns/topic.js';

/** The whole state of a broker as values by key, each of them JSON. */
export type RecordEntry = readonly [key: string, value: unknown];

type Pairs<T> = ReadonlyArray<readonly [string, T]>;

/** First letters of keys, and what follows them. */
export const KEY = {
  ids: 'ids',
  memory: 'memory',
  queue: (name: string) => `queue:${name}`,
  counters: (name: string) => `counters:${name}`,
  /** With no order: the beginning of all. */
  content: (name: string, order: number | '' = '') => `content:${name}:${order}`,
  message: (name: string, order: number | '' = '') => `message:${name}:${order}`,
  sent: (name: string, key = '') => `sent:${name}:${key}`,
  topic: (arn: string) => `topic:${arn}`,
  topicCounter: (arn: string) => `topic-counter:${arn}`,
  published: (arn: string, key = '') => `published:${arn}:${key}`,
  archived: (arn: string, position: number | '' = '') => `archived:${arn}:${position}`,
  subscription: (arn: string) => `subscription:${arn}`,
  /** By age, the oldest first. */
  task: (index: number) => `task:${index}`,
};

export interface QueueRecord {
  name: string;
  fifo: boolean;
  number: number;
  attributes: Pairs<string>;
  tags: Pairs<string>;
  createdAt: number;
  modifiedAt: number;
  /** Null: never. */
  purgedAt: number | null;
}

export interface ContentRecord extends Omit<NewMessage, 'attributes' | 'delayMs'> {
  attributes?: Pairs<AttributeValue>;
}

export interface MessageRecord {
  state: MessageState;
  /** When its delay or its visibility timeout ends. */
  dueAt: number;
  receiveCount: number;
  receivesHere: number;
  firstReceivedAt: number;
  lastReceivedAt: number;
  lease: number;
  sentAt: number;
  retainedFrom: number;
  sequenceNumber?: string | undefined;
  deadLetterSourceArn?: string | undefined;
}

export interface TopicRecord {
  name: string;
  fifo: boolean;
  attributes: Pairs<string>;
  tags: Pairs<string>;
  deletedSubscriptions: number;
  archive?: { since: number; retentionMs: number };
}

export interface TopicCounterRecord {
  published: number;
  /** The archive's position of what will be published next. */
  archiveEnd: number;
}

export interface ArchivedRecord extends Omit<Published, 'attributes'> {
  attributes?: Pairs<AttributeValue>;
}

export interface SubscriptionRecord {
  topicArn: string;
  protocol: string;
  endpoint: string;
  attributes: Pairs<string>;
  replay?: { window: ReplayWindow; position: number; liveFrom: number; status: ReplayStatus };
}

export type { BrokerMemory, Remembered };

const attributesRecord = (attributes: NewMessage['attributes']): { attributes?: Pairs<AttributeValue> } =>
  attributes ? { attributes: [...attributes.values] } : {};

export const attributesOf = (pairs: Pairs<AttributeValue> | undefined): NewMessage['attributes'] =>
  toMessageAttributes(new Map(pairs));

const queueRecord = (queue: Queue): QueueRecord => ({
  name: queue.name,
  fifo: queue.fifo,
  number: queue.number,
  attributes: [...queue.attributes],
  tags: [...queue.tags],
  createdAt: queue.createdAt,
  modifiedAt: queue.modifiedAt,
  purgedAt: Number.isFinite(queue.purgedAt) ? queue.purgedAt : null,
});

export function contentRecord({ content }: Message): ContentRecord {
  const { attributes, delayMs: _, ...rest } = content;
  return { ...rest, ...attributesRecord(attributes) };
}

export const messageRecord = (message: Message): MessageRecord => ({
  state: message.state,
  dueAt: message.state === 'ready' ? 0 : message.dueAt,
  receiveCount: message.receiveCount,
  receivesHere: message.receivesHere,
  firstReceivedAt: message.firstReceivedAt,
  lastReceivedAt: message.lastReceivedAt,
  lease: message.lease,
  sentAt: message.sentAt,
  retainedFrom: message.retainedFrom,
  sequenceNumber: message.sequenceNumber,
  deadLetterSourceArn: message.deadLetterSourceArn,
});

const topicRecord = ({ name, fifo, attributes, tags, deletedSubscriptions, archive }: Topic): TopicRecord => ({
  name,
  fifo,
  attributes: [...attributes],
  tags: [...tags],
  deletedSubscriptions,
  ...(archive && { archive: { since: archive.since, retentionMs: archive.retentionMs } }),
});

export const topicCounterRecord = ({ counter, archive, archiveEnd }: Topic): TopicCounterRecord => ({
  published: counter,
  archiveEnd: archive?.end ?? archiveEnd,
});

export function archivedRecord({ attributes, ...rest }: Published): ArchivedRecord {
  return { ...rest, ...attributesRecord(attributes) };
}

function subscriptionRecord({ topicArn, protocol, endpoint, attributes, replay }: Subscription): SubscriptionRecord {
  const record = { topicArn, protocol, endpoint, attributes: [...attributes] };
  if (!(replay instanceof Replay)) return record;
  const { window, position, liveFrom, status } = replay;
  return { ...record, replay: { window, position, liveFrom, status } };
}

/** The records that change seldom: all but those of messages. */
export function* controlRecords(broker: Broker): Generator<RecordEntry> {
  yield [KEY.memory, broker.memory];
  for (const queue of broker.queues.values()) yield [KEY.queue(queue.name), queueRecord(queue)];
  for (const topic of broker.topics.values()) yield [KEY.topic(topic.arn), topicRecord(topic)];
  for (const subscription of broker.subscriptions.values()) {
    yield [KEY.subscription(subscription.arn), subscriptionRecord(subscription)];
  }
  // Of a queue that is gone nobody can ask any more.
  const tasks = broker.moveTasks.toReversed().filter(({ source }) => broker.queues.get(source.name) === source);
  for (const [index, task] of tasks.entries()) yield [KEY.task(index), task.save()];
}

/** Everything. */
export function* allRecords(broker: Broker): Generator<RecordEntry> {
  yield [KEY.ids, broker.ids.save()];
  yield* controlRecords(broker);
  for (const queue of broker.queues.values()) {
    const { name } = queue;
    yield [KEY.counters(name), queue.counters];
    for (const [key, remembered] of queue.deduplication.entries()) yield [KEY.sent(name, key), remembered];
    for (const message of queue.messages.values()) {
      yield [KEY.content(name, message.order), contentRecord(message)];
      yield [KEY.message(name, message.order), messageRecord(message)];
    }
  }
  for (const topic of broker.topics.values()) {
    if (!topic.fifo) continue;
    yield [KEY.topicCounter(topic.arn), topicCounterRecord(topic)];
    for (const [key, remembered] of topic.deduplication.entries()) yield [KEY.published(topic.arn, key), remembered];
    for (const [position, published] of topic.archive?.all() ?? []) {
      yield [KEY.archived(topic.arn, position), archivedRecord(published)];
    }
  }
}
