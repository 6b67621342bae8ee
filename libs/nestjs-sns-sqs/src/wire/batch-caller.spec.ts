import { jest } from '@jest/globals';
import { succeeded } from '../../test/scripted-queue.js';
import type { BatchFailure, BatchResult } from '../interfaces/wire.interface.js';
import { BatchCaller, type BatchCallerOptions } from './batch-caller.js';
import type { ByteBound } from './batch-size.js';

interface Entry {
  value: string;
}
type Call = (entries: Array<Entry & { id: string }>) => Promise<BatchResult>;

const well: Call = entries => succeeded(entries);
/** Refuses the entries whose value is among `values`. */
const refusing =
  (values: string[], senderFault: boolean): Call =>
  entries => {
    const refused = entries.filter(({ value }) => values.includes(value));
    return Promise.resolve({
      successful: entries.filter(({ value }) => !values.includes(value)).map(({ id }) => ({ id })),
      failed: refused.map(({ id }) => ({ id, code: 'Refused', message: 'no', senderFault })),
    });
  };

function callerOf(answer: Call, bound?: ByteBound<Entry>, changes: Partial<BatchCallerOptions> = {}) {
  const call = jest.fn(answer);
  const options = { lingerMs: 5, maxAttempts: 3, retryDelayMs: 100, random: () => 1, ...changes };
  const caller = new BatchCaller<Entry>(call, options, bound);
  const add = (...values: string[]) => Promise.all(values.map(value => caller.add({ value })));
  const batches = () => call.mock.calls.map(([entries]) => entries.map(({ value }) => value));
  return { caller, call, add, batches };
}

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

describe('BatchCaller', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('gathers what comes within the linger time into one call, with an id for each', async () => {
    const { call, add } = callerOf(well);
    const results = add('a', 'b');
    await pass(4);
    expect(call).not.toHaveBeenCalled();
    await pass(1);
    expect(call.mock.calls).toEqual([
      [
        [
          { id: '0', value: 'a' },
          { id: '1', value: 'b' },
        ],
      ],
    ]);
    expect(await results).toEqual([undefined, undefined]);
  });

  it('does not let ten entries wait', async () => {
    const letters = 'abcdefghijk'.split('');
    const { add, batches } = callerOf(well);
    void add(...letters);
    expect(batches()).toEqual([letters.slice(0, 10)]);
    await pass(5);
    expect(batches()[1]).toEqual(['k']);
  });

  it('spreads large batches, and what is done when they have their results, over turns of the event loop', async () => {
    const { call, caller } = callerOf(well, { maxBytes: 300_000, bytesOf: ({ value }) => Number(value) });
    const results: string[] = [];
    for (let n = 0; n < 5; n += 1) caller.submit({ value: '300000' }, () => results.push('large'));
    caller.submit({ value: '1' }, () => results.push('small'));
    caller.dispatch();
    // Half of the large ones are written in this turn; small ones wait for nobody.
    expect(call).toHaveBeenCalledTimes(3);
    await pass(0);
    await pass(20);
    expect(call).toHaveBeenCalledTimes(6);
    expect(results.toSorted()).toEqual(['large', 'large', 'large', 'large', 'large', 'small']);
    expect(results[0]).toBe('small');
  });

  it('gives what waits for its turn the result of all when it is given up', async () => {
    const { call, caller } = callerOf(well, { maxBytes: 300_000, bytesOf: ({ value }) => Number(value) });
    const results = Promise.all(['300000', '300000', '300000'].map(value => caller.add({ value })));
    caller.dispatch();
    caller.abandon({ id: '', code: 'CLOSED', message: '', senderFault: false });
    expect(await results).toMatchObject([{ code: 'CLOSED' }, { code: 'CLOSED' }, { code: 'CLOSED' }]);
    await pass(20);
    expect(call.mock.calls.length).toBeLessThan(3);
  });

  it('keeps a call within its bytes; what alone is larger travels alone', async () => {
    const { add, batches } = callerOf(well, { maxBytes: 5, bytesOf: ({ value }) => value.length });
    void add('aa', 'bbb', 'c', 'dddddddd', 'e');
    await pass(5);
    expect(batches()).toEqual([['aa', 'bbb'], ['c'], ['dddddddd'], ['e']]);
  });

  it("gives the sender's own fault back at once", async () => {
    const { call, add } = callerOf(refusing(['b'], true));
    const results = add('a', 'b');
    await pass(5);
    expect(await results).toEqual([undefined, { id: '1', code: 'Refused', message: 'no', senderFault: true }]);
    expect(call).toHaveBeenCalledTimes(1);
  });

  it('repeats only the entries that AWS failed, with growing delays, and then gives up', async () => {
    const { add, batches } = callerOf(refusing(['b'], false));
    const results = add('a', 'b');
    await pass(5 + 99);
    expect(batches()).toEqual([['a', 'b']]);
    await pass(1);
    expect(batches()).toEqual([['a', 'b'], ['b']]);
    await pass(199);
    expect(batches()).toHaveLength(2);
    await pass(1);
    expect(batches()).toEqual([['a', 'b'], ['b'], ['b']]);
    expect((await results)[1]).toMatchObject({ code: 'Refused', senderFault: false });
  });

  it('waits no longer than 5 s between two tries, or than the first delay where that is longer', async () => {
    const quick = callerOf(refusing(['a'], false), undefined, { maxAttempts: 9 });
    void quick.add('a');
    // 0.1, 0.2, 0.4, 0.8, 1.6 and 3.2 s, then 5 s each
    await pass(5 + 6_300 + 5_000);
    expect(quick.call).toHaveBeenCalledTimes(8);
    await pass(5_000);
    expect(quick.call).toHaveBeenCalledTimes(9);
    const slow = callerOf(refusing(['a'], false), undefined, { retryDelayMs: 20_000 });
    void slow.add('a');
    await pass(5 + 20_000 + 20_000);
    expect(slow.call).toHaveBeenCalledTimes(3);
  });

  it('resolves an entry that is accepted in the end as accepted', async () => {
    const { call, add } = callerOf(well);
    call.mockImplementationOnce(refusing(['a'], false));
    const results = add('a');
    await pass(200);
    expect(await results).toEqual([undefined]);
  });

  it('repeats a whole call that failed for want of a network, and never rejects', async () => {
    const error = new Error('no route');
    const { add, call } = callerOf(() => Promise.reject(error));
    const results = add('a');
    await pass(1_000);
    expect((await results)[0]).toEqual<BatchFailure>({
      id: '',
      code: 'Error',
      message: 'no route',
      senderFault: false,
      cause: error,
    });
    expect(call).toHaveBeenCalledTimes(3);
  });

  it.each(['InvalidParameterException', 'BatchRequestTooLongException', 'URIError'])(
    'sends each entry alone when one of them makes the whole call fail with %s',
    async name => {
      const $metadata = name === 'URIError' ? undefined : { httpStatusCode: 400 };
      const { add, batches } = callerOf(entries =>
        entries.some(({ value }) => value === 'bad')
          ? Promise.reject(Object.assign(new Error('bad'), { name, $metadata }))
          : well(entries),
      );
      const results = add('a', 'bad', 'b');
      await pass(10_000);
      expect(await results).toMatchObject([undefined, { senderFault: true }, undefined]);
      expect(batches()).toEqual([['a', 'bad', 'b'], ['a'], ['bad'], ['b']]);
    },
  );

  it('blames no entry where the call was not sent, and keeps the others apart from one that may be at fault', async () => {
    const { add, batches } = callerOf(entries =>
      entries.some(({ value }) => value === 'bad')
        ? Promise.reject(new TypeError("Cannot read properties of undefined (reading 'accessKeyId')"))
        : well(entries),
    );
    const results = add('a', 'bad', 'b');
    await pass(10_000);
    expect(await results).toMatchObject([undefined, { code: 'TypeError', senderFault: false }, undefined]);
    expect(batches()).toEqual([['a', 'bad', 'b'], ['a'], ['bad'], ['b'], ['bad'], ['bad']]);
  });

  it('blames no entry for a call to a wrong topic', async () => {
    const error = Object.assign(new Error('Invalid parameter: TopicArn'), {
      name: 'InvalidParameterException',
      $metadata: { httpStatusCode: 400 },
    });
    const { add, batches } = callerOf(() => Promise.reject(error));
    const results = add('a', 'b');
    await pass(10_000);
    const failure = { code: 'InvalidParameterException', senderFault: false, isRefusedCall: true };
    expect(await results).toMatchObject([failure, failure]);
    expect(batches()).toEqual([['a', 'b']]);
  });

  it('does not repeat a whole call that AWS calls wrong', async () => {
    const error = Object.assign(new Error('bad'), { name: 'ValidationError', $metadata: { httpStatusCode: 400 } });
    const { add, call } = callerOf(() => Promise.reject(error));
    const results = add('a');
    await pass(1_000);
    expect(await results).toMatchObject([{ code: 'ValidationError', senderFault: true }]);
    expect(call).toHaveBeenCalledTimes(1);
  });

  it('sends at once, and ever after, when it is told to linger no more', async () => {
    const { caller, add, batches } = callerOf(well);
    void add('a', 'b');
    caller.stopLingering();
    void add('c');
    expect(batches()).toEqual([['a', 'b'], ['c']]);
    await pass(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('gives up on what waits, is under way or between two tries, and on what comes later, when it is abandoned', async () => {
    const failure = { id: '', code: 'CLIENT_CLOSED', message: 'closed', senderFault: false };
    const { caller, add, call } = callerOf(refusing(['again'], false), undefined, { maxInFlight: 2 });
    call.mockImplementationOnce(() => new Promise(() => undefined));
    const underWay = add('a');
    await pass(5);
    const betweenTries = add('again');
    await pass(5);
    const waiting = add('b');
    await pass(1);
    caller.abandon(failure);
    const all = await Promise.all([underWay, betweenTries, waiting, add('later')]);
    expect(all).toEqual([[failure], [failure], [failure], [failure]]);
    await pass(10_000);
    expect(call).toHaveBeenCalledTimes(2);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('gives each entry one result where it is abandoned while a part of its batch is tried again', async () => {
    const failure = { id: '', code: 'CLIENT_CLOSED', message: 'closed', senderFault: false };
    const { caller } = callerOf(refusing(['again'], false));
    const results: string[] = [];
    const note = (found: BatchFailure | undefined, { value }: Entry): void => {
      results.push(`${value}: ${found?.code ?? 'done'}`);
    };
    for (const value of ['a', 'again', 'b']) caller.submit({ value }, note);
    await pass(5);
    caller.abandon(failure);
    expect(results).toEqual(['a: done', 'b: done', 'again: CLIENT_CLOSED']);
  });

  it('gives each entry one result where that leads to the end', async () => {
    const { caller } = callerOf(well);
    const results: string[] = [];
    const end = (): void => caller.abandon({ id: '', code: 'CLIENT_CLOSED', message: 'closed', senderFault: false });
    caller.submit({ value: 'a' }, (_, { value }) => (results.push(value), queueMicrotask(end)));
    await pass(5);
    expect(results).toEqual(['a']);
  });
});
