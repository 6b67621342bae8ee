import { jest } from '@jest/globals';
import type { ReceiveRequest, SqsMessage } from '../../interfaces/wire.interface.js';
import { ReplyPoller } from './reply-poller.js';

interface Receive {
  request: ReceiveRequest;
  answer: (messages: SqsMessage[]) => void;
  fail: (error: Error) => void;
}

/** Its receives are answered by the test; an aborted one rejects, as the SDK's does. */
function pollerByHand() {
  const receives: Receive[] = [];
  const state = { wanted: 1 };
  const onMessages = jest.fn<(messages: SqsMessage[]) => Promise<void>>(() => Promise.resolve());
  const onGone = jest.fn();
  const logger = { warn: jest.fn(), error: jest.fn() };
  const poller = new ReplyPoller({
    queueUrl: 'url',
    queueName: 'web-replies-1',
    wire: {
      receive: request =>
        new Promise((answer, fail) => {
          receives.push({ request, answer, fail });
          request.signal?.addEventListener('abort', () => fail(new Error('aborted')));
        }),
    },
    wanted: () => state.wanted,
    onMessages,
    onGone,
    logger,
  });
  const last = (): Receive => receives.at(-1) as Receive;
  return { poller, receives, last, state, onMessages, onGone, logger };
}

async function polling() {
  const hand = pollerByHand();
  const there = hand.poller.untilReceivable();
  hand.last().answer([]);
  await there;
  hand.receives.splice(0, 1);
  return hand;
}

const pass = (ms = 0) => jest.advanceTimersByTimeAsync(ms);
const named = (name: string) => Object.assign(new Error('no'), { name });

describe('ReplyPoller', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('waits until SQS knows the new queue everywhere, and only then polls', async () => {
    const { poller, receives, last } = pollerByHand();
    const there = jest.fn();
    void poller.untilReceivable().then(there);
    poller.wake();
    expect(receives).toHaveLength(1);
    last().fail(named('QueueDoesNotExist'));
    await pass(249);
    expect(receives).toHaveLength(1);
    await pass(1);
    expect(receives).toHaveLength(2);
    expect(there).not.toHaveBeenCalled();
    last().answer([]);
    await pass();
    expect(there).toHaveBeenCalledTimes(1);
    expect(receives.map(({ request }) => request.waitTimeSeconds)).toEqual([0, 0, 20]);
  });

  it.each(['QueueDoesNotExist', 'AccessDenied'])(
    'gives a new queue up that cannot be received from: %s',
    async name => {
      const { poller, receives } = pollerByHand();
      const outcome = Promise.allSettled([poller.untilReceivable()]);
      for (let n = 0; n < 40; n += 1) {
        receives[n]?.fail(named(name));
        await pass(250);
      }
      expect(await outcome).toMatchObject([{ status: 'rejected' }]);
      expect(receives).toHaveLength(name === 'AccessDenied' ? 1 : 40);
    },
  );

  it('stops waiting for a new queue when told to', async () => {
    const { poller, receives, last } = pollerByHand();
    const outcome = Promise.allSettled([poller.untilReceivable()]);
    last().fail(named('QueueDoesNotExist'));
    await pass();
    poller.stop();
    await pass();
    expect(receives).toHaveLength(1);
    expect(await outcome).toMatchObject([{ status: 'rejected' }]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('polls while somebody waits, and hands out what comes', async () => {
    const { poller, receives, last, state, onMessages } = await polling();
    poller.wake();
    expect(receives).toHaveLength(1);
    expect(last().request).toMatchObject({ queueUrl: 'url', maxMessages: 10, visibilityTimeoutSeconds: 30 });
    last().answer([{ MessageId: 'a' }]);
    await pass();
    expect(onMessages.mock.calls).toEqual([[[{ MessageId: 'a' }]]]);
    expect(receives).toHaveLength(2);
    state.wanted = 0;
    last().answer([]);
    await pass(60_000);
    expect(receives).toHaveLength(2);
    state.wanted = 1;
    poller.wake();
    expect(receives).toHaveLength(3);
  });

  it('polls with as many receives as are of use, four at most, and goes back', async () => {
    const { poller, receives, state } = await polling();
    state.wanted = 9;
    poller.wake();
    expect(receives).toHaveLength(4);
    state.wanted = 2;
    for (const { answer } of receives.slice()) answer([]);
    await pass();
    expect(receives).toHaveLength(6);
  });

  it('waits out a fault with growing delays, and tells of it once', async () => {
    const { receives, last, logger, onGone } = await polling();
    for (let fault = 0; fault < 3; fault += 1) {
      const before = receives.length;
      last().fail(named('InternalError'));
      await pass(49);
      expect(receives).toHaveLength(before);
      await pass(1_000);
      expect(receives).toHaveLength(before + 1);
    }
    expect(logger.error).toHaveBeenCalledTimes(1);
    last().answer([]);
    await pass();
    last().fail(named('InternalError'));
    await pass(1_000);
    expect(logger.error).toHaveBeenCalledTimes(2);
    expect(onGone).not.toHaveBeenCalled();
  });

  it('says that the queue is gone', async () => {
    const { poller, last, onGone } = await polling();
    onGone.mockImplementation(() => poller.stop());
    last().fail(named('QueueDoesNotExist'));
    await pass(60_000);
    expect(onGone.mock.calls).toMatchObject([[{ code: 'QUEUE_NOT_FOUND' }]]);
  });

  it('ends at once when stopped, in a receive and in a backoff', async () => {
    const first = await polling();
    first.poller.stop();
    await pass();
    first.poller.wake();
    expect(first.receives).toHaveLength(1);
    expect(first.logger.error).not.toHaveBeenCalled();

    const second = await polling();
    second.last().fail(named('InternalError'));
    await pass();
    second.poller.stop();
    await pass();
    expect(second.receives).toHaveLength(1);
    expect(jest.getTimerCount()).toBe(0);
  });
});
