import { jest } from '@jest/globals';
import { PendingRequest, type ReplyCallback } from './pending-request.js';

function pending(deserialize?: (body: unknown) => unknown) {
  const callback = jest.fn<ReplyCallback>();
  const deserializer = deserialize && { deserialize: deserialize as never };
  return { request: new PendingRequest(callback, deserializer), given: () => callback.mock.calls.map(([p]) => p) };
}

describe('PendingRequest', () => {
  it('gives items in the order of their index, whatever order they come in', () => {
    const { request, given } = pending();
    expect(request.take({ response: 'c', isDisposed: true }, 2)).toBe(false);
    expect(request.take({ response: 'b' }, 1)).toBe(false);
    expect(given()).toEqual([]);
    expect(request.take({ response: 'a' }, 0)).toBe(true);
    expect(given()).toEqual([{ response: 'a' }, { response: 'b' }, { response: 'c', isDisposed: true }]);
  });

  it('gives each item once, of two runs of the same request too', () => {
    const { request, given } = pending();
    for (const index of [0, 0, 1, 0, 1]) request.take({ response: index }, index);
    expect(given()).toEqual([{ response: 0 }, { response: 1 }]);
  });

  it('ends with an error, and takes nothing after it', () => {
    const { request, given } = pending();
    expect(request.take({ err: 'no' }, 0)).toBe(true);
    expect(request.take({ response: 'late' }, 1)).toBe(true);
    request.fail(new Error('later'));
    expect(given()).toEqual([{ err: 'no', isDisposed: true }]);
  });

  it('takes replies without an index as they come', () => {
    const { request, given } = pending();
    request.take({ response: 'a' });
    expect(request.take({ response: 'b', isDisposed: true })).toBe(true);
    expect(given()).toEqual([{ response: 'a' }, { response: 'b', isDisposed: true }]);
  });

  it('fails once', () => {
    const { request, given } = pending();
    const error = new Error('closed');
    request.fail(error);
    request.fail(new Error('again'));
    expect(given()).toEqual([{ err: error }]);
  });

  it('reads JSON, or what the deserializer makes of the body', async () => {
    expect(await pending().request.read('{"response":1,"isDisposed":true}')).toEqual({ response: 1, isDisposed: true });
    const { request } = pending(body => Promise.resolve({ response: `${String(body)}!`, isDisposed: true }));
    expect(await request.read('hello')).toEqual({ response: 'hello!', isDisposed: true });
  });

  it.each([
    ['no JSON', '{', undefined],
    ['hostile JSON', '{"response":{"__proto__":{"admin":true}},"isDisposed":true}', undefined],
    ['refused by the deserializer', '{}', () => Promise.reject(new Error('not mine'))],
  ])('ends a request whose reply is %s', async (_, body, deserialize) => {
    expect(await pending(deserialize).request.read(body)).toMatchObject({
      err: { code: 'UNPARSABLE_MESSAGE' },
      isDisposed: true,
    });
  });

  it('ends a request whose reply the deserializer never gives back', async () => {
    jest.useFakeTimers();
    try {
      const read = pending(() => new Promise(() => undefined)).request.read('{}');
      await jest.advanceTimersByTimeAsync(10_000);
      expect(await read).toMatchObject({
        err: { code: 'UNPARSABLE_MESSAGE', message: expect.stringContaining('did not end within 10000 ms') as string },
        isDisposed: true,
      });
    } finally {
      jest.useRealTimers();
    }
  });
});
