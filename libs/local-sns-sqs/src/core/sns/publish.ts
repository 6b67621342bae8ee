import type { Broker } from '../broker.js';
import { batchRequestTooLong } from '../errors.js';
import type { Operation, Output } from '../operation.js';
import { readBatch, runBatch } from '../sqs/batch.js';
import { deliver } from './deliver.js';
import { publishTarget } from './find-topic.js';
import type { Published } from './published-message.js';
import { readPublished, readSize } from './published.js';
import type { Topic } from './topic.js';

/** Takes a message that has been checked, or recognises it as published before. */
function accept(broker: Broker, topic: Topic, published: Published): Output {
  if (topic.fifo) {
    const now = broker.now();
    const { groupId = '', deduplicationId = '' } = published;
    const perGroup = topic.attributes.get('FifoThroughputScope') === 'MessageGroup';
    const key = perGroup ? `${groupId}\n${deduplicationId}` : deduplicationId;
    const before = topic.deduplication.find(key, now);
    if (before) return { MessageId: before.messageId, SequenceNumber: before.sequenceNumber };
    published.sequenceNumber = topic.nextSequenceNumber();
    topic.deduplication.remember(key, published.id, published.sequenceNumber, now);
    topic.archive?.add(published, now);
    broker.journal?.published(topic, published);
  }
  deliver(broker, topic, published);
  return {
    MessageId: published.id,
    ...(published.sequenceNumber && { SequenceNumber: published.sequenceNumber }),
  };
}

export const publish: Operation = (broker, input) => {
  const topic = publishTarget(broker, input);
  return accept(broker, topic, readPublished(broker, topic, input));
};

/** Some faults of one entry make SNS refuse the whole request (`readSize`). Other faults fail their entry alone. */
export const publishBatch: Operation = (broker, input) => {
  const topic = publishTarget(broker, input);
  const entries = readBatch(input, 'PublishBatchRequestEntry', 'PublishBatchRequestEntries');
  // The topic's bound on one message is that on the sum of a batch, too (PublishBatch API).
  const limit = topic.maximumMessageSize;
  const bytes = entries.reduce((sum, entry) => sum + readSize(topic, entry.input), 0);
  if (bytes > limit) throw batchRequestTooLong(limit, bytes);
  const result = runBatch(entries, entry => accept(broker, topic, readPublished(broker, topic, entry.input)));
  return { Successful: [], Failed: [], ...result };
};
