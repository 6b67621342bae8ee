import type { SQSClient } from '@aws-sdk/client-sqs';
import { jest } from '@jest/globals';
import { ReplyQueueMember, type ReplyQueueMemberOptions } from './reply-queue-member.js';

interface Command {
  constructor: { name: string };
  input: { QueueName?: string; QueueUrl?: string; WaitTimeSeconds?: number };
}

/** An SQS whose long polls never end. */
function access() {
  const send = jest.fn(({ constructor: { name }, input }: Command): Promise<object> => {
    if (name === 'ReceiveMessageCommand' && input.WaitTimeSeconds !== 0) return new Promise(() => undefined);
    return Promise.resolve({ QueueUrl: `url/${input.QueueName}` });
  });
  const of = (wanted: string) =>
    send.mock.calls.flatMap(([{ constructor, input }]) => (constructor.name === wanted ? [input] : []));
  return {
    sqs: { send } as unknown as SQSClient,
    created: () => of('CreateQueueCommand'),
    deleted: () => of('DeleteQueueCommand'),
  };
}

const logger = { warn: jest.fn(), error: jest.fn() };
const member = (sqs: SQSClient, options: Partial<ReplyQueueMemberOptions> = {}) =>
  new ReplyQueueMember({ prefix: '', caller: () => 'web', access: { sqs }, logger, ...options });

describe('ReplyQueueMember', () => {
  it('shares one queue with every client of the same access, prefix and caller', async () => {
    const { sqs, created } = access();
    const urls = await Promise.all([member(sqs).open(), member(sqs).open()]);
    expect(new Set(urls).size).toBe(1);
    expect(created()).toHaveLength(1);
  });

  it.each([
    ['another caller', { caller: () => 'shop' }],
    ['another prefix', { prefix: 'dev-' }],
  ])('has another queue for %s', async (_, options) => {
    const { sqs } = access();
    expect(await member(sqs, options).open()).not.toBe(await member(sqs).open());
  });

  it('has another queue for another access', async () => {
    expect(await member(access().sqs).open()).not.toBe(await member(access().sqs).open());
  });

  it('ends every request when it closes, though the callback of one throws', async () => {
    const { sqs } = access();
    const [first, second] = [member(sqs), member(sqs)];
    const thrower = jest.fn(() => {
      throw new Error('on purpose');
    });
    const after = jest.fn();
    for (const callback of [thrower, after]) first.expect(callback);
    await Promise.all([first.open(), second.open()]);
    await first.close();
    expect(thrower).toHaveBeenCalledTimes(1);
    expect(after.mock.calls).toMatchObject([[{ err: { code: 'CLIENT_CLOSED' } }]]);
  });

  it('ends its own requests when it closes; the last one deletes the queue', async () => {
    const { sqs, created, deleted } = access();
    const [first, second] = [member(sqs), member(sqs)];
    const [mine, others] = [jest.fn(), jest.fn()];
    first.expect(mine);
    second.expect(others);
    await Promise.all([first.open(), second.open()]);
    await first.close();
    expect(mine.mock.calls).toMatchObject([[{ err: { code: 'CLIENT_CLOSED' } }]]);
    expect(others).not.toHaveBeenCalled();
    expect(deleted()).toEqual([]);
    await expect(first.open()).rejects.toMatchObject({ code: 'CLIENT_CLOSED' });
    await second.close();
    expect(first.close()).toBe(first.close());
    expect(others).toHaveBeenCalledTimes(1);
    expect(deleted()).toHaveLength(1);

    await member(sqs).open();
    expect(created()).toHaveLength(2);
  });

  it('tells a request that was given up nothing', async () => {
    const { sqs } = access();
    const one = member(sqs);
    const callback = jest.fn();
    one.expect(callback).forget();
    await one.close();
    expect(callback).not.toHaveBeenCalled();
  });

  it('makes no call when it never asked', async () => {
    const { sqs, deleted } = access();
    await member(sqs).close();
    expect(deleted()).toEqual([]);
  });

  it('that is closed joins no more: the last of the others still deletes the queue', async () => {
    const { sqs, deleted } = access();
    const closed = member(sqs);
    await closed.close();
    closed.expect(jest.fn());
    const other = member(sqs);
    await other.open();
    await other.close();
    expect(deleted()).toHaveLength(1);
  });
});
