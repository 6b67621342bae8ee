import {
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { clientConfig, eachOfGroupInTurn, inTens, isFifo, pollersFor, urlOf } from '../lib/contestant.mjs';

/** As one writes it by hand: receive ten, handle them side by side, delete them in one call, again. */
export async function consume({ endpoint, queues, slots, handle }) {
  const client = new SQSClient(clientConfig(endpoint));
  const stopping = new AbortController();
  const poll = async QueueUrl => {
    while (!stopping.signal.aborted) {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({
          QueueUrl,
          MaxNumberOfMessages: 10,
          WaitTimeSeconds: 20,
          MessageSystemAttributeNames: ['All'],
          MessageAttributeNames: ['All'],
        }),
        { abortSignal: stopping.signal },
      );
      if (Messages.length === 0) continue;
      const work = Messages.map(({ Body }) => JSON.parse(Body).data);
      await (isFifo(QueueUrl) ? eachOfGroupInTurn(work, handle) : Promise.all(work.map(handle)));
      await client.send(
        new DeleteMessageBatchCommand({
          QueueUrl,
          Entries: Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle })),
        }),
      );
    }
  };
  for (const queue of queues) {
    for (let index = 0; index < pollersFor(slots, queues); index += 1) {
      poll(urlOf(endpoint, queue)).catch(error => {
        if (!stopping.signal.aborted) throw error;
      });
    }
  }
  return { stop: () => stopping.abort() };
}

let sent = 0;

/** Ten to a call when ten are at hand, and at once when not. On FIFO a message that fails is overtaken by its group. */
export function publish({ endpoint, queue }) {
  const client = new SQSClient(clientConfig(endpoint));
  const send = inTens(batch =>
    client.send(
      new SendMessageBatchCommand({
        QueueUrl: urlOf(endpoint, queue),
        Entries: batch.map(({ data, group }, index) => ({
          Id: String(index),
          MessageBody: JSON.stringify({ type: 'bench.tick', data }),
          ...(group && { MessageGroupId: group, MessageDeduplicationId: String((sent += 1)) }),
        })),
      }),
    ),
  );
  return { send, stop: () => client.destroy() };
}
