import type { ControlPlanes } from './control-planes.js';
import { lookUpQueues } from './look-up-queues.js';
import type { QueueSpec, Topology } from './topology.model.js';

const queue = (name: string): QueueSpec => ({
  name,
  fifo: false,
  deadLetterQueue: `${name}-dlq`,
  visibilityTimeoutSeconds: 30,
  retentionSeconds: 1_209_600,
  subscriptions: [{ topic: 't', types: ['a'] }],
});
const topology: Topology = { topics: [{ name: 't' }], queues: [queue('a'), queue('b')] };
/** Planes that can do nothing but look queues up. */
const planesWith = (...names: string[]) =>
  ({
    sqs: { getQueueUrl: (name: string) => Promise.resolve(names.includes(name) ? `url/${name}` : undefined) },
    signal: new AbortController().signal,
  }) as unknown as ControlPlanes;

describe('lookUpQueues', () => {
  it('gives the URLs of the queues and their dead letter queues, and looks at nothing else', async () => {
    expect(await lookUpQueues(topology, planesWith('a', 'a-dlq', 'b', 'b-dlq'))).toEqual([
      { name: 'a', url: 'url/a', deadLetterQueueUrl: 'url/a-dlq' },
      { name: 'b', url: 'url/b', deadLetterQueueUrl: 'url/b-dlq' },
    ]);
  });

  it('names every missing queue in one error', async () => {
    await expect(lookUpQueues(topology, planesWith('b'))).rejects.toMatchObject({
      code: 'QUEUE_NOT_FOUND',
      facts: { missing: expect.arrayContaining(['a', 'a-dlq', 'b-dlq']) as string[] },
    });
  });
});
