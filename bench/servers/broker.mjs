// The embedded broker, in a process of its own. Spoken to by its parent over IPC.
import { CreateQueueCommand, SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { startLocalBroker } from '../../dist/libs/local-sns-sqs/esm/index.js';
import { now } from '../lib/clock.mjs';
import { clientConfig, isFifo, urlOf } from '../lib/contestant.mjs';
import { bodyOf } from '../lib/message.mjs';

const broker = await startLocalBroker();
const sqs = new SQSClient(clientConfig(broker.endpoint));

async function make(name) {
  const Attributes = isFifo(name)
    ? { FifoQueue: 'true', DeduplicationScope: 'messageGroup', FifoThroughputLimit: 'perMessageGroupId' }
    : {};
  await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }));
}

const commands = {
  reset: () => broker.reset(),
  /** Makes the queue with its dead letter queue, and puts `count` messages in. */
  async supply({ queue, count, groups = 0 }) {
    await make(queue);
    await make(isFifo(queue) ? queue.replace('.fifo', '-dlq.fifo') : `${queue}-dlq`);
    for (let at = 0; at < count; at += 10) {
      const Entries = Array.from({ length: 10 }, (_, index) => {
        const n = at + index;
        const group = groups > 0 ? `g${n % groups}` : '';
        const position = groups > 0 ? Math.floor(n / groups) : 0;
        return {
          Id: String(index),
          MessageBody: bodyOf(n, now(), group, position),
          ...(groups > 0 && { MessageGroupId: group, MessageDeduplicationId: String(n) }),
        };
      });
      await sqs.send(new SendMessageBatchCommand({ QueueUrl: urlOf(broker.endpoint, queue), Entries }));
    }
  },
  counts() {
    const calls = Object.entries(broker.inspect.calls()).map(([name, count]) => [name.replace('sqs.', 'call '), count]);
    return Object.fromEntries(calls);
  },
};

async function answer({ id, command, options = {} }) {
  process.send({ id, result: (await commands[command](options)) ?? null });
}

process.on('message', question => void answer(question));
process.on('disconnect', () => process.exit(0));
process.send({ ready: { endpoint: broker.endpoint } });
