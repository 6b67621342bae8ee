import { jest } from '@jest/globals';
import type { MessageHandler } from '@nestjs/microservices';
import { concat, defer, EMPTY, Observable, of, throwError, timer } from 'rxjs';
import type { SqsContext } from '../../ctx-host/sqs.context.js';
import { Delivery } from '../delivery.js';
import { Dispatcher, type DispatcherOptions, type ProcessingHooks } from './dispatcher.js';
import type { EventEnvelope } from '../../interfaces/envelope.interface.js';
import { HeldBackError } from '../held-back.js';
import { IncomingRequest, type ReplySender } from '../reply/incoming-request.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { HandlerRegistry } from './handler-registry.js';

const metadata = { id: '1', source: 'users', type: 'user.registered' };
const delivery = () => new Delivery({ MessageId: 'm' }, 0, Infinity);
const justRun: ProcessingHooks = (_, work) => work();

function dispatcherTo(
  handle: (...args: never[]) => unknown,
  pattern = 'user.registered',
  hooks = justRun,
  request?: IncomingRequest,
) {
  const handler = handle as unknown as MessageHandler;
  return new Dispatcher({
    queueName: 'q',
    handlers: new HandlerRegistry([{ pattern, queue: 'q', subscribed: true, handler }]),
    decode: () => ({ metadata, data: { name: 'Ada' } }),
    handlerTimeoutMs: 1_000,
    conversation: true,
    logger: { warn: () => undefined, error: () => undefined },
    hooks,
    ...(request && { requestOf: () => request }),
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

  it('notes of a request that was not run that nothing is known of what its handler needs', async () => {
    const handle = jest.fn();
    const dispatcher = dispatcherTo(handle, 'user.registered', justRun, { hasExpired: () => true } as never);
    const one = delivery();
    await dispatcher.dispatch(one, 1);
    expect([handle.mock.calls, one.refused]).toEqual([[], { error: undefined }]);
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

  it('aborts the signal of a handler that takes too long, and fails its attempt when it has ended', async () => {
    const one = delivery();
    const outcome = Promise.allSettled([
      dispatcherTo(
        () => new Promise((_, reject) => one.signal.addEventListener('abort', () => reject(new Error('stopped')))),
      ).dispatch(one, 1),
    ]);
    await jest.advanceTimersByTimeAsync(999);
    expect(one.signal.aborted).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect(await outcome).toMatchObject([{ reason: { code: 'HANDLER_TIMEOUT', retryable: true } }]);
    expect(one.signal.reason).toMatchObject({ code: 'HANDLER_TIMEOUT' });
    expect(jest.getTimerCount()).toBe(0);
  });

  it('unsubscribes a stream that takes too long, which has ended then; and one that comes too late', async () => {
    let isSubscribed = false;
    const stream = new Observable(() => {
      isSubscribed = true;
      return () => (isSubscribed = false);
    });
    const endless = dispatcherTo(() => stream).dispatch(delivery(), 1);
    const late = dispatcherTo(async () => {
      await new Promise(resolve => setTimeout(resolve, 1_500));
      return stream;
    }).dispatch(delivery(), 1);
    const outcomes = Promise.allSettled([endless, late]);
    await jest.advanceTimersByTimeAsync(999);
    expect(isSubscribed).toBe(true);
    await jest.advanceTimersByTimeAsync(1);
    expect(isSubscribed).toBe(false);
    await expect(endless).rejects.toMatchObject({ code: 'HANDLER_TIMEOUT' });
    await jest.advanceTimersByTimeAsync(500);
    expect(isSubscribed).toBe(false);
    expect(await outcomes).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it.each<[string, (one: Delivery) => void]>([
    ['its lease is lost', one => one.loseLease(new Error('lost'))],
    ['the server does not wait any longer', one => one.stop(new Error('lost'))],
  ])('unsubscribes a stream when %s', async (_, tell) => {
    let isSubscribed = false;
    const one = delivery();
    const dispatched = dispatcherTo(
      () =>
        new Observable(() => {
          isSubscribed = true;
          return () => {
            isSubscribed = false;
            throw new Error('a teardown that throws');
          };
        }),
    ).dispatch(one, 1);
    await jest.advanceTimersByTimeAsync(10);
    expect(isSubscribed).toBe(true);
    tell(one);
    expect(isSubscribed).toBe(false);
    await expect(dispatched).rejects.toThrow('lost');
  });

  it('calls no handler of a delivery that was held back while it was decoded', async () => {
    const handle = jest.fn();
    const one = delivery();
    const hooks: ProcessingHooks = async (_, work) => {
      await Promise.resolve();
      return work();
    };
    const dispatched = dispatcherTo(handle, 'user.registered', hooks).dispatch(one, 1);
    one.holdBack();
    await expect(dispatched).rejects.toBeInstanceOf(HeldBackError);
    expect(handle).not.toHaveBeenCalled();
  });

  it('fails the attempt where the schema of the contract never ends, and calls no handler', async () => {
    const handle = jest.fn();
    const schema = { '~standard': { version: 1, vendor: 'v', validate: () => new Promise(() => undefined) } };
    const dispatched = Promise.allSettled([
      dispatcherTo(Object.assign(handle, { extras: { schema } })).dispatch(delivery(), 1),
    ]);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(await dispatched).toMatchObject([{ reason: { code: 'HANDLER_TIMEOUT', retryable: true } }]);
    expect(handle).not.toHaveBeenCalled();
    expect(jest.getTimerCount()).toBe(0);
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

  it('does not keep a process from ending by a handler that never ends', async () => {
    jest.useRealTimers();
    const timeouts = (): number => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length;
    const before = timeouts();
    const hung = dispatcherTo(() => new Promise(() => undefined)).dispatch(delivery(), 1);
    hung.catch(() => undefined);
    await new Promise(resolve => setImmediate(resolve));
    // Another may have ended meanwhile.
    expect(timeouts()).toBeLessThanOrEqual(before);
  });
});

describe('Dispatcher of a request', () => {
  const sender = () => ({ send: jest.fn<ReplySender['send']>(() => Promise.resolve()), note: jest.fn() });

  function asked(
    handle: (...args: never[]) => unknown,
    options: Partial<DispatcherOptions> = {},
    expiresAt?: number,
    sentAt?: number,
  ) {
    const replies = sender();
    const address = { queueUrl: 'url', correlationId: 'c', ...(expiresAt !== undefined && { expiresAt }) };
    const handler = handle as unknown as MessageHandler;
    const dispatcher = new Dispatcher({
      queueName: 'q',
      handlers: new HandlerRegistry([{ pattern: 'user.registered', queue: 'q', subscribed: false, handler }]),
      decode: () => ({ metadata, data: 1 }),
      handlerTimeoutMs: 1_000,
      conversation: true,
      logger: { warn: () => undefined, error: () => undefined },
      hooks: justRun,
      requestOf: () => new IncomingRequest(address, replies),
      ...options,
    });
    const packets = () => replies.send.mock.calls.map(([, , , packet]) => packet);
    return { dispatched: dispatcher.dispatch(asksAt(sentAt), 1), packets };
  }

  const asksAt = (sentAt?: number): Delivery =>
    new Delivery({ MessageId: 'm', ...(sentAt && { Attributes: { SentTimestamp: String(sentAt) } }) }, 0, Infinity);

  it('answers it with what the handler returns, and knows it for one', async () => {
    const { dispatched, packets } = asked((data: number, context: SqsContext) => [data, context.isRequest()]);
    await dispatched;
    expect(packets()).toEqual([{ response: [1, true], isDisposed: true }]);
  });

  it('answers what the handler threw, and the message is done', async () => {
    const { dispatched, packets } = asked(() => Promise.reject(new Error('no')));
    await dispatched;
    expect(packets()).toEqual([{ err: { status: 'error', message: 'no' }, isDisposed: true }]);
  });

  it('does not run one whose caller has given up', async () => {
    const handle = jest.fn();
    const { dispatched, packets } = asked(handle, {}, Date.now() - 1);
    await dispatched;
    expect(handle).not.toHaveBeenCalled();
    expect(packets()).toEqual([]);
  });

  it("runs one whose caller has set its clock back, or that only this process's clock takes for late", async () => {
    const handle = jest.fn();
    const now = Date.now();
    const madeAt = (ms: number) => (): EventEnvelope => ({
      metadata: { ...metadata, time: new Date(ms).toISOString() },
      data: 1,
    });
    const hour = 3_600_000;
    const decoded = { decode: madeAt(now - hour), sqsNow: () => now };
    await asked(handle, decoded, now - hour + 5_000, now).dispatched;
    await asked(handle, { decode: madeAt(now - hour), sqsNow: () => now - hour }, now - hour + 15_000, now - hour)
      .dispatched;
    expect(handle).toHaveBeenCalledTimes(2);
    await asked(handle, decoded, now - hour + 5_000, now - 20_000).dispatched;
    expect(handle).toHaveBeenCalledTimes(2);
  });

  it('answers what nobody takes, and the message is done', async () => {
    const handlers = new HandlerRegistry([]);
    const { dispatched, packets } = asked(() => undefined, { handlers });
    await dispatched;
    expect(packets()).toMatchObject([{ err: expect.stringMatching(/no matching message handler/) as string }]);
  });

  it('answers what cannot be read, and it goes to the dead letter queue too', async () => {
    const decode = (): never => {
      throw new SnsSqsError('UNPARSABLE_MESSAGE', 'rubbish');
    };
    const { dispatched, packets } = asked(() => undefined, { decode });
    await expect(dispatched).rejects.toMatchObject({ code: 'UNPARSABLE_MESSAGE' });
    expect(packets()).toEqual([{ err: { status: 'error', message: 'rubbish' }, isDisposed: true }]);
  });

  it('leaves to the next delivery what failed for reasons of this process', async () => {
    const hooks: ProcessingHooks = () => Promise.reject(new Error('a broken hook'));
    const { dispatched, packets } = asked(() => undefined, { hooks });
    await expect(dispatched).rejects.toThrow('a broken hook');
    expect(packets()).toEqual([]);
  });
});
