import { jest } from '@jest/globals';
import { concat, delay, EMPTY, from, NEVER, Observable, of, throwError } from 'rxjs';
import { DeadLetter, Discard, RetryLater } from '../../errors/handler-outcomes.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { IncomingRequest, refusalOf, type ReplySender } from './incoming-request.js';

const going = new AbortController().signal;
const pass = (ms = 0) => jest.advanceTimersByTimeAsync(ms);

function requestByHand(expiresAt?: number) {
  const send = jest.fn<ReplySender['send']>(() => Promise.resolve());
  const note = jest.fn();
  const address = { queueUrl: 'url', correlationId: 'c', ...(expiresAt !== undefined && { expiresAt }) };
  const request = new IncomingRequest(address, { send, note });
  const packets = () => send.mock.calls.map(([, , index, packet]) => [index, packet]);
  return { request, send, note, packets };
}

function* oneAndTwo(): Generator<number> {
  yield 1;
  yield 2;
}

async function answerOf(run: () => unknown): Promise<unknown[]> {
  const { request, packets } = requestByHand();
  const answered = request.answer(run, going);
  await pass(1_000);
  await answered;
  return packets();
}

describe('IncomingRequest', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it.each<[string, () => unknown, unknown[]]>([
    ['a value', () => 6, [[0, { response: 6, isDisposed: true }]]],
    ['nothing', () => undefined, [[0, { response: undefined, isDisposed: true }]]],
    ['a promise', () => Promise.resolve(6), [[0, { response: 6, isDisposed: true }]]],
    [
      'a promise of an observable',
      () => Promise.resolve(of(1, 2)),
      [
        [0, { response: 1, isDisposed: false }],
        [1, { response: 2, isDisposed: true }],
      ],
    ],
    [
      'a generator',
      () => oneAndTwo(),
      [
        [0, { response: 1, isDisposed: false }],
        [1, { response: 2, isDisposed: true }],
      ],
    ],
    ['an empty observable', () => EMPTY, [[0, { isDisposed: true }]]],
    [
      'an observable that ends later than its last item',
      () => concat(of(1), EMPTY.pipe(delay(100)), of(2).pipe(delay(100))),
      [
        [0, { response: 1, isDisposed: false }],
        [1, { response: 2, isDisposed: true }],
      ],
    ],
    [
      'an error after an item',
      () =>
        concat(
          of(1),
          throwError(() => ({ code: 7 })),
        ),
      [
        [0, { response: 1, isDisposed: false }],
        [1, { err: { code: 7 }, isDisposed: true }],
      ],
    ],
    [
      'what it throws',
      () => Promise.reject(new Error('no')),
      [[0, { err: { status: 'error', message: 'no' }, isDisposed: true }]],
    ],
  ])('answers with %s, numbered, the end with the last item', async (_, run, expected) => {
    expect(await answerOf(run)).toEqual(expected);
  });

  it('sends an item at once when no other follows', async () => {
    const { request, packets } = requestByHand();
    void request.answer(() => concat(of('first'), NEVER), going).catch(() => undefined);
    await pass(1);
    expect(packets()).toEqual([[0, { response: 'first', isDisposed: false }]]);
  });

  it('resolves when all of the answer is sent', async () => {
    const { request, send } = requestByHand();
    const sent: Array<() => void> = [];
    send.mockImplementation(() => new Promise(resolve => sent.push(resolve)));
    const answered = jest.fn();
    void request.answer(() => from([1, 2]), going).then(answered);
    await pass(1);
    sent[1]?.();
    await pass();
    expect(answered).not.toHaveBeenCalled();
    sent[0]?.();
    await pass();
    expect(answered).toHaveBeenCalledTimes(1);
  });

  it.each<[string, unknown, unknown]>([
    ['an object', { code: 7 }, { code: 7 }],
    ['a text', 'no', 'no'],
    [
      'an error with fields of its own',
      Object.assign(new Error('no'), { code: 7 }),
      expect.objectContaining({ code: 7 }),
    ],
    ['an error without any', new Error('no'), { status: 'error', message: 'no' }],
    ['RetryLater', new RetryLater(5, 'later'), { status: 'error', message: 'later' }],
    ['DeadLetter', new DeadLetter('never'), { status: 'error', message: 'never' }],
    ['Discard', new Discard('old'), { status: 'error', message: 'old' }],
    ['our own errors', new SnsSqsError('CONTRACT_VIOLATION', 'bad'), { status: 'error', message: 'bad' }],
  ])('gives the caller of what was thrown %s', async (_, error, payload) => {
    const { request, packets } = requestByHand();
    await request.refuse(error);
    expect(packets()).toEqual([[0, { err: payload, isDisposed: true }]]);
  });

  it('ends once: what a handler gives after it was refused is dropped', async () => {
    const { request, packets } = requestByHand();
    let finish: (value: string) => void = () => undefined;
    const answered = request.answer(() => new Promise<string>(resolve => (finish = resolve)), going);
    await request.refuse('time is up');
    finish('late');
    await pass(1);
    await answered;
    expect(packets()).toEqual([[0, { err: 'time is up', isDisposed: true }]]);
  });

  it('that is cut off unsubscribes, answers nothing more, and rejects with why', async () => {
    const { request, packets } = requestByHand();
    const cut = new AbortController();
    let isSubscribed = true;
    const items = new Observable(subscriber => {
      subscriber.next(1);
      return () => (isSubscribed = false);
    });
    const outcome = Promise.allSettled([request.answer(() => items, cut.signal)]);
    await pass(10);
    const reason = new Error('the server is stopping');
    cut.abort(reason);
    expect(await outcome).toEqual([{ status: 'rejected', reason }]);
    expect(isSubscribed).toBe(false);
    expect(packets()).toEqual([[0, { response: 1, isDisposed: false }]]);
  });

  it('takes what a handler throws on its abort for the abort', async () => {
    const { request, packets } = requestByHand();
    const reason = new Error('the lease is lost');
    const run = (): Promise<never> => Promise.reject(new Error('aborted'));
    await expect(request.answer(run, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(packets()).toEqual([]);
  });

  it('knows when its caller has given up', () => {
    const { request, note } = requestByHand(1_000);
    const at = (wallNow: number) => () => ({ wallNow });
    expect(request.hasExpired('q: request 1', at(999))).toBe(false);
    expect(note).not.toHaveBeenCalled();
    expect(request.hasExpired('q: request 1', at(1_500))).toBe(true);
    expect(note.mock.calls).toEqual([['q: request 1 is not run: its caller gave up 500 ms ago']]);
    expect(requestByHand().request.hasExpired('q: request 2', at(Number.MAX_SAFE_INTEGER))).toBe(false);
  });
});

describe('refusalOf', () => {
  const coded = (code: ConstructorParameters<typeof SnsSqsError>[0]) => new SnsSqsError(code, 'why');

  it("tells the caller in Nest's words that nobody takes its pattern", () => {
    const err = 'There is no matching message handler defined in the remote service.';
    expect(refusalOf(coded('NO_HANDLER'))).toEqual({ err, isDone: true });
  });

  it.each([
    ['CONTRACT_VIOLATION', true],
    ['HANDLER_TIMEOUT', true],
    ['UNPARSABLE_MESSAGE', false],
  ] as const)('tells the caller of %s; is it done? %s', (code, isDone) => {
    expect(refusalOf(coded(code))).toEqual({ err: { status: 'error', message: 'why' }, isDone });
  });

  it('leaves the rest to another delivery', () => {
    expect(refusalOf(new Error('the server is stopping'))).toBeUndefined();
    expect(refusalOf(coded('ENDPOINT_UNREACHABLE'))).toBeUndefined();
  });
});
