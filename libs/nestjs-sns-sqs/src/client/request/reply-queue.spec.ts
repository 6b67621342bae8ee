import { jest } from '@jest/globals';
import { replyAttributes } from '../../envelope/reply.js';
import type { ReplyQueuePlane } from '../../interfaces/reply-queue-plane.interface.js';
import type { ReceiveRequest, SqsMessage, SqsWire } from '../../interfaces/wire.interface.js';
import { PendingRequest, type ReplyCallback } from './pending-request.js';
import { RENEW_EVERY_MS, REPLY_QUEUE_TAGS } from './reply-queue-tags.js';
import { ReplyQueue } from './reply-queue.js';

const pass = (ms = 0) => jest.advanceTimersByTimeAsync(ms);
const named = (name: string) => Object.assign(new Error('no'), { name });

interface Poll {
  request: ReceiveRequest;
  answer: (messages: SqsMessage[]) => void;
  fail: (error: Error) => void;
}

/** SQS by hand: a new queue is there at once, unless `there` says otherwise; long polls are answered by the test. */
function queueByHand(there: () => Promise<SqsMessage[]> = () => Promise.resolve([])) {
  const polls: Poll[] = [];
  const created: Parameters<ReplyQueuePlane['create']>[] = [];
  const plane = {
    create: jest.fn<ReplyQueuePlane['create']>((...given) => {
      created.push(given);
      return Promise.resolve(`url/${given[0]}`);
    }),
    tag: jest.fn<ReplyQueuePlane['tag']>(() => Promise.resolve()),
    delete: jest.fn<ReplyQueuePlane['delete']>(() => Promise.resolve()),
  };
  const deleteBatch = jest.fn<SqsWire['deleteBatch']>(() => Promise.resolve({ successful: [], failed: [] }));
  const logger = { warn: jest.fn(), error: jest.fn() };
  const receive = (request: ReceiveRequest): Promise<SqsMessage[]> =>
    request.waitTimeSeconds === 0
      ? there()
      : new Promise((answer, fail) => {
          polls.push({ request, answer, fail });
          request.signal?.addEventListener('abort', () => fail(new Error('aborted')));
        });
  const queue = new ReplyQueue({ prefix: 'dev-', caller: 'web', wire: { receive, deleteBatch }, plane, logger });
  const ask = () => {
    const callback = jest.fn<ReplyCallback>();
    return { callback, ...queue.expect(new PendingRequest(callback)) };
  };
  return { queue, polls, plane, created, deleteBatch, logger, ask, last: () => polls.at(-1) as Poll };
}

const reply = (correlationId: string, packet: object, index = 0): SqsMessage => ({
  Body: JSON.stringify(packet),
  ReceiptHandle: `handle of ${correlationId}`,
  MessageAttributes: replyAttributes(correlationId, index),
});

describe('ReplyQueue', () => {
  beforeEach(() => void jest.useFakeTimers({ now: Date.parse('2026-01-01T00:00:00Z') }));
  afterEach(() => void jest.useRealTimers());

  it('is made once, at the first request, with a name and tags that tell whose it is', async () => {
    const { queue, created } = queueByHand();
    expect(created).toEqual([]);
    const [url, same] = await Promise.all([queue.open(), queue.open()]);
    expect(same).toBe(url);
    expect(created).toEqual([
      [
        expect.stringMatching(/^dev-web-replies-[0-9a-f]{12}$/),
        { MessageRetentionPeriod: '3600', VisibilityTimeout: '30', SqsManagedSseEnabled: 'true' },
        { [REPLY_QUEUE_TAGS.caller]: 'web', [REPLY_QUEUE_TAGS.aliveUntil]: '2026-01-01T02:30:00.000Z' },
      ],
    ]);
  });

  it('has a name that AWS takes, whoever calls', async () => {
    const created: string[] = [];
    const create = (name: string): Promise<string> => (created.push(name), Promise.resolve('url'));
    const { queue: _, ...hand } = queueByHand();
    const queue = new ReplyQueue({
      prefix: 'p'.repeat(30),
      caller: `https://shop.example/${'x'.repeat(100)}`,
      wire: { receive: () => Promise.resolve([]), deleteBatch: hand.deleteBatch },
      plane: { ...hand.plane, create },
      logger: hand.logger,
    });
    await queue.open();
    expect(created).toEqual([expect.stringMatching(/^[A-Za-z0-9_-]{80}$/)]);
    await queue.close();
  });

  it('is polled only while somebody waits', async () => {
    const { queue, polls, ask, last } = queueByHand();
    await queue.open();
    expect(polls).toEqual([]);
    const { correlationId, callback } = ask();
    expect(polls).toHaveLength(1);
    last().answer([reply(correlationId, { response: 6, isDisposed: true })]);
    await pass(60_000);
    expect(callback.mock.calls).toEqual([[{ response: 6, isDisposed: true }]]);
    expect(polls).toHaveLength(1);
  });

  it('deletes what it has received, what is nobody’s too', async () => {
    const { queue, ask, last, deleteBatch } = queueByHand();
    const url = await queue.open();
    const { correlationId, callback, forget } = ask();
    const other = ask();
    forget();
    deleteBatch.mockRejectedValueOnce(new Error('away'));
    last().answer([
      reply(correlationId, { response: 'late' }),
      { ReceiptHandle: 'rubbish', Body: '{' },
      reply(other.correlationId, { response: 1, isDisposed: true }),
    ]);
    await pass();
    const handles = deleteBatch.mock.calls.flatMap(([, entries]) => entries.map(({ receiptHandle }) => receiptHandle));
    expect(deleteBatch.mock.calls[0]?.[0]).toBe(url);
    expect(handles).toEqual([`handle of ${correlationId}`, 'rubbish', `handle of ${other.correlationId}`]);
    expect(callback).not.toHaveBeenCalled();
    expect(other.callback).toHaveBeenCalledTimes(1);
  });

  it('keeps others from a subscriber that throws', async () => {
    const { queue, ask, last, logger } = queueByHand();
    await queue.open();
    const [first, second] = [ask(), ask()];
    first.callback.mockImplementation(() => {
      throw new Error('on purpose');
    });
    last().answer([first, second].map(({ correlationId }) => reply(correlationId, { response: 1, isDisposed: true })));
    await pass();
    expect(second.callback).toHaveBeenCalledTimes(1);
    expect(logger.error.mock.calls).toEqual([[expect.stringContaining('on purpose')]]);
  });

  it('says by its tags that it is alive, every half hour, though one call fails', async () => {
    const { queue, plane, logger } = queueByHand();
    const url = await queue.open();
    plane.tag.mockRejectedValueOnce(new Error('away'));
    await pass(2 * RENEW_EVERY_MS);
    expect(plane.tag.mock.calls).toEqual([
      [url, { [REPLY_QUEUE_TAGS.aliveUntil]: '2026-01-01T03:00:00.000Z' }],
      [url, { [REPLY_QUEUE_TAGS.aliveUntil]: '2026-01-01T03:30:00.000Z' }],
    ]);
    expect(logger.warn).toHaveBeenCalledTimes(1);
  });

  it('is made again by the next request when a renewal of its tags finds it missing', async () => {
    const { queue, plane, created, ask } = queueByHand();
    const url = await queue.open();
    plane.tag.mockRejectedValueOnce(named('QueueDoesNotExist'));
    const { callback } = ask();
    await pass(RENEW_EVERY_MS);
    expect(callback.mock.calls).toMatchObject([[{ err: { code: 'QUEUE_NOT_FOUND' } }]]);
    expect(await queue.open()).not.toBe(url);
    expect(created).toHaveLength(2);
    await pass(RENEW_EVERY_MS);
    expect(plane.tag.mock.lastCall?.[0]).toBe(await queue.open());
  });

  it('does not remember that it could not be made, and leaves nothing behind', async () => {
    let isThere = false;
    const { queue, plane, created } = queueByHand(() =>
      isThere ? Promise.resolve([]) : Promise.reject(named('AccessDenied')),
    );
    plane.create.mockRejectedValueOnce(named('AccessDenied'));
    await expect(queue.open()).rejects.toMatchObject({ code: 'ACCESS_DENIED', message: /CreateQueue/ as never });
    await expect(queue.open()).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    expect(plane.delete.mock.calls.map(([url]) => url)).toEqual([`url/${created[0]?.[0]}`]);
    isThere = true;
    expect(await queue.open()).toBe(`url/${created[1]?.[0]}`);
  });

  it('that was deleted ends what waits, and the next request makes another', async () => {
    const { queue, ask, polls, last, plane } = queueByHand();
    const old = await queue.open();
    const { callback } = ask();
    last().fail(named('QueueDoesNotExist'));
    await pass();
    expect(callback.mock.calls).toMatchObject([[{ err: { code: 'QUEUE_NOT_FOUND' } }]]);
    expect(await queue.open()).not.toBe(old);
    ask();
    expect(polls).toHaveLength(2);
    await pass(RENEW_EVERY_MS);
    expect(plane.tag).toHaveBeenCalledTimes(1);
  });

  it('is deleted by close, which ends what waits and leaves no timer', async () => {
    const { queue, ask, plane } = queueByHand();
    const url = await queue.open();
    const { callback } = ask();
    await queue.close();
    expect(queue.close()).toBe(queue.close());
    expect(callback.mock.calls).toMatchObject([[{ err: { code: 'CLIENT_CLOSED' } }]]);
    expect(plane.delete.mock.calls).toEqual([[url, expect.any(AbortSignal)]]);
    expect(jest.getTimerCount()).toBe(0);
    await expect(queue.open()).rejects.toMatchObject({ code: 'CLIENT_CLOSED' });
  });

  it.each([
    ['being created', () => queueByHand()],
    ['waited for', () => queueByHand(() => Promise.reject(named('QueueDoesNotExist')))],
  ])('is deleted by a close while it is still %s', async (_, byHand) => {
    const { queue, plane } = byHand();
    const opening = Promise.allSettled([queue.open()]);
    await pass(_ === 'waited for' ? 300 : 0);
    const closed = queue.close();
    await pass();
    await closed;
    await opening;
    expect(plane.delete).toHaveBeenCalledTimes(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('closes though it cannot be deleted, and says so, but not of one that is gone', async () => {
    for (const [name, lines] of [
      ['AccessDenied', 1],
      ['QueueDoesNotExist', 0],
    ] as const) {
      const { queue, plane, logger } = queueByHand();
      await queue.open();
      plane.delete.mockRejectedValueOnce(named(name));
      await queue.close();
      expect(logger.warn).toHaveBeenCalledTimes(lines);
    }
  });

  it.each([
    ['making', 'create'],
    ['removal', 'delete'],
  ] as const)(
    'closes though its %s is never answered, whatever becomes of the signal, and says so',
    async (_, call) => {
      const { queue, plane, logger } = queueByHand();
      plane[call].mockImplementation(() => new Promise<never>(() => undefined));
      const opening = Promise.allSettled([queue.open()]);
      await pass();
      const closed = jest.fn();
      void queue.close().then(closed);
      await pass(6_000);
      expect(closed).toHaveBeenCalledTimes(1);
      expect(logger.warn.mock.calls).toEqual([[expect.stringMatching(/web-replies-\w{12} may be left behind/)]]);
      expect(jest.getTimerCount()).toBe(0);
      if (call === 'delete') await opening;
    },
  );

  it('removes a queue whose making is answered after the close has ended', async () => {
    const { queue, plane } = queueByHand();
    let made: (url: string) => void = () => undefined;
    plane.create.mockImplementation(() => new Promise(resolve => (made = resolve)));
    const opening = Promise.allSettled([queue.open()]);
    await pass();
    const closed = queue.close();
    await pass(6_000);
    await closed;
    made('url/late');
    await opening;
    await pass();
    expect(plane.delete.mock.calls.map(([url]) => url)).toEqual(['url/late']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('ends every request though subscribers throw, and waits for none of them', async () => {
    const { queue, ask, polls, last, logger } = queueByHand();
    await queue.open();
    const thrower = ask();
    thrower.callback.mockImplementation(({ err }) => {
      if (!err) throw new Error('on purpose');
    });
    last().answer([reply(thrower.correlationId, { response: 1, isDisposed: true })]);
    await pass();
    expect(thrower.callback.mock.calls).toMatchObject([
      [{ response: 1, isDisposed: true }],
      [{ err: { message: 'on purpose' } }],
    ]);
    await pass(60_000);
    expect(polls).toHaveLength(1);
    const [first, second] = [ask(), ask()];
    first.callback.mockImplementation(() => {
      throw new Error('on purpose');
    });
    await queue.close();
    expect(second.callback.mock.calls).toMatchObject([[{ err: { code: 'CLIENT_CLOSED' } }]]);
    expect(logger.error).toHaveBeenCalledTimes(2);
  });

  it('that nobody needed makes no call', async () => {
    const { queue, plane } = queueByHand();
    await queue.close();
    expect(plane.delete).not.toHaveBeenCalled();
  });
});
