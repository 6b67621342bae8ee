import { setImmediate as turn } from 'node:timers/promises';
import { consumerOf } from '../../test/consumer.js';
import { message, ScriptedQueue } from '../../test/scripted-queue.js';
import type { QueueConsumer } from './queue-consumer.js';

const LARGE = JSON.stringify({ subject: 'x'.repeat(200_000) });

const consumers: QueueConsumer[] = [];

/** A consumer that has received these; `begun` has each message whose handler has begun. */
function received(bodies: Record<string, string>) {
  const wire = new ScriptedQueue();
  const begun: string[] = [];
  const consumer = consumerOf(wire, id => void begun.push(id));
  consumers.push(consumer);
  const messages = Object.entries(bodies).map(([id, body]) => message(id, { body }));
  consumer.accept(messages, { receivedAt: performance.now(), isDoubted: false });
  return { begun, consumer, settled: wire.settled };
}

describe('QueueConsumer with large messages', () => {
  afterEach(async () => {
    for (const consumer of consumers.splice(0)) await consumer.stop(1_000);
  });

  it('begins with them turn by turn of the event loop, in their order, and loses none', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
    const { begun, settled } = received(Object.fromEntries(ids.map(id => [id, LARGE])));
    const most: number[] = [];
    for (let before = 0; settled.length < ids.length; before = begun.length) {
      await turn();
      most.push(begun.length - before);
    }
    // The turns of the budget may lie before or behind those of this test.
    expect(Math.max(...most)).toBeLessThanOrEqual(2);
    expect(begun).toEqual(ids);
    expect(settled.toSorted()).toEqual(ids.map(id => `${id} deleted`));
  });

  it('lets no small one wait for them', async () => {
    const { begun, settled } = received({ a: LARGE, b: LARGE, c: LARGE, d: LARGE, e: LARGE, small: '{}' });
    await turn();
    expect(begun).toContain('small');
    expect(begun).not.toContain('e');
    while (settled.length < 6) await turn();
  });

  it('begins with none that was returned to its queue meanwhile', async () => {
    const { begun, consumer, settled } = received({ a: LARGE, b: LARGE, c: LARGE, d: LARGE });
    consumer.stopIntake();
    while (settled.length < 4) await turn();
    expect(begun).not.toContain('d');
    expect(settled).toContain('d in 0 s');
  });
});
