import { FakePlanes } from '../../test/fake-planes.js';
import { lookUpQueues } from './look-up-queues.js';
import type { QueueSpec, Topology } from './topology.model.js';

const queue = (name: string): QueueSpec => ({
  name,
  fifo: false,
  deadLetterQueue: `${name}-dlq`,
  visibilityTimeoutSeconds: 30,
  retentionSeconds: 1_209_600,
  subscriptions: [{ topic: 't', types: ['a'] }],
  formerly: [],
});
const topology: Topology = { topics: [{ name: 't' }], queues: [queue('a'), queue('b')] };
/** Where these queues are. */
const lookUp = (...names: string[]) => {
  const fake = new FakePlanes();
  for (const name of names) fake.queues.set(name, {});
  return lookUpQueues(topology, fake.planes(), fake.keeper(fake.planes(), { claims: false }));
};

describe('lookUpQueues', () => {
  it('gives the URLs of the queues and their dead letter queues', async () => {
    expect(await lookUp('a', 'a-dlq', 'b', 'b-dlq')).toMatchObject([
      { name: 'a', url: 'url/a', deadLetterQueueUrl: 'url/a-dlq' },
      { name: 'b', url: 'url/b', deadLetterQueueUrl: 'url/b-dlq' },
    ]);
  });

  it('names every missing queue in one error', async () => {
    await expect(lookUp('b')).rejects.toMatchObject({
      code: 'QUEUE_NOT_FOUND',
      facts: { missing: expect.arrayContaining(['a', 'a-dlq', 'b-dlq']) as string[] },
    });
  });
});
