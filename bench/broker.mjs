/**
 * How fast the embedded broker is: `npm run bench:broker`. It runs in a process of its own, the load comes from this
 * one over HTTP, in batches of ten. What counts on a machine that does other things too is the broker's CPU time per
 * message; the rate is what came out beside it. AWS_ENDPOINT_URL names another server for the same load, MESSAGES
 * another number of messages.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Connection } from './lib/connection.mjs';

const MESSAGES = Number(process.env.MESSAGES ?? 100_000);
const CONNECTIONS = 8;
const BATCH = 10;
const BODY = JSON.stringify({ id: '00000000-0000-4000-8000-000000000000', data: 'x'.repeat(100) });

const foreign = process.env.AWS_ENDPOINT_URL;
const broker = foreign
  ? undefined
  : fork(new URL('servers/embedded.mjs', import.meta.url), { execArgv: ['--expose-gc'] });
/** A foreign server tells nothing of itself. */
const ask = async question => {
  if (!broker) return {};
  broker.send(question);
  return (await once(broker, 'message'))[0];
};
const { endpoint = foreign } = await ask('endpoint');
const connections = Array.from({ length: CONNECTIONS }, () => new Connection(endpoint));
const call = async (operation, input) => JSON.parse(await connections[0].call(operation, input));

/** Lets every connection repeat `step` until all steps are done; prints rate and CPU time. */
async function measure(what, messages, step) {
  const before = await ask('usage');
  const start = performance.now();
  let left = messages / BATCH;
  await Promise.all(
    connections.map(async connection => {
      while (left-- > 0) await step(connection);
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  const after = await ask('usage');
  const rate = `${Math.round(messages / seconds)
    .toLocaleString('en')
    .padStart(8)} messages/s`;
  const microseconds = (after.cpuMicroseconds - before.cpuMicroseconds) / messages;
  const cost = broker ? `${microseconds.toFixed(1).padStart(6)} µs of CPU each` : '';
  console.log(`${what.padEnd(44)} ${rate} ${cost}`);
}

const entries = Array.from({ length: BATCH }, (_, index) => ({ Id: `${index}`, MessageBody: BODY }));
const send = QueueUrl => connection => connection.call('SendMessageBatch', { QueueUrl, Entries: entries });
const receiveAndDelete = QueueUrl => async connection => {
  const { Messages = [] } = JSON.parse(
    await connection.call('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: BATCH, VisibilityTimeout: 600 }),
  );
  if (Messages.length !== BATCH) throw new Error(`received ${Messages.length} of ${BATCH}`);
  const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: `${index}`, ReceiptHandle }));
  await connection.call('DeleteMessageBatch', { QueueUrl, Entries });
};
const cycle = QueueUrl => async connection => {
  await send(QueueUrl)(connection);
  await receiveAndDelete(QueueUrl)(connection);
};

const { QueueUrl } = await call('CreateQueue', { QueueName: 'bench' });
await measure('warm-up: send, receive, delete', MESSAGES / 5, cycle(QueueUrl));
const empty = await ask('memory');
await measure('send', MESSAGES, send(QueueUrl));
const full = await ask('memory');
await measure(`send, receive, delete behind ${MESSAGES.toLocaleString('en')} others`, MESSAGES / 2, cycle(QueueUrl));
await measure('receive and delete', MESSAGES, receiveAndDelete(QueueUrl));
await measure('send, receive, delete on the empty queue', MESSAGES / 2, cycle(QueueUrl));
const after = await ask('memory');
if (broker) {
  const [before, filled, end] = [empty, full, after].map(({ heap }) => `${(heap / 1e6).toFixed(1)} MB`);
  console.log(`heap: ${before} before, ${filled} with ${MESSAGES.toLocaleString('en')} messages, ${end} afterwards`);
}

for (const connection of connections) connection.close();
broker?.disconnect();
