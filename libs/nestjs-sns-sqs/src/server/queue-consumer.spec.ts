import { jest } from '@jest/globals';
import { consumerOf as consumerOn, quietLogger, type ConsumerSetup, type Handler } from '../../test/consumer.js';
import { forever, message, ScriptedQueue, succeeded } from '../../test/scripted-queue.js';
import type { SqsContext } from '../ctx-host/sqs.context.js';
import { DeadLetter, Discard, RetryLater } from '../errors/handler-outcomes.js';

/** A consumer whose queue holds what the test puts there; `settled` tells in order what became of it. */
function consumerOf(handler: Handler, { fifo, ...settings }: { fifo?: boolean } & ConsumerSetup['settings'] = {}) {
  const wire = new ScriptedQueue();
  const logger = quietLogger();
  const consumer = consumerOn(wire, handler, {
    ...(fifo && { fifo }),
    logger,
    settings: { maxReceiveCount: 3, ...settings },
  });
  return { consumer, wire, settled: wire.settled, put: wire.deliver.bind(wire), logger };
}

describe('QueueConsumer', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('deletes what a handler has finished and handles what it received at the probe', async () => {
    const handle = jest.fn<Handler>();
    const { consumer, settled, put } = consumerOf(handle);
    await put(message('probed'));
    await consumer.probe();
    expect(handle).not.toHaveBeenCalled();
    consumer.start();
    await put(message('next'));
    expect(settled).toEqual(['probed deleted', 'next deleted']);
  });

  it.each<[string, Error, string[], 'log' | 'warn' | 'error']>([
    ['discards', new Discard('seen'), ['m deleted'], 'log'],
    ['delays', new RetryLater(9), ['m in 9 s'], 'warn'],
    ['dead-letters', new DeadLetter('never'), ['m to dlq', 'm deleted'], 'error'],
  ])('%s what the handler throws %p for', async (_, outcome, expected, level) => {
    const { consumer, settled, put, logger } = consumerOf(() => Promise.reject(outcome));
    consumer.start();
    await put(message('m'));
    expect(settled).toEqual(expected);
    const lines = logger[level].mock.calls.map(([line]) => String(line));
    expect(lines).toEqual([
      expect.stringContaining(`q: attempt 1 of 3 of message m ended with ${outcome.name}: ${outcome.message}`),
    ]);
  });

  it('dead-letters the failure of the last attempt, and logs where it went wrong', async () => {
    const error = new Error('no');
    const { consumer, settled, put, logger } = consumerOf(() => Promise.reject(error));
    consumer.start();
    await put(message('m', { receives: 3 }));
    expect(settled).toEqual(['m to dlq', 'm deleted']);
    const [[line] = []] = logger.error.mock.calls;
    expect(String(line)).toContain('the message goes to the dead-letter queue');
    expect(line).toMatchObject({ queue: 'q', messageId: 'm', attempt: 3, maxReceiveCount: 3, err: error });
  });

  it('does not run a handler again whose delete was lost', async () => {
    const handle = jest.fn<Handler>();
    const { consumer, settled, put } = consumerOf(handle);
    consumer.start();
    await put(message('m'));
    await put(message('m', { receives: 2 }));
    expect(handle).toHaveBeenCalledTimes(1);
    expect(settled).toEqual(['m deleted', 'm deleted']);
  });

  it('has no more in work than its concurrency', async () => {
    const { consumer, wire, put } = consumerOf(forever, { concurrency: 3 });
    consumer.start();
    await put(message('a'), message('b'));
    expect(wire.receive.mock.calls.map(([{ maxMessages }]) => maxMessages)).toEqual([3, 1]);
    await put(message('c'));
    expect(wire.receive).toHaveBeenCalledTimes(2);
  });

  it('holds a FIFO group behind its failing head for as long, and other groups go on', async () => {
    const { consumer, settled, put } = consumerOf(
      data => (data === 'head' ? Promise.reject(new RetryLater(5)) : Promise.resolve()),
      { fifo: true },
    );
    consumer.start();
    await put(message('head', { group: 'g' }), message('tail', { group: 'g' }), message('other', { group: 'h' }));
    expect(settled.toSorted()).toEqual(['head in 5 s', 'other deleted', 'tail in 5 s']);
  });

  it('does not count an attempt of a message that waited behind a failing head', async () => {
    const attempts: string[] = [];
    const { consumer, put } = consumerOf(
      (data, context) => {
        attempts.push(`${String(data)} ${context.getAttempt()}`);
        return attempts.length === 1 ? Promise.reject(new RetryLater(0)) : Promise.resolve();
      },
      { fifo: true },
    );
    consumer.start();
    await put(message('head', { group: 'g' }), message('tail', { group: 'g' }));
    await put(message('head', { group: 'g', receives: 2 }), message('tail', { group: 'g', receives: 2 }));
    expect(attempts).toEqual(['head 1', 'head 2', 'tail 1']);
  });

  it('counts no attempt of a message behind a head that failed in another process', async () => {
    const attempts: string[] = [];
    const { consumer, settled, put } = consumerOf(
      (data, context) => {
        attempts.push(`${String(data)} ${context.getAttempt()}`);
        return Promise.reject(new Error('no'));
      },
      { fifo: true },
    );
    consumer.start();
    await put(message('head', { group: 'g', receives: 3 }), message('tail', { group: 'g', receives: 3 }));
    await put(message('tail', { group: 'g', receives: 4 }));
    await jest.advanceTimersByTimeAsync(2_000);
    await put(message('tail', { group: 'g', receives: 5 }));
    expect(attempts).toEqual(['head 3', 'tail 1', 'tail 2']);
    expect(settled).toEqual(['head in 2 s', 'tail in 2 s', 'tail in 2 s', expect.stringMatching(/^tail in 1\d s$/)]);
  });

  it('counts the attempt of a message that comes again while it is still in work', async () => {
    const attempts: number[] = [];
    let finish: () => void = () => undefined;
    const { consumer, put } = consumerOf(
      (_, context) => {
        attempts.push(context.getAttempt());
        return new Promise<void>((_resolve, reject) => (finish = () => reject(new Error('no'))));
      },
      { fifo: true },
    );
    consumer.start();
    await put(message('m', { group: 'g' }), message('n', { group: 'g' }));
    await put(message('m', { group: 'g', receives: 2 }));
    finish();
    await jest.advanceTimersByTimeAsync(2_010);
    await put(message('m', { group: 'g', receives: 3 }));
    expect(attempts).toEqual([1, 2]);
  });

  it('puts a message off whose delay has failed, and that costs no attempt', async () => {
    const attempts: number[] = [];
    const { consumer, wire, put } = consumerOf((_, context) => {
      attempts.push(context.getAttempt());
      return Promise.reject(new Error('no'));
    });
    wire.changeVisibilityBatch.mockImplementation((_, entries) =>
      Promise.resolve({
        successful: [],
        failed: entries.map(({ id }) => ({ id, code: 'MessageNotInflight', message: 'no', senderFault: true })),
      }),
    );
    consumer.start();
    for (const [before, delay] of [2, 16].entries()) {
      await put(message('m', { receives: 2 * before + 1 }));
      await jest.advanceTimersByTimeAsync(500 * 0.8 * delay);
      await put(message('m', { receives: 2 * before + 2 }));
      await jest.advanceTimersByTimeAsync(500 * delay + 500 * 0.2 * delay);
    }
    expect(attempts).toEqual([1, 2]);
  });

  describe('when a message comes while SQS has accepted its delay', () => {
    const failing = () => {
      const attempts: number[] = [];
      const handler: Handler = (_, context) => {
        attempts.push(context.getAttempt());
        throw new RetryLater(3_600);
      };
      return { attempts, ...consumerOf(handler) };
    };

    it('puts that copy off for the rest, which costs no attempt', async () => {
      const { consumer, put, attempts, settled } = failing();
      consumer.start();
      await put(message('m', { receives: 1 }));
      await jest.advanceTimersByTimeAsync(600_000);
      await put(message('m', { receives: 2 }));
      expect(attempts).toEqual([1]);
      expect(settled).toEqual(['m in 3600 s', 'm in 3000 s']);
    });

    it('tries it where it is time by the clock of SQS, whatever the clock of this process says', async () => {
      const { consumer, put, attempts, wire } = failing();
      const startedAt = Date.UTC(2026, 0, 1);
      wire.date = startedAt;
      consumer.start();
      await put(message('m', { receives: 1 }));
      wire.date = startedAt + 3_600_000;
      await put(message('m', { receives: 2 }));
      expect(attempts).toEqual([1, 2]);
    });
  });

  it('holds no crowd of one subject: it stops receiving at two messages for each slot', async () => {
    const { consumer, wire, put } = consumerOf(forever, { concurrency: 10, laneBy: 'subject' });
    consumer.start();
    const body = JSON.stringify({ subject: 'one' });
    const ten = (from: string) => Array.from({ length: 10 }, (_, n) => message(`${from}${n}`, { body }));
    await put(...ten('a'));
    await put(...ten('b'));
    expect(wire.receive).toHaveBeenCalledTimes(2);
  });

  it('receives no more while deletes do not keep pace, and goes on when they have', async () => {
    const { consumer, wire, put } = consumerOf(() => Promise.resolve());
    let answer: () => void = () => undefined;
    const answered = new Promise<void>(resolve => (answer = resolve));
    wire.deleteBatch.mockImplementation(async (_, entries) => {
      await answered;
      return succeeded(entries);
    });
    consumer.start();
    const ten = () => Array.from({ length: 10 }, (_, n) => message(`m${n}`));
    for (let receives = 0; receives < 30; receives += 1) await put(...ten());
    const asked = wire.receive.mock.calls.length;
    expect(asked).toBeLessThan(25);
    answer();
    await jest.advanceTimersByTimeAsync(10);
    await put(...ten());
    expect(wire.receive.mock.calls.length).toBeGreaterThan(asked);
  });

  it('receives as many as deletes have made room for, and not all that its slots would take', async () => {
    const { consumer, wire, put } = consumerOf(() => Promise.resolve(), { concurrency: 50 });
    const answers: Array<() => void> = [];
    wire.deleteBatch.mockImplementation(async (_, entries) => {
      await new Promise<void>(resolve => answers.push(resolve));
      return succeeded(entries);
    });
    const askedFor = (): number[] => wire.receive.mock.calls.slice(asked).map(([{ maxMessages }]) => maxMessages);
    let asked = 0;
    consumer.start();
    const ten = (receive: number) => Array.from({ length: 10 }, (_, n) => message(`m${receive}-${n}`));
    for (let receive = 0; receive < 30; receive += 1) await put(...ten(receive));
    asked = wire.receive.mock.calls.length;
    answers.shift()?.();
    await jest.advanceTimersByTimeAsync(10);
    expect(askedFor()).toEqual([10]);
  });

  it('lets a FIFO group go on behind a dead letter', async () => {
    const { consumer, settled, put } = consumerOf(
      data => (data === 'head' ? Promise.reject(new DeadLetter('never')) : Promise.resolve()),
      { fifo: true },
    );
    consumer.start();
    await put(message('head', { group: 'g' }), message('tail', { group: 'g' }));
    expect(settled).toEqual(['head to dlq', 'head deleted', 'tail deleted']);
  });

  it('settles nothing whose lease was lost while the handler ran', async () => {
    let context: SqsContext | undefined;
    let finish: () => void = () => undefined;
    const { consumer, wire, settled, put } = consumerOf((_, given) => {
      context = given;
      return new Promise<void>(resolve => (finish = resolve));
    });
    wire.changeVisibilityBatch.mockImplementation((_, entries) =>
      Promise.resolve({
        successful: [],
        failed: entries.map(({ id }) => ({ id, code: 'ReceiptHandleIsInvalid', message: 'gone', senderFault: true })),
      }),
    );
    consumer.start();
    await put(message('m'));
    await jest.advanceTimersByTimeAsync(10_000);
    expect(context?.getSignal().aborted).toBe(true);
    finish();
    await jest.advanceTimersByTimeAsync(10);
    expect(settled).toEqual([]);
  });

  describe('stop', () => {
    it('gives unstarted messages back at once and waits for the running one', async () => {
      let finish: () => void = () => undefined;
      const { consumer, settled, put } = consumerOf(() => new Promise<void>(resolve => (finish = resolve)), {
        fifo: true,
      });
      consumer.start();
      await put(message('running', { group: 'g' }), message('waiting', { group: 'g' }));
      const stopped = jest.fn();
      void consumer.stop(20_000).then(stopped);
      await jest.advanceTimersByTimeAsync(5_000);
      expect(settled).toEqual(['waiting in 0 s']);
      expect(stopped).not.toHaveBeenCalled();
      finish();
      await jest.advanceTimersByTimeAsync(10);
      expect(settled).toEqual(['waiting in 0 s', 'running deleted']);
      expect(stopped).toHaveBeenCalled();
      expect(jest.getTimerCount()).toBe(0);
    });

    it('tells a handler that takes too long to stop, and gives its message back', async () => {
      let context: SqsContext | undefined;
      const { consumer, settled, put } = consumerOf((_, given) => ((context = given), forever()));
      consumer.start();
      await put(message('m'));
      const stopped = consumer.stop(1_000);
      await jest.advanceTimersByTimeAsync(999);
      expect(context?.getSignal().aborted).toBe(false);
      await jest.advanceTimersByTimeAsync(1);
      expect(context?.getSignal().reason).toEqual(
        new Error('the server is stopping and shutdownTimeoutMs (1000 ms) is over'),
      );
      expect(settled).toEqual([]);
      await jest.advanceTimersByTimeAsync(250);
      await stopped;
      expect(settled).toEqual(['m in 0 s']);
    });

    it('gives back what the probe received, and what arrives while it stops', async () => {
      const handle = jest.fn<Handler>();
      const probed = consumerOf(handle);
      await probed.put(message('probed'));
      await probed.consumer.probe();
      const started = consumerOf(handle);
      started.consumer.start();
      const stopped = Promise.all([probed.consumer.stop(1_000), started.consumer.stop(1_000)]);
      await started.put(message('late'));
      await jest.advanceTimersByTimeAsync(250);
      await stopped;
      expect([...probed.settled, ...started.settled]).toEqual(['probed in 0 s', 'late in 0 s']);
      expect(handle).not.toHaveBeenCalled();
    });

    it('ends within its time and a short grace, whatever takes long', async () => {
      const { consumer, wire, put } = consumerOf(data => (data === 'hangs' ? forever() : Promise.resolve()));
      wire.deleteBatch.mockImplementation(forever);
      consumer.start();
      await put(message('done'), message('hangs'));
      let isStopped = false;
      void consumer.stop(10_000).then(() => (isStopped = true));
      await jest.advanceTimersByTimeAsync(10_000 + 250 + 2_000);
      expect(isStopped).toBe(true);
    });

    it('does not wait for ever for calls that AWS does not answer', async () => {
      const { consumer, wire, put } = consumerOf(() => Promise.resolve());
      wire.deleteBatch.mockImplementation(forever);
      consumer.start();
      await put(message('m'));
      const stopped = consumer.stop(100);
      await jest.advanceTimersByTimeAsync(2_500);
      await expect(stopped).resolves.toBeUndefined();
    });
  });
});
