import { addAbortListener } from 'node:events';
import { jest } from '@jest/globals';
import { guardListeners } from './guarded-signal.js';

const throws = (): never => {
  throw new Error('on purpose');
};

const rejects = (): Promise<never> => Promise.reject(new Error('on purpose'));

describe('a signal whose listeners may throw', () => {
  function guarded() {
    const logger = { error: jest.fn<(text: string) => void>() };
    const controller = new AbortController();
    const signal = guardListeners(controller.signal, 'A listener', logger);
    return { controller, signal, logger };
  }
  const aTurn = (): Promise<void> => new Promise(resolve => void setImmediate(resolve));

  it.each<[string, (signal: AbortSignal) => unknown]>([
    ['a function', signal => signal.addEventListener('abort', throws)],
    ['a function, once', signal => signal.addEventListener('abort', throws, { once: true })],
    ['an asynchronous one', signal => signal.addEventListener('abort', rejects as () => never)],
    ['an object', signal => signal.addEventListener('abort', { handleEvent: throws })],
    ['onabort', signal => (signal.onabort = throws)],
    ["Node's own way", signal => addAbortListener(signal, throws)],
  ])('logs what one throws, tells the others, and the process goes on: %s', async (_, listen) => {
    const { controller, signal, logger } = guarded();
    const told: string[] = [];
    signal.addEventListener('abort', () => told.push('before'));
    listen(signal);
    signal.addEventListener('abort', () => told.push('after'));
    controller.abort(new Error('the time is up'));
    await aTurn();
    expect(told).toEqual(['before', 'after']);
    expect(logger.error.mock.calls.map(([text]) => text)).toEqual([
      'A listener threw: on purpose. All other work continues.',
    ]);
  });

  it('is a signal like any other', async () => {
    const { controller, signal, logger } = guarded();
    const told: string[] = [];
    const gone = (): unknown => told.push('gone');
    const first = (): unknown => told.push('first');
    const second = function (this: unknown): void {
      told.push(this === signal ? 'onabort' : 'of another');
    };
    signal.addEventListener('abort', gone);
    signal.addEventListener('abort', gone);
    signal.removeEventListener('abort', gone);
    signal.onabort = first;
    expect(signal.onabort).toBe(first);
    signal.onabort = second;
    const any = AbortSignal.any([signal]);
    expect(guardListeners(signal, 'again', logger)).toBe(signal);
    expect(signal).toBeInstanceOf(AbortSignal);
    controller.abort();
    await aTurn();
    expect(told).toEqual(['onabort']);
    expect([signal.aborted, any.aborted]).toEqual([true, true]);
    await expect(fetch('http://127.0.0.1:9', { signal })).rejects.toThrow('aborted');
    expect(logger.error).not.toHaveBeenCalled();
  });
});
