import { Agent } from 'node:http';

const ACCOUNT = '000000000000';

export const isFifo = name => name.endsWith('.fifo');
export const urlOf = (endpoint, queue) => `${endpoint}/${ACCOUNT}/${queue}`;

/** For `new SQSClient()`: sockets without a bound, since the SDK's fifty would hold up everybody's deletes. */
export const clientConfig = endpoint => ({
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
  requestHandler: { httpAgent: new Agent({ keepAlive: true, maxSockets: Infinity }) },
});

/** For those that handle a batch at a time: enough pollers of ten for all slots, one for each of many queues. */
export const pollersFor = (slots, queues) => Math.max(1, Math.floor(slots / 10 / queues.length));

/** Side by side by group, one after the other within. */
export async function eachOfGroupInTurn(work, handle) {
  const groups = Map.groupBy(work, ({ group }) => group);
  await Promise.all(
    [...groups.values()].map(async messages => {
      for (const message of messages) await handle(message);
    }),
  );
}

/** Gathers what is sent in one turn of the event loop into calls of ten: `call` gets their `{ data, group }`. */
export function inTens(call) {
  let waiting = [];
  const flush = () => {
    const all = waiting;
    waiting = [];
    for (let at = 0; at < all.length; at += 10) {
      const batch = all.slice(at, at + 10);
      call(batch).then(
        () => batch.forEach(({ resolve }) => resolve()),
        error => batch.forEach(({ reject }) => reject(error)),
      );
    }
  };
  return (data, group) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({ data, group, resolve, reject });
    });
}
