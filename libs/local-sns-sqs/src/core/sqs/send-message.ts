import { AwsError, batchRequestTooLong } from '../errors.js';
import type { Operation } from '../operation.js';
import { admit } from './admit.js';
import { readBatch, runBatch } from './batch.js';
import { findQueue } from './find-queue.js';
import { type Outgoing, place, readOutgoing } from './outgoing.js';

const MAX_BATCH_BYTES = 1_048_576;

export const sendMessage: Operation = (broker, input, call) => {
  const queue = findQueue(broker, input);
  admit(broker, queue, call, 'SendMessage');
  return place(broker, queue, readOutgoing(input));
};

export const sendMessageBatch: Operation = (broker, input, call) => {
  const queue = findQueue(broker, input);
  admit(broker, queue, call, 'SendMessage');
  let bytes = 0;
  const entries = readBatch(input, 'SendMessageBatchRequestEntry').map(({ id, input: entry }) => {
    try {
      const outgoing: Outgoing = readOutgoing(entry);
      bytes += outgoing.bytes;
      return { id, outgoing };
    } catch (error) {
      if (!(error instanceof AwsError) || error.code === 'SerializationException') throw error;
      return { id, outgoing: error };
    }
  });
  if (bytes > MAX_BATCH_BYTES) throw batchRequestTooLong(MAX_BATCH_BYTES, bytes);
  return runBatch(entries, ({ outgoing }) => {
    if (outgoing instanceof AwsError) throw outgoing;
    return place(broker, queue, outgoing);
  });
};
