import type { Broker } from '../broker.js';
import { Message } from '../message.js';
import { Queue } from '../queue/queue.js';
import { Archive } from '../sns/archive.js';
import type { Published } from '../sns/published-message.js';
import { Replay } from '../sns/replay.js';
import { Subscription } from '../sns/subscription.js';
import { Topic } from '../sns/topic.js';
import { MoveTask, type SavedMoveTask } from '../sqs/move-task.js';
import {
  type ArchivedRecord,
  attributesOf,
  type BrokerMemory,
  type ContentRecord,
  KEY,
  type MessageRecord,
  type QueueRecord,
  type RecordEntry,
  type Remembered,
  type SubscriptionRecord,
  type TopicCounterRecord,
  type TopicRecord,
} from './records.js';

/** The records by the beginning of their keys, and within it by what follows. */
class Records {
  private readonly kinds = new Map<string, Map<string, unknown>>();

  constructor(entries: Iterable<RecordEntry>) {
    for (const [key, value] of entries) {
      const kind = key.slice(0, key.indexOf(':') + 1) || key;
      let found = this.kinds.get(kind);
      if (!found) this.kinds.set(kind, (found = new Map()));
      found.set(key, value);
    }
  }

  get<T>(key: string): T | undefined {
    return this.kinds.get(key.slice(0, key.indexOf(':') + 1) || key)?.get(key) as T | undefined;
  }

  /** By what follows the prefix, in the order in which they were written. */
  under<T>(prefix: string): Array<[rest: string, value: T]> {
    const found: Array<[string, T]> = [];
    for (const [key, value] of this.kinds.get(prefix.slice(0, prefix.indexOf(':') + 1)) ?? []) {
      if (key.startsWith(prefix)) found.push([key.slice(prefix.length), value as T]);
    }
    return found;
  }

  /** By number, the lowest first. */
  numbered<T>(prefix: string): Array<[number: number, value: T]> {
    const found = this.under<T>(prefix).map(([rest, value]): [number, T] => [Number(rest), value]);
    return found.sort(([a], [b]) => a - b);
  }
}

const byExpiry = ([, a]: [string, Remembered], [, b]: [string, Remembered]): number => a.expiresAt - b.expiresAt;

function restoreQueue(broker: Broker, record: QueueRecord, records: Records): void {
  const { name, fifo, number, createdAt, modifiedAt, purgedAt } = record;
  const queue = new Queue(name, broker.queueArn(name), fifo, new Map(record.attributes), number, broker);
  Object.assign(queue, { createdAt, modifiedAt, purgedAt: purgedAt ?? -Infinity });
  for (const [key, value] of record.tags) queue.tags.set(key, value);
  broker.queues.set(name, queue);
  queue.counters = records.get<[number, number]>(KEY.counters(name)) ?? [0, 0];
  const sent = records.under<Remembered>(KEY.sent(name)).sort(byExpiry);
  for (const [key, remembered] of sent) queue.deduplication.restore(key, remembered);
  for (const [order, saved] of records.numbered<MessageRecord>(KEY.message(name))) {
    const content = records.get<ContentRecord>(KEY.content(name, order));
    if (!content) continue;
    const { attributes, ...rest } = content;
    const { dueAt, sentAt, retainedFrom, ...state } = saved;
    const whole = { ...rest, attributes: attributesOf(attributes), delayMs: 0 };
    const message = new Message(whole, queue, order, sentAt, retainedFrom);
    Object.assign(message, state);
    queue.restore(message, dueAt);
  }
}

function restoreTopic(broker: Broker, arn: string, record: TopicRecord, records: Records): void {
  const topic = new Topic(record.name, arn, record.fifo, new Map(record.attributes));
  for (const [key, value] of record.tags) topic.tags.set(key, value);
  topic.deletedSubscriptions = record.deletedSubscriptions;
  broker.topics.set(arn, topic);
  const counter = records.get<TopicCounterRecord>(KEY.topicCounter(arn));
  topic.counter = counter?.published ?? 0;
  topic.archiveEnd = counter?.archiveEnd ?? 0;
  const published = records.under<Remembered>(KEY.published(arn)).sort(byExpiry);
  for (const [key, remembered] of published) topic.deduplication.restore(key, remembered);
  if (!record.archive) return;
  topic.archive = new Archive(record.archive.since, record.archive.retentionMs, 0);
  const archived = records
    .numbered<ArchivedRecord>(KEY.archived(arn))
    .map(([, { attributes, ...rest }]): Published => ({
      ...rest,
      attributes: attributesOf(attributes),
      subject: rest.subject,
      groupId: rest.groupId,
      deduplicationId: rest.deduplicationId,
      sequenceNumber: rest.sequenceNumber,
    }));
  topic.archive.restore(archived, topic.archiveEnd);
}

function restoreSubscription(broker: Broker, arn: string, record: SubscriptionRecord): void {
  const { topicArn, protocol, endpoint, replay } = record;
  const topic = broker.topics.get(topicArn);
  const subscription = new Subscription(arn, topicArn, protocol, endpoint, new Map(record.attributes));
  topic?.subscriptions.set(arn, subscription);
  broker.subscriptions.set(arn, subscription);
  if (!replay || !topic) return;
  const running = new Replay(broker, topic, subscription, replay.window, replay.position, replay.liveFrom);
  running.status = replay.status;
  subscription.replay = running;
  if (replay.status === 'Pending' || replay.status === 'In progress') running.schedule();
}

function restoreTask(broker: Broker, saved: SavedMoveTask): void {
  const source = broker.queueByArn(saved.sourceArn);
  if (!source) return;
  const task = new MoveTask(broker, saved.id, source, saved.destinationArn, saved.perSecond);
  task.load(saved);
  broker.moveTasks.unshift(task);
}

/** Makes a broker what the records say, in place of what it was. The next call carries out all that became due meanwhile. */
export function restoreRecords(broker: Broker, entries: Iterable<RecordEntry>): void {
  const records = new Records(entries);
  const { journal } = broker;
  broker.journal = undefined;
  broker.reset();
  const ids = records.get<[number, number]>(KEY.ids);
  if (ids) broker.ids.load(ids);
  broker.memory = records.get<BrokerMemory>(KEY.memory) ?? { queueNumber: 0, blocked: [] };
  for (const [, record] of records.under<QueueRecord>(KEY.queue(''))) restoreQueue(broker, record, records);
  for (const [arn, record] of records.under<TopicRecord>(KEY.topic(''))) restoreTopic(broker, arn, record, records);
  for (const [arn, record] of records.under<SubscriptionRecord>(KEY.subscription(''))) {
    restoreSubscription(broker, arn, record);
  }
  for (const [, saved] of records.numbered<SavedMoveTask>('task:')) restoreTask(broker, saved);
  broker.journal = journal;
  broker.settle();
}
