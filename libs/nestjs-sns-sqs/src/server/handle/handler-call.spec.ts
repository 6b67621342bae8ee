import { jest } from '@jest/globals';
import { concat, EMPTY, NEVER, of, throwError, type Observable } from 'rxjs';
import { Delivery } from '../delivery.js';
import { workBeside } from '../handler-entry.js';
import { callHandler } from './handler-call.js';

const NO = new Error('no');

describe('what an interceptor makes of a handler that still works', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  /** A call whose handler works behind `stream` until `finish` is called. */
  function call(stream: Observable<unknown>) {
    const delivery = new Delivery({ MessageId: 'm' }, 0, 0);
    const log: string[] = [];
    let finish: () => void = () => undefined;
    delivery.noteWork(new Promise<void>(resolve => (finish = resolve)));
    callHandler(
      () => Promise.resolve(stream),
      'data',
      {},
      delivery,
      () => log.push('ended'),
      error => log.push(`failed: ${error.message}`),
    );
    return { delivery, log, finish: () => finish() };
  }
  const aMoment = (): Promise<void> => jest.advanceTimersByTimeAsync(10);

  it('a failure counts when the handler has ended, which is told to stop', async () => {
    const { delivery, log, finish } = call(throwError(() => NO));
    await aMoment();
    expect([log, delivery.abortReason]).toEqual([[], NO]);
    finish();
    await aMoment();
    expect(log).toEqual(['failed: no']);
  });

  it('a completion counts when the handler has ended, also where its call is told to stop meanwhile', async () => {
    const { delivery, log, finish } = call(EMPTY);
    await aMoment();
    delivery.abort(NO);
    await aMoment();
    expect(log).toEqual([]);
    finish();
    await aMoment();
    expect(log).toEqual(['ended']);
  });

  it('a failure is told once where the call is told to stop for another reason', async () => {
    const { delivery, log, finish } = call(throwError(() => NO));
    await aMoment();
    delivery.abort(new Error('the time is up'));
    await aMoment();
    finish();
    await aMoment();
    expect(log).toEqual(['failed: no']);
  });

  it('a handler that has ended is not told to stop', async () => {
    const { delivery, log, finish } = call(throwError(() => NO));
    finish();
    await aMoment();
    expect([log, delivery.abortReason]).toEqual([['failed: no'], undefined]);
  });

  it('promises in a stream are waited for, and one that rejects fails the call', async () => {
    let reject: (error: Error) => void = () => undefined;
    const late = new Promise((_, no) => (reject = no));
    const { log, finish } = call(of(Promise.reject(NO), late, Promise.resolve()));
    finish();
    await aMoment();
    expect(log).toEqual([]);
    reject(new Error('another'));
    await aMoment();
    expect(log).toEqual(['failed: no']);
  });

  it.each<[string, (gives: unknown) => unknown]>([
    ['', gives => gives],
    [' behind an interceptor', gives => of(gives)],
  ])('a generator is run to its end%s, and what it throws fails the call', async (_, through) => {
    const run: string[] = [];
    async function* steps(): AsyncGenerator<number> {
      await Promise.resolve();
      run.push('first');
      yield 1;
      run.push('second');
    }
    function* failing(): Generator<number> {
      yield 1;
      throw NO;
    }
    for (const generator of [steps(), failing()]) {
      const delivery = new Delivery({ MessageId: 'm' }, 0, 0);
      const failed = (error: Error): unknown => run.push(`failed: ${error.message}`);
      callHandler(
        () => Promise.resolve(through(generator) as never),
        'data',
        {},
        delivery,
        () => run.push('ended'),
        failed,
      );
      await aMoment();
    }
    expect(run).toEqual(['first', 'second', 'ended', 'failed: no']);
  });

  it.each<[string, (gives: unknown) => unknown]>([
    ['', gives => gives],
    [' behind an interceptor', gives => of(gives)],
  ])(
    'a generator that would never end is closed%s when its call is told to stop, and has failed',
    async (_, through) => {
      const log: string[] = [];
      async function* polling(): AsyncGenerator<number> {
        try {
          for (;;) {
            await new Promise(resolve => void setTimeout(resolve, 50));
            yield 1;
          }
        } finally {
          log.push('closed');
        }
      }
      const delivery = new Delivery({ MessageId: 'm' }, 0, 0);
      callHandler(
        () => Promise.resolve(through(polling()) as never),
        'data',
        {},
        delivery,
        () => log.push('ended'),
        error => log.push(`failed: ${error.message}`),
      );
      await jest.advanceTimersByTimeAsync(1_000);
      expect(log).toEqual([]);
      delivery.abort(NO);
      await jest.advanceTimersByTimeAsync(100);
      expect(log).toEqual(['closed', 'failed: no']);
      expect(jest.getTimerCount()).toBe(0);
    },
  );

  it('a generator that gives its values without a pause lets timers run, and can be told to stop', async () => {
    function* endless(): Generator<number> {
      for (;;) yield 1;
    }
    jest.useRealTimers();
    const delivery = new Delivery({ MessageId: 'm' }, 0, 0);
    setTimeout(() => delivery.abort(NO), 5);
    const failed = new Promise(fail => {
      const ended = (): void => fail('ended');
      callHandler(() => Promise.resolve(endless() as never), 'data', {}, delivery, ended, fail);
    });
    expect(await failed).toBe(NO);
  });

  it('what a stream has emitted is not kept until its end', async () => {
    const first = Promise.resolve('large');
    expect(await workBeside(first, Promise.resolve('large'))).toBeUndefined();
    expect(await workBeside(first, Promise.reject(NO))).toBeUndefined();
  });

  it.each<[string, (gives: unknown) => unknown]>([
    ['', gives => gives],
    [' behind an interceptor', gives => of(gives)],
  ])('promises in an array are waited for%s, and one that rejects fails the call', async (_, through) => {
    let resolve: () => void = () => undefined;
    const late = new Promise<void>(yes => (resolve = yes));
    const log: string[] = [];
    callHandler(
      () => Promise.resolve(through([late, Promise.reject(NO)]) as never),
      'data',
      {},
      new Delivery({ MessageId: 'm' }, 0, 0),
      () => log.push('ended'),
      error => log.push(`failed: ${error.message}`),
    );
    await aMoment();
    expect(log).toEqual([]);
    resolve();
    await aMoment();
    expect(log).toEqual(['failed: no']);
  });

  it('promises of a stream that is cut off are waited for', async () => {
    let resolve: () => void = () => undefined;
    const late = new Promise<void>(yes => (resolve = yes));
    const { delivery, log, finish } = call(concat(of(late), NEVER));
    finish();
    await aMoment();
    delivery.abort(NO);
    await aMoment();
    expect(log).toEqual([]);
    resolve();
    await aMoment();
    expect(log).toEqual(['failed: no']);
  });
});
