import { jest } from '@jest/globals';
import type { MessageHandler } from '@nestjs/microservices';
import { concat, defer, EMPTY, of, throwError, timer } from 'rxjs';
import type { SqsContext } from '../ctx-host/sqs.context.js';
import { Delivery } from './delivery.js';
import { Dispatcher, type ProcessingHooks } from './dispatcher.js';
import { HandlerRegistry } from './handler-registry.js';

const metadata = { id: '1', source: 'users', type: 'user.registered' };
const delivery = () => new Delivery({ MessageId: 'm' }, 0, 0);
const justRun: ProcessingHooks = (_, work) => work();

function dispatcherTo(handle: (...args: never[]) => unknown, pattern = 'user.registered', hooks = justRun) {
  const handler = handle as unknown as MessageHandler;
  return new Dispatcher({
    queueName: 'q',
    handlers: new HandlerRegistry([{ pattern, queue: 'q', subscribed: true, handler }]),
    decode: () => ({ metadata, data: { name: 'Ada' } }),
    handlerTimeoutMs: 1_000,
    hooks,
  });
}

describe('Dispatcher', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('gives the handler the data and the context of the message', async () => {
    const handle = jest.fn<(data: unknown, context: SqsContext) => Promise<void>>(() => Promise.resolve());
    const one = delivery();
    await dispatcherTo(handle).dispatch(one, 3);
    const [data, context] = handle.mock.calls[0] ?? [];
    expect(data).toEqual({ name: 'Ada' });
    expect(context?.getMessage()).toBe(one.message);
    expect(context?.getSignal()).toBe(one.signal);
    expect([context?.getQueue(), context?.getPattern(), context?.getAttempt()]).toEqual(['q', 'user.registered', 3]);
    expect(context?.getMetadata()).toBe(metadata);
  });

  it('rejects with the very error that the handler threw', async () => {
    const error = new Error('no');
    await expect(dispatcherTo(() => Promise.reject(error)).dispatch(delivery(), 1)).rejects.toBe(error);
  });

  it('waits for a stream to complete, and takes an empty one', async () => {
    let done = false;
    const stream = concat(
      timer(500),
      defer(() => of((done = true))),
    );
    const dispatched = dispatcherTo(() => Promise.resolve(stream)).dispatch(delivery(), 1);
    await jest.advanceTimersByTimeAsync(500);
    await dispatched;
    expect(done).toBe(true);
    await expect(dispatcherTo(() => Promise.resolve(EMPTY)).dispatch(delivery(), 1)).resolves.toBeUndefined();
  });

  it('rejects with the error of a stream', async () => {
    const error = new Error('no');
    const dispatched = dispatcherTo(() => throwError(() => error)).dispatch(delivery(), 1);
    await expect(dispatched).rejects.toBe(error);
  });

  it('ends a handler that takes too long: its signal aborts, and the attempt has failed', async () => {
    const one = delivery();
    const outcome = Promise.allSettled([dispatcherTo(() => new Promise(() => undefined)).dispatch(one, 1)]);
    await jest.advanceTimersByTimeAsync(999);
    expect(one.signal.aborted).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect(await outcome).toMatchObject([{ reason: { code: 'HANDLER_TIMEOUT', retryable: true } }]);
    expect(one.signal.reason).toMatchObject({ code: 'HANDLER_TIMEOUT' });
  });

  it('leaves no timer behind a handler that was quick', async () => {
    await dispatcherTo(() => Promise.resolve()).dispatch(delivery(), 1);
    expect(jest.getTimerCount()).toBe(0);
  });

  it("runs the handler between Nest's hooks", async () => {
    const order: string[] = [];
    const hooks: ProcessingHooks = async (context, work) => {
      order.push(`before ${context.getPattern()}`);
      await work();
      order.push('after');
    };
    await dispatcherTo(() => order.push('handler'), 'user.registered', hooks).dispatch(delivery(), 1);
    expect(order).toEqual(['before user.registered', 'handler', 'after']);
  });

  it('rejects a type that nobody takes', async () => {
    await expect(dispatcherTo(() => undefined, 'another').dispatch(delivery(), 1)).rejects.toMatchObject({
      code: 'NO_HANDLER',
      facts: { queue: 'q' },
    });
  });

  it('passes over such a type where SNS cannot filter it out', async () => {
    const handle = jest.fn();
    await dispatcherTo(handle, 'order.*.failed').dispatch(delivery(), 1);
    expect(handle).not.toHaveBeenCalled();
  });
});
