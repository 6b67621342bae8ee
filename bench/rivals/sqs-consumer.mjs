import { SQSClient } from '@aws-sdk/client-sqs';
import { Consumer } from 'sqs-consumer';
import { clientConfig, isFifo, pollersFor, urlOf } from '../lib/contestant.mjs';

/** Batches are handled and deleted as batches, and as many consumers share a queue as its slots ask for. */
export async function consume({ endpoint, queues, slots, handle }) {
  const sqs = new SQSClient(clientConfig(endpoint));
  const dataOf = ({ Body }) => JSON.parse(Body).data;
  const handlers = fifo =>
    fifo
      ? { handleMessage: async message => (await handle(dataOf(message)), message), suppressFifoWarning: true }
      : {
          async handleMessageBatch(messages) {
            await Promise.all(messages.map(message => handle(dataOf(message))));
            return messages;
          },
        };
  const consumers = queues.flatMap(queue =>
    Array.from({ length: pollersFor(slots, queues) }, () =>
      Consumer.create({ queueUrl: urlOf(endpoint, queue), sqs, batchSize: 10, ...handlers(isFifo(queue)) }),
    ),
  );
  for (const consumer of consumers) {
    consumer.on('error', error => console.error(error));
    consumer.start();
  }
  return { stop: () => consumers.forEach(consumer => consumer.stop({ abort: true })) };
}
