import { AsyncLocalStorage } from 'node:async_hooks';
import { jest } from '@jest/globals';
import type { SqsContext } from '../../ctx-host/sqs.context.js';
import { betweenHooks, type NestHooks } from './between-hooks.js';

type Done = () => Promise<void>;
const context = { getQueue: () => 'q' } as SqsContext;

/** Runs a handler between hooks; `trace` tells the order. */
function between(start: (done: Done, trace: string[]) => unknown, handler: () => unknown = () => undefined) {
  const trace: string[] = [];
  const hooks: NestHooks = {
    start: (_, done) => start(done, trace),
    end: () => trace.push('end'),
    onThrown: error => trace.push(`told ${(error as Error).message}`),
  };
  const work = async (): Promise<void> => {
    trace.push('handler');
    await handler();
    trace.push('handled');
  };
  return { trace, ended: betweenHooks(hooks, context, work, 1_000) };
}
const no = (): never => {
  throw new Error('no');
};

describe('betweenHooks', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it.each<[string, (done: Done) => unknown]>([
    ['calls it and gives its promise', done => done()],
    ['calls it and waits for nothing', done => void done()],
    ['calls it twice', done => Promise.all([done(), done()])],
  ])('runs the handler once when the start hook %s', async (_, start) => {
    const { trace, ended } = between(start, () => Promise.resolve());
    await ended;
    expect(trace).toEqual(['handler', 'handled', 'end']);
  });

  it('holds the handler back until the hook calls `done`, and runs it inside that call', async () => {
    const als = new AsyncLocalStorage<string>();
    let found: string | undefined;
    const { trace, ended } = between(
      done => void setTimeout(() => als.run('span', () => void done()), 500),
      () => void (found = als.getStore()),
    );
    await jest.advanceTimersByTimeAsync(499);
    expect(trace).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    await ended;
    expect([trace, found]).toEqual([['handler', 'handled', 'end'], 'span']);
  });

  it('of an asynchronous hook, too, which returns before it calls it', async () => {
    const { trace, ended } = between(async (done, trace) => {
      setTimeout(() => void done(), 300);
      await Promise.resolve();
      trace.push('returned');
    });
    await jest.advanceTimersByTimeAsync(300);
    await ended;
    expect(trace).toEqual(['returned', 'handler', 'handled', 'end']);
  });

  it.each<[string, () => unknown]>([
    ['throws', no],
    ['rejects', () => Promise.reject(new Error('no'))],
  ])('fails the message when the start hook %s before that, and a later call runs nothing', async (_, start) => {
    let late: Done = () => Promise.resolve();
    const { trace, ended } = between(done => {
      late = done;
      return start();
    });
    await expect(ended).rejects.toThrow('no');
    await late();
    expect(trace).toEqual([]);
  });

  it('lets what the handler came to count when the start hook throws after that', async () => {
    const { trace, ended } = between(async done => {
      await done();
      no();
    });
    await ended;
    await jest.advanceTimersByTimeAsync(0);
    expect(trace).toEqual(['handler', 'handled', 'end', 'told no']);
  });

  it("rejects with the handler's own error, once, whether the hook hands it on or not", async () => {
    for (const start of [(done: Done) => done(), (done: Done) => void done().catch(() => undefined)]) {
      const { trace, ended } = between(start, no);
      await expect(ended).rejects.toThrow('no');
      await jest.advanceTimersByTimeAsync(0);
      expect(trace).toEqual(['handler', 'end']);
    }
  });

  it('fails the message of a hook that never calls `done`', async () => {
    let late: Done = () => Promise.resolve();
    const { trace, ended } = between(done => void (late = done));
    const failed = ended.catch((error: unknown) => error);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(await failed).toMatchObject({ code: 'HANDLER_TIMEOUT', retryable: true });
    await late();
    expect(trace).toEqual([]);
  });
});
