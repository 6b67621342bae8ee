import { jest } from '@jest/globals';
import { succeeded } from '../../../test/scripted-queue.js';
import { requestAttributes } from '../../envelope/reply.js';
import type { OutgoingSqsMessage, SqsMessage, SqsWire } from '../../interfaces/wire.interface.js';
import { Replier, type ReplierOptions } from './replier.js';

const OWN = 'https://sqs/123456789012/work-async-commands.fifo';
const REPLIES = 'https://sqs/123456789012/web-replies-0123456789ab';
const pass = (ms = 0) => jest.advanceTimersByTimeAsync(ms);

type SendBatch = SqsWire['sendBatch'];
const well: SendBatch = (_, entries) => succeeded(entries);

function replierOver(serializer?: ReplierOptions['serializer'], answer: SendBatch = well) {
  const sendBatch = jest.fn<SendBatch>(answer);
  const logger = { warn: jest.fn(), error: jest.fn() };
  const replier = new Replier({ wire: { sendBatch }, serializer, logger });
  const entries = (): OutgoingSqsMessage[] => sendBatch.mock.calls.flatMap(([, batch]) => batch);
  const bodies = (): unknown[] => entries().map(({ body }) => JSON.parse(body) as unknown);
  return { replier, sendBatch, logger, entries, bodies };
}

const requestTo = (queueUrl: string): SqsMessage => ({
  MessageId: 'm',
  MessageAttributes: requestAttributes({ queueUrl, correlationId: 'c', expiresAt: 5_000 }),
});

describe('Replier', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('knows a request by its attributes', () => {
    const { replier } = replierOver();
    expect(replier.requestOf({ MessageId: 'm' }, OWN)).toBeUndefined();
    const address = replier.requestOf(requestTo(REPLIES), OWN)?.address;
    expect(address).toEqual({ queueUrl: REPLIES, correlationId: 'c', expiresAt: 5_000 });
  });

  it('takes a message that names another queue than a reply queue for no request, and says so', () => {
    const { replier, logger } = replierOver();
    expect(replier.requestOf(requestTo('https://sqs/123456789012/orders'), OWN)).toBeUndefined();
    expect(logger.warn.mock.calls).toEqual([[expect.stringMatching(/message m .*orders, which is no reply queue/)]]);
  });

  it('sends no answer into another account, says why, and does where the account is allowed', () => {
    const { replier, logger } = replierOver();
    const foreign = requestTo('https://sqs/222222222222/web-replies-0123456789ab');
    expect(replier.requestOf(foreign, OWN)).toBeUndefined();
    const why = /message m asks .* a queue of the account 222222222222, .*`replyAccounts`.*; it is handled without one/;
    expect(logger.warn.mock.calls).toEqual([[expect.stringMatching(why)]]);
    const open = new Replier({ wire: { sendBatch: well }, accounts: ['222222222222'], logger });
    expect(open.requestOf(foreign, OWN)?.address.queueUrl).toBe('https://sqs/222222222222/web-replies-0123456789ab');
  });

  it('sends packets with their correlation id and index, those of one moment in one call', async () => {
    const { replier, sendBatch, entries, bodies } = replierOver();
    const sent = [replier.send(REPLIES, 'a', 0, { response: 1 }), replier.send(REPLIES, 'b', 3, { isDisposed: true })];
    await pass(10);
    await Promise.all(sent);
    expect(sendBatch.mock.calls.map(([url]) => url)).toEqual([REPLIES]);
    expect(bodies()).toEqual([
      { id: 'a', response: 1 },
      { id: 'b', isDisposed: true },
    ]);
    expect(entries()[1]?.attributes).toEqual({
      'reply.correlation-id': { DataType: 'String', StringValue: 'b' },
      'reply.index': { DataType: 'Number', StringValue: '3' },
    });
  });

  it('has a call for each caller', async () => {
    const { replier, sendBatch } = replierOver();
    void replier.send(REPLIES, 'a', 0, { response: 1 });
    void replier.send(`${REPLIES}0`, 'b', 0, { response: 2 });
    await pass(10);
    expect(sendBatch.mock.calls.map(([url]) => url)).toEqual([REPLIES, `${REPLIES}0`]);
  });

  it.each([
    ['synchronous', (packet: unknown) => `<${JSON.stringify(packet)}>`],
    ['asynchronous', (packet: unknown) => Promise.resolve(`<${JSON.stringify(packet)}>`)],
  ])('lets a serializer write, %s', async (_, serialize) => {
    const { replier, entries } = replierOver({ serialize });
    void replier.send(REPLIES, 'a', 0, { response: 1 });
    await pass(10);
    expect(entries()[0]?.body).toBe('<{"id":"a","response":1}>');
  });

  it.each<[string, ReplierOptions['serializer'], unknown, RegExp]>([
    ['too large', undefined, 'x'.repeat(1_048_576), /bytes, SQS takes/],
    ['no JSON', undefined, 1n, /BigInt/],
    ['refused by the serializer', { serialize: () => Promise.reject(new Error('not mine')) }, 1, /not mine/],
  ])('answers with an error for a reply that is %s, and says so', async (_, serializer, response, why) => {
    const { replier, bodies, logger } = replierOver(serializer);
    void replier.send(REPLIES, 'a', 2, { response });
    await pass(10);
    const err = { status: 'error', message: expect.stringMatching(why) as string };
    expect(bodies()).toEqual([{ id: 'a', err, isDisposed: true }]);
    expect(logger.error).toHaveBeenCalledTimes(1);
  });

  it('answers with an error for a reply that the serializer never gives back', async () => {
    const { replier, bodies } = replierOver({ serialize: () => new Promise(() => undefined) });
    const sent = replier.send(REPLIES, 'a', 0, { response: 1 });
    await pass(11_000);
    await sent;
    const err = { status: 'error', message: 'The serializer did not end within 10000 ms' };
    expect(bodies()).toEqual([{ id: 'a', err, isDisposed: true }]);
  });

  it('sends again what SQS did not take', async () => {
    const { replier, sendBatch, logger } = replierOver();
    sendBatch.mockRejectedValueOnce(Object.assign(new Error('away'), { name: 'InternalError' }));
    const sent = replier.send(REPLIES, 'a', 0, { response: 1 });
    await pass(10_000);
    await sent;
    expect(sendBatch).toHaveBeenCalledTimes(2);
    expect(logger.error).not.toHaveBeenCalled();
  });

  it('gives up in the end, says so, and resolves', async () => {
    const away = (): Promise<never> => Promise.reject(Object.assign(new Error('away'), { name: 'InternalError' }));
    const { replier, sendBatch, logger } = replierOver(undefined, away);
    const sent = replier.send(REPLIES, 'a', 0, { response: 1 });
    await pass(60_000);
    await sent;
    expect(sendBatch).toHaveBeenCalledTimes(10);
    expect(logger.error.mock.calls).toEqual([[expect.stringContaining('InternalError: away'), expect.any(String)]]);
  });

  it.each(['QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue'])(
    'does not try again, nor complain, when the caller has gone: %s',
    async name => {
      const gone = (): Promise<never> => Promise.reject(Object.assign(new Error('gone'), { name }));
      const { replier, sendBatch, logger } = replierOver(undefined, gone);
      const sent = replier.send(REPLIES, 'a', 0, { response: 1 });
      await pass(10);
      await sent;
      expect(sendBatch).toHaveBeenCalledTimes(1);
      expect(logger.error).not.toHaveBeenCalled();
    },
  );
});
