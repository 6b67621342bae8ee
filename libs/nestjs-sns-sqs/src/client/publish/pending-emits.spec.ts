import { jest } from '@jest/globals';
import { PendingEmits } from './pending-emits.js';

type Start = Parameters<PendingEmits['errorOf']>[0];

/** The emit ends with what the promise gives, or rejects with. */
const endingWith =
  (sent: Promise<unknown>): Start =>
  end =>
    void sent.then(end, end);
const never = new Promise<unknown>(() => undefined);

describe('PendingEmits', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  const pendingEmits = (closingMs = 10_000, totalMs = 700_000): PendingEmits =>
    new PendingEmits({ totalMs, closingMs, tooLate: () => 'too late', timedOut: () => 'timed out' });

  /** What the emit resolved to, once it has. */
  function watched(result: Promise<unknown>): { result?: unknown } {
    const seen: { result?: unknown } = {};
    void result.then(value => (seen.result = value));
    return seen;
  }

  it('ends each emit when its own time is up, with one timer for all', async () => {
    const emits = pendingEmits(10_000, 60_000);
    const { promise, answer } = deferred();
    const answered = watched(emits.errorOf(endingWith(promise)));
    const first = watched(emits.errorOf(endingWith(never)));
    await jest.advanceTimersByTimeAsync(20_000);
    const second = watched(emits.errorOf(endingWith(never)));
    answer('sent');
    expect(jest.getTimerCount()).toBe(1);
    await jest.advanceTimersByTimeAsync(39_998);
    expect([answered, first, second]).toEqual([{ result: 'sent' }, {}, {}]);
    await jest.advanceTimersByTimeAsync(2);
    expect([first, second]).toEqual([{ result: 'timed out' }, {}]);
    await jest.advanceTimersByTimeAsync(20_000);
    expect(second).toEqual({ result: 'timed out' });
    expect(emits.size).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('lets an emit take as long as its total time allows', async () => {
    const emits = pendingEmits();
    const { promise, answer } = deferred();
    const emit = watched(emits.errorOf(endingWith(promise)));
    await jest.advanceTimersByTimeAsync(600_000);
    expect(emit).toEqual({});
    answer('sent');
    await jest.advanceTimersByTimeAsync(0);
    expect(emit).toEqual({ result: 'sent' });
  });

  it('ends all when the time is up that began with the limit', async () => {
    const emits = pendingEmits();
    const before = watched(emits.errorOf(endingWith(never)));
    emits.limit();
    await jest.advanceTimersByTimeAsync(4_000);
    emits.limit();
    const after = watched(emits.errorOf(endingWith(never)));
    await jest.advanceTimersByTimeAsync(5_999);
    expect([before, after]).toEqual([{}, {}]);
    await jest.advanceTimersByTimeAsync(1);
    expect([before, after]).toEqual([{ result: 'too late' }, { result: 'too late' }]);
  });

  it('gives what begins near the end of the time, or after it, two seconds', async () => {
    const emits = pendingEmits();
    emits.limit();
    await jest.advanceTimersByTimeAsync(9_000);
    const near = watched(emits.errorOf(endingWith(never)));
    await jest.advanceTimersByTimeAsync(1_999);
    expect(near).toEqual({});
    await jest.advanceTimersByTimeAsync(1);
    expect(near).toEqual({ result: 'too late' });
    const after = watched(emits.errorOf(endingWith(never)));
    await jest.advanceTimersByTimeAsync(1_999);
    expect(after).toEqual({});
    await jest.advanceTimersByTimeAsync(1);
    expect(after).toEqual({ result: 'too late' });
  });

  it('leaves what is answered in time as it is, and no timer', async () => {
    const emits = pendingEmits();
    const { promise, answer } = deferred();
    const before = watched(emits.errorOf(endingWith(promise)));
    emits.limit();
    const after = watched(emits.errorOf(endingWith(promise)));
    await jest.advanceTimersByTimeAsync(9_999);
    answer('sent');
    await jest.advanceTimersByTimeAsync(0);
    expect([before, after]).toEqual([{ result: 'sent' }, { result: 'sent' }]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('gives the error that is made of an outcome, and what was thrown', async () => {
    const emits = pendingEmits();
    const refused = watched(emits.errorOf(endingWith(Promise.resolve('refused by AWS'))));
    const thrown = watched(emits.errorOf(endingWith(Promise.reject(new Error('no such topic')))));
    await jest.advanceTimersByTimeAsync(0);
    expect(refused).toEqual({ result: 'refused by AWS' });
    expect(thrown).toEqual({ result: new Error('no such topic') });
  });

  it('gives up all that are left', async () => {
    const emits = pendingEmits();
    const left = [watched(emits.errorOf(endingWith(never)))];
    emits.limit();
    left.push(watched(emits.errorOf(endingWith(never))));
    emits.giveUp();
    await jest.advanceTimersByTimeAsync(0);
    expect(left).toEqual([{ result: 'too late' }, { result: 'too late' }]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('tells what is left of the time: all of it without a limit, a grace when it is over', async () => {
    const emits = pendingEmits();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(emits.rest).toBe(10_000);
    emits.limit();
    await jest.advanceTimersByTimeAsync(3_000);
    expect(emits.rest).toBe(7_000);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(emits.rest).toBe(2_000);
    const brief = pendingEmits(500);
    brief.limit();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(brief.rest).toBe(500);
  });
});

function deferred(): { promise: Promise<unknown>; answer: (result: unknown) => void } {
  let answer: (result: unknown) => void = () => undefined;
  const promise = new Promise<unknown>(resolve => (answer = resolve));
  return { promise, answer };
}
