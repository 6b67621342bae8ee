import type { Broker } from '../broker.js';
import { AwsError, batchRequestTooLong } from '../errors.js';
import type { Input } from '../input.js';
import type { Operation, Output } from '../operation.js';
import { readBatch, runBatch } from '../sqs/batch.js';
import { deliver } from './deliver.js';
import { publishTarget } from './find-topic.js';
import { readPublished, readSize } from './published.js';
import type { Topic } from './topic.js';

function accept(broker: Broker, topic: Topic, input: Input): Output {
  const published = readPublished(broker, topic, input);
  if (topic.fifo) {
    const now = broker.now();
    const { groupId = '', deduplicationId = '' } = published;
    const perGroup = topic.attributes.get('FifoThroughputScope') === 'MessageGroup';
    const key = perGroup ? `${groupId}\n${deduplicationId}` : deduplicationId;
    const before = topic.deduplication.find(key, now);
    if (before) return { MessageId: before.messageId, SequenceNumber: before.sequenceNumber };
    published.sequenceNumber = topic.nextSequenceNumber();
    topic.deduplication.remember(key, published.id, published.sequenceNumber, now);
  }
  deliver(broker, topic, published);
  return {
    MessageId: published.id,
    ...(published.sequenceNumber && { SequenceNumber: published.sequenceNumber }),
  };
}

export const publish: Operation = (broker, input) => accept(broker, publishTarget(broker, input), input);

const sizeOrNothing = (input: Input): number => {
  try {
    return readSize(input);
  } catch (error) {
    // What is wrong with an entry is told under that entry.
    if (error instanceof AwsError) return 0;
    throw error;
  }
};

export const publishBatch: Operation = (broker, input) => {
  const topic = publishTarget(broker, input);
  const entries = readBatch(input, 'PublishBatchRequestEntry', 'PublishBatchRequestEntries');
  // The topic's bound on one message is that on the sum of a batch, too (PublishBatch API).
  const limit = topic.maximumMessageSize;
  const bytes = entries.reduce((sum, entry) => sum + sizeOrNothing(entry.input), 0);
  if (bytes > limit) throw batchRequestTooLong(limit, bytes);
  const result = runBatch(entries, entry => accept(broker, topic, entry.input));
  return { Successful: [], Failed: [], ...result };
};
