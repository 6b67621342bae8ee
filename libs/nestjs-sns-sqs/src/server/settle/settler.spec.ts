import { jest } from '@jest/globals';
import { succeeded } from '../../../test/scripted-queue.js';
import type { BatchResult, SqsWire } from '../../interfaces/wire.interface.js';
import { Delivery } from '../delivery.js';
import { Settler } from './settler.js';

type Entries = ReadonlyArray<{ id: string }>;

const well = (_: string, entries: Entries): Promise<BatchResult> => succeeded(entries);
const refused = (_: string, entries: Entries): Promise<BatchResult> =>
  Promise.resolve({
    successful: [],
    failed: entries.map(({ id }) => ({ id, code: 'Refused', message: 'no', senderFault: true })),
  });

/** A settler over a wire that accepts everything, and the calls to it in order. */
function settlerOver({ deleteBatch = well, sendBatch = well }: Partial<SqsWire> = {}) {
  const calls: string[] = [];
  const wire = {
    deleteBatch: jest.fn<SqsWire['deleteBatch']>((url, entries) => {
      calls.push(`delete from ${url}`);
      return deleteBatch(url, entries);
    }),
    changeVisibilityBatch: jest.fn<SqsWire['changeVisibilityBatch']>(well),
    sendBatch: jest.fn<SqsWire['sendBatch']>((url, entries) => {
      calls.push(`send to ${url}`);
      return sendBatch(url, entries);
    }),
  };
  const logger = { warn: jest.fn<(text: string) => void>(), error: jest.fn() };
  const settler = new Settler({
    queue: { name: 'q', url: 'url', deadLetterQueueUrl: 'dlq', fifo: false },
    wire: { ...wire, receive: () => Promise.resolve([]) },
    logger,
    random: () => 0.5,
  });
  return { settler, wire, calls, logger };
}

const delivery = (id = 'm') =>
  new Delivery(
    { MessageId: id, ReceiptHandle: `handle of ${id}`, Body: '{}' },
    performance.now(),
    performance.now() + 30_000,
  );
const remove = { kind: 'delete' } as const;
const retryIn = (seconds: number) => ({ kind: 'retry', seconds, error: new Error('no') }) as const;
const deadLetter = { kind: 'dead-letter', rule: 'permanent', error: new Error('no') } as const;

/** The result of work that takes time of the fake clock. */
async function after<T>(work: Promise<T>, ms = 5_000): Promise<T> {
  await jest.advanceTimersByTimeAsync(ms);
  return work;
}

describe('Settler', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('deletes what was handled, ten at a time', async () => {
    const { settler, wire } = settlerOver();
    const all = Array.from({ length: 12 }, (_, at) => settler.settle(delivery(`m-${at}`), remove, 1));
    expect(await after(Promise.all(all))).toEqual(Array.from({ length: 12 }, () => 'gone'));
    expect(wire.deleteBatch.mock.calls.map(([, entries]) => entries.length)).toEqual([10, 2]);
  });

  it('tells five of the messages that SQS refuses to delete in a minute, and how many more there were', async () => {
    const { settler, logger } = settlerOver({ deleteBatch: refused });
    const fail = async (count: number): Promise<void> => {
      for (let at = 0; at < count; at += 1) void settler.settle(delivery(`m-${at}`), remove, 1);
      await jest.advanceTimersByTimeAsync(60_000);
    };
    await fail(1_000);
    await fail(1);
    const lines = logger.warn.mock.calls.map(([text]) => text);
    expect(lines).toHaveLength(6);
    expect(lines.at(-1)).toContain('995 such lines were left out');
  });

  it('settles a delivery once', async () => {
    const { settler, calls } = settlerOver();
    const one = delivery();
    const first = settler.settle(one, remove, 1);
    expect(await settler.settle(one, retryIn(5), 1)).toBe('returns');
    await after(first);
    expect(calls).toEqual(['delete from url']);
  });

  it('does not touch a delivery whose lease is lost', async () => {
    const { settler, calls } = settlerOver();
    const lost = delivery();
    lost.loseLease(new Error('lost'));
    expect(await after(settler.settle(lost, remove, 1))).toBe('returns');
    expect(calls).toEqual([]);
  });

  it('remembers what was handled under a lost lease, and not what failed', async () => {
    const { settler } = settlerOver();
    const [finished, failed] = [delivery('a'), delivery('b')];
    for (const lost of [finished, failed]) lost.loseLease(new Error('lost'));
    await Promise.all([settler.settle(finished, remove, 1), settler.settle(failed, retryIn(5), 1)]);
    expect(['a', 'b'].map(id => settler.wasDone(delivery(id)))).toEqual([true, false]);
  });

  it('says so when the lease had ended before the result, which is then all that is done for a failure', async () => {
    const { settler, calls, wire, logger } = settlerOver();
    const [done, failed, poisoned] = [delivery('done'), delivery('failed'), delivery('poisoned')];
    await jest.advanceTimersByTimeAsync(30_001);
    const results = [settler.settle(done, remove, 1), settler.settle(failed, retryIn(7), 1)];
    results.push(settler.settle(poisoned, deadLetter, 1));
    expect(await after(Promise.all(results))).toEqual(['gone', 'returns', 'returns']);
    expect(calls).toEqual(['delete from url']);
    expect(wire.changeVisibilityBatch).not.toHaveBeenCalled();
    expect(logger.warn.mock.calls.map(([text]) => text)).toEqual(
      ['done', 'failed', 'poisoned'].map(id => `q: the lease of message ${id} had ended; SQS may deliver it again`),
    );
  });

  it('delays a retry, and says that the message will come again', async () => {
    const { settler, wire } = settlerOver();
    expect(await after(settler.settle(delivery(), retryIn(7), 1))).toBe('returns');
    expect(wire.changeVisibilityBatch.mock.calls[0]?.[1]).toEqual([
      { id: '0', receiptHandle: 'handle of m', visibilityTimeoutSeconds: 7 },
    ]);
  });

  it("keeps a delay within AWS's 12 hours from the receive", async () => {
    const { settler, wire } = settlerOver();
    const old = delivery();
    await jest.advanceTimersByTimeAsync(100_000);
    old.leaseEndsAt = performance.now() + 1;
    await after(settler.settle(old, retryIn(43_200), 1));
    expect(wire.changeVisibilityBatch.mock.calls[0]?.[1][0]?.visibilityTimeoutSeconds).toBe(43_200 - 100 - 1);
  });

  it('deletes together the messages whose copies one call has taken', async () => {
    const { settler, wire } = settlerOver();
    const all = Array.from({ length: 20 }, (_, at) => settler.settle(delivery(`m-${at}`), deadLetter, 5));
    expect(await after(Promise.all(all))).toEqual(Array.from({ length: 20 }, () => 'gone'));
    const sizes = [wire.sendBatch, wire.deleteBatch].map(({ mock }) => mock.calls.map(([, { length }]) => length));
    expect(sizes).toEqual([
      [10, 10],
      [10, 10],
    ]);
  });

  it('does not let the delete of a dead letter wait for a fuller batch', async () => {
    const { settler } = settlerOver();
    expect(await after(settler.settle(delivery(), deadLetter, 5), 6)).toBe('gone');
  });

  it('copies a dead letter before it deletes the message', async () => {
    const { settler, calls, wire } = settlerOver();
    expect(await after(settler.settle(delivery(), deadLetter, 5))).toBe('gone');
    expect(calls).toEqual(['send to dlq', 'delete from url']);
    expect(wire.sendBatch.mock.calls[0]?.[1][0]?.attributes).toHaveProperty(['deadletter.reason']);
  });

  it('never deletes a message whose copy failed: it is tried again after the backoff', async () => {
    const { settler, wire, logger } = settlerOver({ sendBatch: refused });
    const one = delivery();
    expect(await after(settler.settle(one, deadLetter, 2))).toBe('returns');
    expect(wire.deleteBatch).not.toHaveBeenCalled();
    expect(wire.changeVisibilityBatch.mock.calls[0]?.[1][0]?.visibilityTimeoutSeconds).toBe(5);
    expect(logger.error).toHaveBeenCalledWith(expect.stringContaining('The dead letter queue of q does not accept'));
    expect(settler.wasDone(one)).toBe(false);
  });

  it('repeats only the deletes that failed for reasons of AWS', async () => {
    const { settler, wire } = settlerOver();
    wire.deleteBatch.mockImplementationOnce((_, entries) =>
      Promise.resolve({
        successful: [{ id: '0' }],
        failed: entries.slice(1).map(({ id }) => ({ id, code: 'C', message: '', senderFault: id === '1' })),
      }),
    );
    await after(Promise.all(['a', 'b', 'c'].map(id => settler.settle(delivery(id), remove, 1))));
    expect(wire.deleteBatch.mock.calls.map(([, entries]) => entries.map(({ receiptHandle }) => receiptHandle))).toEqual(
      [['handle of a', 'handle of b', 'handle of c'], ['handle of c']],
    );
  });

  it('gives a delete up after four tries, says so, and remembers that the message is done', async () => {
    const { settler, wire, logger } = settlerOver({ deleteBatch: () => Promise.reject(new Error('no route')) });
    const one = delivery();
    expect(await after(settler.settle(one, remove, 1))).toBe('gone');
    expect(wire.deleteBatch).toHaveBeenCalledTimes(4);
    expect(logger.warn).toHaveBeenCalledWith(expect.stringMatching(/could not delete message m: .*no route; SQS will/));
    expect(settler.wasDone(delivery())).toBe(true);
    expect(settler.wasDone(delivery('another'))).toBe(false);
  });

  it('hides a message that cannot be deleted for long once SQS has handed it out very often', async () => {
    const { settler, wire } = settlerOver({ deleteBatch: refused });
    const received = (id: string, receives: number): Delivery => {
      const Attributes = { ApproximateReceiveCount: String(receives) };
      return new Delivery(
        { MessageId: id, ReceiptHandle: id, Attributes },
        performance.now(),
        performance.now() + 30_000,
      );
    };
    await after(Promise.all([received('a', 499), received('b', 500)].map(each => settler.settle(each, remove, 1))));
    await after(settler.flush());
    expect(wire.changeVisibilityBatch.mock.calls.flatMap(([, entries]) => entries)).toEqual([
      expect.objectContaining({ receiptHandle: 'b', visibilityTimeoutSeconds: 60 }),
    ]);
  });

  it('remembers ten thousand messages as done, at least', async () => {
    const { settler } = settlerOver();
    for (let at = 0; at <= 20_000; at += 1) void settler.settle(delivery(String(at)), remove, 1);
    await jest.advanceTimersByTimeAsync(10);
    expect(['0', '9999', '10000', '20000'].map(id => settler.wasDone(delivery(id)))).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });

  it('gives unstarted messages back, in one call, and leaves out what is settled', async () => {
    const { settler, wire } = settlerOver();
    const settled = delivery('c');
    settled.claimSettlement();
    settler.returnToQueue([delivery('a'), delivery('b'), settled], 0);
    await jest.advanceTimersByTimeAsync(5);
    expect(wire.changeVisibilityBatch.mock.calls).toEqual([
      [
        'url',
        [
          { id: '0', receiptHandle: 'handle of a', visibilityTimeoutSeconds: 0 },
          { id: '1', receiptHandle: 'handle of b', visibilityTimeoutSeconds: 0 },
        ],
      ],
    ]);
  });

  it('flushes without waiting for a fuller batch, and waits for the delete behind a copy', async () => {
    const { settler, calls } = settlerOver();
    void settler.settle(delivery(), deadLetter, 5);
    await settler.flush();
    expect(calls).toEqual(['send to dlq', 'delete from url']);
  });

  it('flushes for all who ask', async () => {
    const { settler } = settlerOver();
    void settler.settle(delivery(), retryIn(5), 1);
    expect(await after(Promise.all([settler.flush(), settler.flush()]))).toHaveLength(2);
  });

  describe('makes visible what is being hidden', () => {
    const isRefusedOnce = (wire: ReturnType<typeof settlerOver>['wire']): void =>
      void wire.changeVisibilityBatch.mockImplementationOnce(async () => {
        await new Promise(resolve => setTimeout(resolve, 3_000));
        throw Object.assign(new Error('no answer'), { name: 'TimeoutError' });
      });
    const secondsSent = (wire: ReturnType<typeof settlerOver>['wire']) =>
      wire.changeVisibilityBatch.mock.calls.flatMap(([, entries]) =>
        entries.map(entry => entry.visibilityTimeoutSeconds),
      );

    it('after its last try: one that is repeated would hide it again', async () => {
      const { settler, wire } = settlerOver();
      isRefusedOnce(wire);
      const hidden = settler.settle(delivery(), { kind: 'wait', why: 'early', seconds: 60 }, 1);
      await jest.advanceTimersByTimeAsync(1_000);
      const isVisible = settler.makeVisible(['handle of m']);
      expect(await after(isVisible)).toBe(true);
      await hidden;
      expect(secondsSent(wire)).toEqual([60, 60, 0]);
    });

    it('and others at once', async () => {
      const { settler, wire } = settlerOver();
      isRefusedOnce(wire);
      void settler.settle(delivery(), { kind: 'wait', why: 'early', seconds: 60 }, 1);
      await jest.advanceTimersByTimeAsync(1_000);
      expect(await after(settler.makeVisible(['handle of another', 'handle of a third']), 1)).toBe(true);
      expect(secondsSent(wire)).toEqual([60, 0, 0]);
    });
  });
});
