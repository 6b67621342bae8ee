import type { Broker } from '../broker.js';
import type { BrokerJournal } from '../journal.js';
import type { Message } from '../message.js';
import type { Queue } from '../queue/queue.js';
import type { Published } from '../sns/published-message.js';
import type { Topic } from '../sns/topic.js';
import { archivedRecord, contentRecord, controlRecords, KEY, messageRecord, topicCounterRecord } from './records.js';

/** A value under a key; null removes the key; `-` removes every key that begins with it. */
export type JournalEntry = readonly [key: string, value: unknown] | readonly [key: string, value: null, every: '-'];

/** Collects what has changed since the last look, so that it can be written down before a call is answered. */
export class Journal implements BrokerJournal {
  private prefixes: string[] = [];
  private lastId = 0;
  /** By key: null, or what makes the value when it is asked for. */
  private readonly changes = new Map<string, (() => unknown) | null>();
  /** Texts of what changes seldom, as they were written. */
  private readonly control = new Map<string, string>();

  constructor(private readonly broker: Broker) {}

  stored(queue: Queue, message: Message): void {
    const { order } = message;
    this.changes.set(KEY.content(queue.name, order), () => contentRecord(message));
    this.changed(queue, message);
  }

  changed(queue: Queue, message: Message): void {
    // Between queues, or gone: what it is in now tells of it.
    if (queue.messages.get(message.order) !== message) return;
    this.changes.set(KEY.message(queue.name, message.order), () => messageRecord(message));
    this.count(queue);
  }

  gone({ name }: Queue, { order }: Message): void {
    this.changes.set(KEY.content(name, order), null);
    this.changes.set(KEY.message(name, order), null);
  }

  purged(queue: Queue): void {
    const { name } = queue;
    for (const prefix of [KEY.content(name), KEY.message(name), KEY.sent(name)]) this.forget(prefix);
    this.count(queue);
  }

  published(topic: Topic, published: Published): void {
    const { arn, archive } = topic;
    this.changes.set(KEY.topicCounter(arn), () => topicCounterRecord(topic));
    if (archive) this.changes.set(KEY.archived(arn, archive.end - 1), () => archivedRecord(published));
  }

  archiveEnded({ arn }: Topic): void {
    this.forget(KEY.archived(arn));
  }

  topicDeleted({ arn }: Topic): void {
    for (const prefix of [KEY.published(arn), KEY.archived(arn)]) this.forget(prefix);
    this.changes.set(KEY.topicCounter(arn), null);
  }

  /** Begins with the state as it is: what is written from now on are changes of it. */
  attach(): void {
    this.prefixes = [];
    this.changes.clear();
    this.control.clear();
    this.broker.controlChanged = false;
    [this.lastId] = this.broker.ids.save();
    for (const [key, value] of controlRecords(this.broker)) this.control.set(key, JSON.stringify(value));
    this.listen();
    this.broker.journal = this;
  }

  /** Everything that has changed since the last time, in order; undefined: nothing has. */
  take(): JournalEntry[] | undefined {
    if (this.broker.controlChanged) this.compareControl();
    const ids = this.broker.ids.save();
    // An id may have been given to a message that nobody got: it is not given again.
    if (ids[0] !== this.lastId) this.changes.set(KEY.ids, () => ids);
    this.lastId = ids[0];
    if (this.prefixes.length === 0 && this.changes.size === 0) return undefined;
    const entries: JournalEntry[] = this.prefixes.map((prefix): JournalEntry => [prefix, null, '-']);
    for (const [key, make] of this.changes) entries.push([key, make ? make() : null]);
    this.prefixes = [];
    this.changes.clear();
    return entries;
  }

  private count(queue: Queue): void {
    this.changes.set(KEY.counters(queue.name), () => queue.counters);
  }

  private forget(prefix: string): void {
    for (const key of this.changes.keys()) if (key.startsWith(prefix)) this.changes.delete(key);
    this.prefixes.push(prefix);
  }

  private compareControl(): void {
    this.broker.controlChanged = false;
    const before = new Set(this.control.keys());
    for (const [key, value] of controlRecords(this.broker)) {
      before.delete(key);
      const text = JSON.stringify(value);
      if (this.control.get(key) === text) continue;
      this.control.set(key, text);
      this.changes.set(key, () => value);
    }
    for (const key of before) {
      this.control.delete(key);
      this.changes.set(key, null);
    }
    this.listen();
  }

  /** What queues and FIFO topics remember of what was sent is written by them, also of new ones. */
  private listen(): void {
    for (const { name, fifo, deduplication } of this.broker.queues.values()) {
      if (fifo) deduplication.onRemember ??= (key, sent) => this.changes.set(KEY.sent(name, key), () => sent);
    }
    for (const { arn, fifo, deduplication } of this.broker.topics.values()) {
      if (fifo) deduplication.onRemember ??= (key, sent) => this.changes.set(KEY.published(arn, key), () => sent);
    }
  }
}
