import { jest } from '@jest/globals';
import { throwError } from 'rxjs';
import { consumerOf as consumerOn, quietLogger, type ConsumerSetup, type Handler } from '../../test/consumer.js';
import { hostileValues } from '../../test/hostile-values.js';
import { message as messageOf, ScriptedQueue } from '../../test/scripted-queue.js';
import type { SqsMessage } from '../interfaces/wire.interface.js';

const message = (id: string, group: string): SqsMessage => messageOf(id, { group });

/** A consumer of a FIFO queue that has these messages, and what became of them. */
function consumerOf(handler: Handler, messages: SqsMessage[], changes: ConsumerSetup = {}) {
  const wire = new ScriptedQueue();
  wire.put(...messages);
  const logger = quietLogger();
  const isPermanent = jest.fn<(error: unknown) => boolean>(() => false);
  const settings = { maxReceiveCount: 3, backoff: { initialSeconds: 0 }, isPermanent };
  const consumer = consumerOn(wire, handler, { fifo: true, settings, logger, ...changes });
  return { consumer, settled: wire.settled, logger, isPermanent };
}

const ways: Array<[string, (thrown: unknown) => unknown]> = [
  [
    'thrown',
    thrown => {
      throw thrown;
    },
  ],
  ['rejected with', thrown => Promise.reject(thrown)],
  ['the error of a stream', thrown => Promise.resolve(throwError(() => thrown))],
];

describe('QueueConsumer, of what its handlers throw:', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  describe.each(ways)('%s', (_, by) => {
    it.each(hostileValues())('%s is settled, and its group goes on', async (_, thrown) => {
      const { consumer, settled, logger } = consumerOf(
        data => (data === 'bad' ? by(thrown) : undefined),
        [message('bad', 'g'), message('behind', 'g'), message('other', 'h')],
      );
      consumer.start();
      await jest.advanceTimersByTimeAsync(20);
      expect(settled.toSorted()).toEqual(['bad in 0 s', 'behind in 0 s', 'other deleted']);
      expect(logger.error).not.toHaveBeenCalled();
      expect(logger.warn.mock.calls.map(([line]) => String(line))).toEqual([
        expect.stringMatching(/^q\.fifo: attempt 1 of 3 of message bad failed: .+; the next attempt is in 0 s$/s),
      ]);
    });

    it.each(hostileValues())('%s is a dead letter where no retry can help', async (_, thrown) => {
      const { consumer, settled, isPermanent } = consumerOf(() => by(thrown), [message('bad', 'g')]);
      isPermanent.mockReturnValue(true);
      consumer.start();
      await jest.advanceTimersByTimeAsync(20);
      expect(settled).toEqual(['bad to dlq', 'bad deleted']);
    });
  });

  it.each(hostileValues())('%s, given back as a result, does not keep the message', async (_, given) => {
    const { consumer, settled } = consumerOf(() => given, [message('m', 'g')]);
    consumer.start();
    await jest.advanceTimersByTimeAsync(20);
    expect(settled).toHaveLength(1);
  });

  it('and of a fault of its own: the message is tried again', async () => {
    const { consumer, settled, logger } = consumerOf(() => undefined, [message('bad', 'g'), message('other', 'h')], {
      requestOf: ({ MessageId }) => {
        if (MessageId === 'bad') throw Object.assign(new Error('x'), { message: ['ours'] });
        return undefined;
      },
    });
    logger.error.mockImplementationOnce(() => {
      throw new Error('and the logger throws too');
    });
    consumer.start();
    await jest.advanceTimersByTimeAsync(20);
    expect(settled.toSorted()).toEqual(['bad in 0 s', 'other deleted']);
  });
});
