// What HTTP allows on this machine: requests signed beforehand, over the pool that the library uses; what SQS answers is
// read and thrown away. No message is looked at, so this is a limit and not a consumer.
import { Connections } from '#lib/wire/connections.js';
import { Signer } from '#lib/wire/lean/signer.js';
import { inTens, pollersFor, urlOf } from '../lib/contestant.mjs';
import { now } from '../lib/clock.mjs';
import { bodyOf, PATTERN } from '../lib/message.mjs';

const BATCH = Array.from({ length: 10 }, (_, at) => at);
/** As long as AWS's. */
const HANDLE = `n1.${'AQEB'.repeat(96)}`;

async function signed(endpoint, operation, input) {
  const { origin, host } = new URL(endpoint);
  const signer = new Signer('sqs', () => Promise.resolve({ accessKeyId: 'bench', secretAccessKey: 'bench' }));
  const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${operation}` };
  const at = { origin, host, path: '/', region: 'us-east-1', headers: {} };
  return { origin, path: '/', ...(await signer.sign(at, headers, JSON.stringify(input), new Date())) };
}

export async function consume({ endpoint, queues, slots, handle }) {
  const polling = new Connections({ silenceMs: 30_000 });
  const settling = new Connections({ silenceMs: 30_000 });
  let isOver = false;
  const poll = async (receive, remove) => {
    while (!isOver) {
      const at = now();
      const { body } = await polling.send(receive);
      // A long poll that ends has no message.
      if (body.length < 100) continue;
      for (const n of BATCH) handle({ n, at });
      await settling.send(remove);
    }
  };
  for (const queue of queues) {
    const QueueUrl = urlOf(endpoint, queue);
    const names = { MessageSystemAttributeNames: ['All'], MessageAttributeNames: ['All'] };
    const wanted = { QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 20, ...names };
    const receive = await signed(endpoint, 'ReceiveMessage', wanted);
    const Entries = BATCH.map(at => ({ Id: String(at), ReceiptHandle: HANDLE }));
    const remove = await signed(endpoint, 'DeleteMessageBatch', { QueueUrl, Entries });
    for (let index = 0; index < pollersFor(slots, queues); index += 1) {
      poll(receive, remove).catch(error => {
        if (!isOver) throw error;
      });
    }
  }
  return {
    stop() {
      isOver = true;
      for (const connections of [polling, settling]) connections.destroy();
    },
  };
}

export async function publish({ endpoint, queue }) {
  const connections = new Connections({ silenceMs: 30_000, most: 200 });
  const MessageAttributes = { type: { DataType: 'String', StringValue: PATTERN } };
  const batches = await Promise.all(
    Array.from({ length: 11 }, (_, count) => {
      const Entries = BATCH.slice(0, count).map(at => ({
        Id: String(at),
        MessageBody: bodyOf(at, now(), '', 0),
        MessageAttributes,
      }));
      return signed(endpoint, 'SendMessageBatch', { QueueUrl: urlOf(endpoint, queue), Entries });
    }),
  );
  return { send: inTens(batch => connections.send(batches[batch.length])), stop: () => connections.destroy() };
}
