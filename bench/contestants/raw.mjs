// What HTTP allows on this machine, over the pool that the library uses. No message is looked at: requests are signed
// beforehand, and what SQS answers is read and thrown away. So this is a limit and not a consumer. With `byHand` it is the
// least that a consumer has to do: it reads answers and bodies, checks their sums, and writes and signs its deletes.
import { hash } from 'node:crypto';
import { Connections } from '#lib/wire/connections.js';
import { Signer } from '#lib/wire/lean/signer.js';
import { inTens, pollersFor, urlOf } from '../lib/contestant.mjs';
import { now } from '../lib/clock.mjs';
import { bodyOf, PATTERN } from '../lib/message.mjs';

const BATCH = Array.from({ length: 10 }, (_, at) => at);
/** As long as AWS's. */
const HANDLE = `n1.${'AQEB'.repeat(96)}`;

/** Gives a function of an operation's input: a signed request. */
function signing(endpoint, operation) {
  const { origin, host } = new URL(endpoint);
  const signer = new Signer('sqs', () => Promise.resolve({ accessKeyId: 'bench', secretAccessKey: 'bench' }));
  const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${operation}` };
  const at = { origin, host, path: '/', region: 'us-east-1', headers: {} };
  return async input => ({
    origin,
    path: '/',
    ...(await signer.sign(at, headers, JSON.stringify(input), new Date())),
  });
}

const signed = (endpoint, operation, input) => signing(endpoint, operation)(input);

/** As few steps as a consumer may have; gives what it deletes. */
function handleByHand(body, handle) {
  const { Messages } = JSON.parse(body.toString());
  return Messages.map(({ MessageId, Body, MD5OfBody, ReceiptHandle }) => {
    if (hash('md5', Body) !== MD5OfBody) throw new Error('A body that is not the one that was sent');
    handle(JSON.parse(Body).data);
    return { Id: MessageId, ReceiptHandle };
  });
}

/** Gives a function that handles an answer's body and deletes its messages; it knows nothing of what it has received. */
async function blindly({ endpoint, QueueUrl, handle, settling }) {
  const Entries = BATCH.map(at => ({ Id: String(at), ReceiptHandle: HANDLE }));
  const remove = await signed(endpoint, 'DeleteMessageBatch', { QueueUrl, Entries });
  return (_, at) => {
    for (const n of BATCH) handle({ n, at });
    return settling.send(remove);
  };
}

/** As {@link blindly}, with all that a consumer has to do. */
function knowingly({ endpoint, QueueUrl, handle, settling }) {
  const sign = signing(endpoint, 'DeleteMessageBatch');
  return async body => {
    const { body: answer } = await settling.send(await sign({ QueueUrl, Entries: handleByHand(body, handle) }));
    if (JSON.parse(answer.toString()).Failed?.length > 0) throw new Error('A message that was not deleted');
  };
}

export const consume = options => consumeWith(blindly, options);
export const byHand = { consume: options => consumeWith(knowingly, options) };

async function consumeWith(settler, { endpoint, queues, slots, handle }) {
  const polling = new Connections({ silenceMs: 30_000 });
  const settling = new Connections({ silenceMs: 30_000 });
  let isOver = false;
  const poll = async (receive, settle) => {
    while (!isOver) {
      const at = now();
      const { body } = await polling.send(receive);
      // A long poll that ends has no message.
      if (body.length >= 100) await settle(body, at);
    }
  };
  for (const queue of queues) {
    const QueueUrl = urlOf(endpoint, queue);
    const names = { MessageSystemAttributeNames: ['All'], MessageAttributeNames: ['All'] };
    const wanted = { QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 20, ...names };
    const receive = await signed(endpoint, 'ReceiveMessage', wanted);
    const settle = await settler({ endpoint, QueueUrl, handle, settling });
    for (let index = 0; index < pollersFor(slots, queues); index += 1) {
      poll(receive, settle).catch(error => {
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
