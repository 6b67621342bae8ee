import { jest } from '@jest/globals';
import type { WritePacket } from '@nestjs/microservices';
import { REPLY_ATTRIBUTES } from '../../envelope/reply.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { SqsRecordBuilder } from '../../record-builders/sqs-record.builder.js';
import type { Publisher } from '../publish/publisher.js';
import type { ReplyCallback } from './pending-request.js';
import { Requester, type RequesterOptions } from './requester.js';

type Publish = Publisher['publish'];

function requesterByHand(options: Partial<RequesterOptions> = {}) {
  let answer: ReplyCallback = () => undefined;
  const forget = jest.fn();
  const open = jest.fn(() => Promise.resolve('url/web-replies-1'));
  const sent: Array<{ input: unknown; attributes: Record<string, string | undefined> }> = [];
  const publish = jest.fn<Publish>(async (_, input, request) => {
    const attributes = Object.entries((await request?.address()) ?? {}).map(([name, { StringValue }]) => [
      name,
      StringValue,
    ]);
    sent.push({
      input,
      attributes: Object.fromEntries(attributes) as Record<string, string>,
    });
  });
  const requester = new Requester({
    publisher: { publish },
    replies: {
      open,
      expect: callback => {
        answer = callback;
        return { correlationId: 'c', forget };
      },
    },
    replyTimeoutMs: undefined,
    ...options,
  });
  const callback = jest.fn<ReplyCallback>();
  const given = (): WritePacket[] => callback.mock.calls.map(([packet]) => packet);
  return { requester, callback, given, sent, publish, open, forget, answer: (packet: WritePacket) => answer(packet) };
}

const pass = (ms = 0) => jest.advanceTimersByTimeAsync(ms);

describe('Requester', () => {
  beforeEach(() => void jest.useFakeTimers({ now: Date.parse('2026-01-01T00:00:00Z') }));
  afterEach(() => void jest.useRealTimers());

  it('sends what it was given with the address of the reply, and gives the replies', async () => {
    const { requester, callback, sent, given, answer } = requesterByHand();
    requester.request('sum', [1, 2], callback);
    await pass();
    expect(sent[0]?.input).toEqual([1, 2]);
    expect(sent[0]?.attributes).toEqual({
      [REPLY_ATTRIBUTES.queueUrl]: 'url/web-replies-1',
      [REPLY_ATTRIBUTES.correlationId]: 'c',
    });
    answer({ response: 3, isDisposed: true });
    expect(given()).toEqual([{ response: 3, isDisposed: true }]);
  });

  it('ends with REPLY_TIMEOUT, and has told the service until when it waits', async () => {
    const { requester, callback, given, sent, forget } = requesterByHand({ replyTimeoutMs: 1_000 });
    requester.request('sum', 1, callback);
    await pass(999);
    expect(sent[0]?.attributes[REPLY_ATTRIBUTES.expiresAt]).toBe('2026-01-01T00:00:01.000Z');
    expect(given()).toEqual([]);
    await pass(1);
    expect(given()).toMatchObject([{ err: { code: 'REPLY_TIMEOUT', retryable: true } }]);
    expect(forget).toHaveBeenCalledTimes(1);
  });

  it('takes the time of the record before its own, and no time ends a stream that has begun', async () => {
    const { requester, callback, given, answer } = requesterByHand({ replyTimeoutMs: 10 });
    requester.request('sum', new SqsRecordBuilder(1).setReplyTimeoutMs(5_000).build(), callback);
    await pass(4_999);
    answer({ response: 1 });
    await pass(60_000);
    expect(given()).toEqual([{ response: 1 }]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('sends nothing when it is given up before the reply queue is there', async () => {
    const { requester, callback, given, sent, open, forget } = requesterByHand({ replyTimeoutMs: 1_000 });
    let there: (url: string) => void = () => undefined;
    open.mockReturnValueOnce(new Promise(resolve => (there = resolve)));
    requester.request('sum', 1, callback)();
    there('url');
    await pass(60_000);
    expect([sent, given()]).toEqual([[], []]);
    expect(forget).toHaveBeenCalledTimes(1);
  });

  it('errors when the reply queue cannot be made, without an alarm for those behind it', async () => {
    const { requester, callback, given, publish, open } = requesterByHand();
    const denied = new SnsSqsError('ACCESS_DENIED', 'no', { retryable: true });
    open.mockRejectedValueOnce(denied);
    requester.request('sum', 1, callback);
    await pass();
    expect(given()).toEqual([{ err: denied }]);
    // What the publisher sees is not retryable: the next of the group does not fail with it.
    await expect(publish.mock.results[0]?.value).rejects.not.toBeInstanceOf(SnsSqsError);
  });

  it('errors once when it could not be published', async () => {
    const { requester, callback, given, publish, forget } = requesterByHand({ replyTimeoutMs: 1_000 });
    const error = new Error('refused');
    publish.mockRejectedValueOnce(error);
    requester.request('sum', 1, callback);
    await pass(60_000);
    expect(given()).toEqual([{ err: error }]);
    expect(forget).toHaveBeenCalledTimes(1);
  });

  it('refuses more attributes than fit beside its own', async () => {
    const builder = new SqsRecordBuilder(1);
    for (const n of [1, 2, 3, 4, 5, 6]) builder.setAttribute(`a${n}`, n);
    const fitting = requesterByHand();
    fitting.requester.request('sum', builder.build(), fitting.callback);
    await pass();
    expect(fitting.sent).toHaveLength(1);
    const { requester, callback, given, sent } = requesterByHand();
    requester.request('sum', builder.setAttribute('a7', 7).build(), callback);
    await pass();
    expect(given()).toMatchObject([{ err: { code: 'INVALID_RECORD' } }]);
    expect(sent).toEqual([]);
  });
});
