import type { Queue } from './queue/queue.js';
import type { QueueJournal } from './queue/surroundings.js';
import type { Published } from './sns/published-message.js';
import type { Topic } from './sns/topic.js';

/** Told of every change that has to outlive the process, but for those of {@link Broker.controlChanged}. */
export interface BrokerJournal extends QueueJournal<Queue> {
  /** A FIFO topic has accepted a message. */
  published(topic: Topic, published: Published): void;
  archiveEnded(topic: Topic): void;
  topicDeleted(topic: Topic): void;
}
