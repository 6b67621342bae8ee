import { jest } from '@jest/globals';
import type { MessageHandler } from '@nestjs/microservices';
import { SqsContext } from '../../ctx-host/sqs.context.js';
import { BatchFailure } from '../../errors/batch-failure.js';
import { Discard } from '../../errors/handler-outcomes.js';
import { Delivery } from '../delivery.js';
import { BatchDispatcher } from './batch-dispatcher.js';
import { HandlerTime } from './handler-time.js';
import { HeldBackError } from '../held-back.js';
import { NOTE_THROWN, type NotesThrown } from './outcomes-before-filters.js';
import { ENTER, type NotesWork } from './watch-handlers.js';

const logger = { warn: jest.fn(), error: jest.fn() };

function batchOf(
  handle: (ids: string[], contexts: { getArgByIndex(at: number): unknown }) => unknown,
  groups?: readonly string[],
) {
  const handler = handle as unknown as MessageHandler;
  const dispatcher = new BatchDispatcher({
    queueName: 'q',
    fifo: groups !== undefined,
    hooks: (_, work) => work(),
    time: new HandlerTime({ queueName: 'q', handlerTimeoutMs: 60_000, logger }),
    asking: undefined,
    logger,
  });
  const deliveries = ['a', 'b', 'c'].map((id, at) => {
    const group = groups?.[at];
    return new Delivery({ MessageId: id, ...(group && { Attributes: { MessageGroupId: group } }) }, 0, Infinity);
  });
  const call = dispatcher.begin(deliveries);
  const join = async (at: number): Promise<string> => {
    const delivery = deliveries.at(at) ?? new Delivery({}, 0, Infinity);
    const { message, messageId } = delivery;
    const metadata = { id: messageId, source: 's', type: 'a' };
    const state = { message, queue: 'q', pattern: 'a', metadata, attempt: 1, signal: new AbortController().signal };
    try {
      await call.join(delivery, { handler, payload: messageId, context: new SqsContext(state) });
      return 'done';
    } catch (error) {
      return error instanceof HeldBackError ? 'held back' : `failed: ${(error as Error).message}`;
    }
  };
  const joinAll = (): Promise<string[]> => Promise.all([join(0), join(1), join(2)]);
  return { deliveries, join, joinAll, call };
}

describe('a batch', () => {
  it('has none whose lease was lost, or that was held back, while it waited for the others', async () => {
    const handle = jest.fn<(ids: string[]) => void>();
    const { deliveries, join } = batchOf(handle);
    const waiting = [join(0), join(1)];
    deliveries[0]?.loseLease(new Error('lost'));
    deliveries[1]?.holdBack();
    const all = await Promise.all([...waiting, join(2)]);
    expect(all).toEqual(['held back', 'held back', 'done']);
    expect(handle.mock.calls.map(([ids]) => ids)).toEqual([['c']]);
  });

  it.each<[string, (delivery: Delivery) => void]>([
    ['whose lease was lost', delivery => delivery.loseLease(new Error('lost'))],
    ['that was held back', delivery => delivery.holdBack()],
  ])('has none of a FIFO group behind one %s while it waited for the others', async (_, meanwhile) => {
    const handle = jest.fn<(ids: string[]) => void>();
    const { deliveries, join } = batchOf(handle, ['g', 'g', 'h']);
    const waiting = [join(0), join(1)];
    deliveries.slice(0, 1).forEach(meanwhile);
    expect(await Promise.all([...waiting, join(2)])).toEqual(['held back', 'held back', 'done']);
    expect(handle.mock.calls.map(([ids]) => ids)).toEqual([['c']]);
    expect(deliveries[1]?.behind).toBe(deliveries[0]);
  });

  it('is not called where nobody is left', async () => {
    const handle = jest.fn();
    const { deliveries, call } = batchOf(handle);
    for (const delivery of deliveries) call.onEnd(delivery, 'advance');
    await new Promise(resolve => setImmediate(resolve));
    expect(handle).not.toHaveBeenCalled();
  });

  it('takes what its handler threw to say of its messages, whatever filters made of it', async () => {
    const note = (contexts: { getArgByIndex(at: number): unknown }, error: unknown): void =>
      void (contexts.getArgByIndex(0) as NotesThrown)[NOTE_THROWN](error);
    const swallowed = batchOf((_, contexts) =>
      note(contexts, new BatchFailure([{ index: 1, error: new Error('no') }])),
    );
    expect(await swallowed.joinAll()).toEqual(['done', 'failed: no', 'done']);
    const changed = batchOf((_, contexts) => {
      note(contexts, new Discard('all'));
      throw new Error('500');
    });
    expect(await changed.joinAll()).toEqual(Array(3).fill('failed: all'));
  });

  it.each<[string, (error: Error) => unknown]>([
    ['', error => Promise.reject(error)],
    [', whatever an interceptor makes of that', () => 'all is well'],
  ])('goes back where all were held back while its guard was at work%s', async (_, after) => {
    const run: string[] = [];
    const { deliveries, joinAll } = batchOf((ids, contexts) => {
      for (const delivery of deliveries) delivery.holdBack();
      const refusal = (contexts.getArgByIndex(0) as NotesWork)[ENTER]?.();
      if (refusal) return after(refusal);
      run.push(...ids);
    });
    expect(await joinAll()).toEqual(Array(3).fill('held back'));
    expect(run).toEqual([]);
  });

  it('is run where some leases were lost meanwhile, and again by an interceptor until it is told to stop', async () => {
    const refusals: unknown[] = [];
    const { deliveries, joinAll } = batchOf((_, contexts) => {
      const enter = (): unknown => (contexts.getArgByIndex(0) as NotesWork)[ENTER]?.();
      deliveries[0]?.loseLease(new Error('lost'));
      refusals.push(enter());
      for (const delivery of deliveries) delivery.holdBack();
      refusals.push(enter());
      for (const delivery of deliveries) delivery.stop(new Error('the server stops'));
      refusals.push(enter());
    });
    await joinAll();
    expect(refusals).toEqual([undefined, undefined, new Error('the server stops')]);
  });
});
