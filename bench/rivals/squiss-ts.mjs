import { SQS } from '@aws-sdk/client-sqs';
import { Squiss } from 'squiss-ts';
import { clientConfig, urlOf } from '../lib/contestant.mjs';

/** One instance makes one receive at a time: ten share a queue's slots when there are many, one when there are few. */
const instancesFor = (slots, queues) => (queues.length > 1 ? 1 : Math.max(1, Math.floor(slots / 50)));

export async function consume({ endpoint, queues, slots, handle }) {
  const sqs = new SQS(clientConfig(endpoint));
  const all = [];
  for (const queue of queues) {
    const instances = instancesFor(slots, queues);
    for (let index = 0; index < instances; index += 1) {
      const squiss = new Squiss({
        SQS: sqs,
        queueUrl: urlOf(endpoint, queue),
        bodyFormat: 'json',
        maxInFlight: Math.max(10, slots / queues.length / instances),
        visibilityTimeoutSecs: 30,
        deleteWaitMs: 50,
      });
      squiss.on('error', error => console.error(error));
      squiss.on('message', message => {
        void Promise.resolve(handle(message.body.data)).then(() => message.del());
      });
      await squiss.start();
      all.push(squiss);
    }
  }
  return { stop: () => all.forEach(squiss => squiss.stop(true)) };
}

export function publish({ endpoint, queue }) {
  const squiss = new Squiss({ SQS: new SQS(clientConfig(endpoint)), queueUrl: urlOf(endpoint, queue) });
  return { send: data => squiss.sendMessage({ type: 'bench.tick', data }), stop: () => undefined };
}
