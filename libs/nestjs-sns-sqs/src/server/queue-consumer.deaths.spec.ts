import { jest } from '@jest/globals';
import { consumerOf, type Handler } from '../../test/consumer.js';
import { message, ScriptedQueue, succeeded } from '../../test/scripted-queue.js';
import { DeadLetter, RetryLater } from '../errors/handler-outcomes.js';

const LEASE_MS = 30_000;
const LEFT_BY_A_DEATH = 'nestjs-sns-sqs:started:m:of-a-process-that-died';

/** A consumer of a queue on whose tags a process that died has left its mark for `m`; no store tells of it. */
function consumerAfterADeath(handler: Handler, untagMs = 0) {
  const wire = new ScriptedQueue();
  const marks: Record<string, string> = { [LEFT_BY_A_DEATH]: `${new Date().toISOString()} token` };
  const tags = {
    listQueueTags: () => Promise.resolve({ ...marks }),
    tagQueue: (_: string, more: Record<string, string>) => Promise.resolve(void Object.assign(marks, more)),
    untagQueue: async (_: string, names: readonly string[]) => {
      await new Promise(resolve => setTimeout(resolve, untagMs));
      for (const name of names) delete marks[name];
    },
  };
  const consumer = consumerOf(wire, handler, { tags, settings: { maxReceiveCount: 9 } });
  consumer.start();
  const names = () => Object.keys(marks);
  return { wire, names, consumer };
}

/** A lease later its mark is the same, so it is run alone. */
async function deliverTwice(wire: ScriptedQueue): Promise<void> {
  await wire.deliver(message('m', { receives: 8 }));
  expect(wire.settled.splice(0)).toEqual(['m in 30 s']);
  await jest.advanceTimersByTimeAsync(LEASE_MS);
  await wire.deliver(message('m', { receives: 9 }));
}

describe('QueueConsumer, of a message that processes may have died of:', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('its mark goes with the message that is handled', async () => {
    const { wire, names } = consumerAfterADeath(() => undefined);
    await deliverTwice(wire);
    expect(wire.settled).toEqual(['m deleted']);
    expect(names()).toEqual([]);
  });

  it('its mark stays where the message does', async () => {
    const { wire, names } = consumerAfterADeath(() => Promise.reject(new RetryLater(5)));
    await deliverTwice(wire);
    expect(wire.settled).toEqual(['m in 5 s']);
    expect(names()).toEqual([LEFT_BY_A_DEATH]);
  });

  it('its mark stays until the dead letter queue has accepted the copy', async () => {
    const { wire, names } = consumerAfterADeath(() => Promise.reject(new DeadLetter('never')));
    wire.sendBatch.mockImplementation((_, entries) =>
      Promise.resolve({
        successful: [],
        failed: entries.map(({ id }) => ({ id, code: 'AccessDenied', message: 'no', senderFault: true })),
      }),
    );
    await deliverTwice(wire);
    // Its copy is refused several times first.
    await jest.advanceTimersByTimeAsync(5_000);
    expect(wire.settled.splice(0)).toEqual([expect.stringMatching(/^m in \d+ s$/)]);
    // Another process may be the next to have it, and must not run it beside others.
    expect(names()).toEqual([LEFT_BY_A_DEATH]);

    wire.sendBatch.mockImplementation((_, entries) => succeeded(entries));
    await jest.advanceTimersByTimeAsync(900_000);
    await wire.deliver(message('m', { receives: 10 }));
    expect(wire.settled).toEqual(['m deleted']);
    expect(names()).toEqual([]);
  });

  it('no mark of its own is left when a stop has ended, although its removal takes a moment: it would look like a death', async () => {
    const { wire, names, consumer } = consumerAfterADeath(
      (_, context) =>
        new Promise((_resolve, reject) =>
          context.getSignal().addEventListener('abort', () => reject(new Error('aborted'))),
        ),
      500,
    );
    await wire.deliver(message('n', { receives: 8 }));
    await jest.advanceTimersByTimeAsync(500);
    expect(names()).toEqual([LEFT_BY_A_DEATH, expect.stringContaining(':started:n:')]);
    const namesAtItsEnd = consumer.stop(0).then(names);
    await jest.advanceTimersByTimeAsync(30_000);
    expect(await namesAtItsEnd).toEqual([LEFT_BY_A_DEATH]);
    expect(wire.settled).toEqual(['n in 0 s']);
  });
});
