import { AsyncLocalStorage } from 'node:async_hooks';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import { ClientSQS } from './client-sqs.js';

interface Command {
  input: { Entries: Array<{ Id: string; MessageBody: string }> };
}

/** A client of a queue that needs no look-up, over an SDK client that answers as told. */
function clientAnswering(answer: 'well' | Error = 'well') {
  const send = jest.fn(({ input }: Command) =>
    answer === 'well'
      ? Promise.resolve({ Successful: input.Entries.map(({ Id }) => ({ Id, MessageId: 'm' })) })
      : Promise.reject(answer),
  );
  const destroy = jest.fn();
  const client = new ClientSQS({
    service: 'users',
    source: 'web',
    queueUrl: 'http://localhost/0/q',
    sqs: { send, destroy } as unknown as SQSClient,
    publish: { lingerMs: 0, maxAttempts: 1 },
  });
  const statuses: string[] = [];
  client.status.subscribe(status => statuses.push(status));
  const types = () =>
    send.mock.calls.flatMap(([{ input }]) =>
      input.Entries.map(({ MessageBody }) => (JSON.parse(MessageBody) as { type: string }).type),
    );
  return { client, send, destroy, statuses, types };
}

describe('SnsSqsClient', () => {
  let logged: { mock: { calls: unknown[][] } };
  beforeEach(() => {
    logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  });
  afterEach(() => jest.restoreAllMocks());

  it('publishes without being subscribed to', async () => {
    const { client, types } = clientAnswering();
    client.emit('user.registered', { n: 1 });
    await client.close();
    expect(types()).toEqual(['user.registered']);
  });

  it('calls the dispatchEvent of whoever has put one in the place of its own', async () => {
    const { client, types } = clientAnswering();
    const dispatched = jest.spyOn(
      client as unknown as { dispatchEvent: (packet: unknown) => unknown },
      'dispatchEvent',
    );
    await lastValueFrom(client.emit('user.registered', { n: 1 }));
    expect(dispatched).toHaveBeenCalledWith({ pattern: 'user.registered', data: { n: 1 } });
    expect(types()).toEqual(['user.registered']);
  });

  it('gives one value and completes when AWS has accepted the event, to late subscribers too', async () => {
    const { client, send } = clientAnswering();
    const result = client.emit('a', 1);
    expect(await lastValueFrom(result.pipe(toArray()))).toEqual([undefined]);
    expect(await lastValueFrom(result.pipe(toArray()))).toEqual([undefined]);
    expect(send).toHaveBeenCalledTimes(1);
  });

  it('tells a subscriber in the async context of its own emit, though all travel in one call', async () => {
    const { client, send } = clientAnswering();
    const requests = new AsyncLocalStorage<string>();
    const seen: Array<string | undefined> = [];
    const emits = ['a', 'b', 'c'].map(request =>
      requests.run(request, () => {
        const result = client.emit(request, 1);
        result.subscribe(() => seen.push(requests.getStore()));
        return lastValueFrom(result);
      }),
    );
    await Promise.all(emits);
    expect(send).toHaveBeenCalledTimes(1);
    expect(seen).toEqual(['a', 'b', 'c']);
  });

  it('errors when AWS has not accepted the event, and leaves the log to the subscriber', async () => {
    const { client } = clientAnswering(new Error('no route'));
    await expect(firstValueFrom(client.emit('a', 1))).rejects.toMatchObject({ code: 'AWS_CALL_FAILED' });
    expect(logged.mock.calls).toEqual([]);
  });

  it('logs an error that nobody has subscribed to', async () => {
    const { client } = clientAnswering(new Error('no route'));
    client.emit('a', 1);
    await client.close();
    expect(logged.mock.calls).toEqual([[expect.stringMatching(/an event was not published: .*no route/)]]);
  });

  it('tells each event that was not accepted to listeners of `error`', async () => {
    const { client } = clientAnswering(new Error('no route'));
    const listener = jest.fn();
    expect(client.on('error', listener)).toBe(client);
    client.emit('a', 1);
    client.emit('b', 2);
    await client.close();
    expect(listener.mock.calls).toMatchObject([[{ facts: { type: 'a' } }], [{ facts: { type: 'b' } }]]);
  });

  it.each<[unknown, unknown]>([
    [undefined, 1],
    [null, 1],
    ['a', undefined],
    ['a', null],
  ])('errors as every transport of Nest does for the pattern %p and the payload %p', async (pattern, data) => {
    const { client, send } = clientAnswering();
    await expect(firstValueFrom(client.emit(pattern, data))).rejects.toThrow(/invalid data or message pattern/);
    expect(send).not.toHaveBeenCalled();
  });

  it('errors, and does not throw, when an event cannot be prepared', async () => {
    const { client, send } = clientAnswering();
    await expect(firstValueFrom(client.emit('', 1))).rejects.toMatchObject({ code: 'INVALID_RECORD' });
    await expect(firstValueFrom(client.emit('a\uD83D', 1))).rejects.toMatchObject({ code: 'INVALID_RECORD' });
    expect(send).not.toHaveBeenCalled();
  });

  it("writes a pattern that is an object as Nest's transports do", async () => {
    const { client, types } = clientAnswering();
    await firstValueFrom(client.emit({ cmd: 'a' }, 1));
    expect(types()).toEqual(['{"cmd":"a"}']);
  });

  it('goes from idle to connected to closed', async () => {
    const { client, statuses } = clientAnswering();
    await client.connect();
    await client.close();
    expect(statuses).toEqual(['idle', 'connected', 'closed']);
  });

  it('takes nothing more once it is closed, and closes once', async () => {
    const { client } = clientAnswering();
    const closing = client.close();
    expect(client.close()).toBe(closing);
    await expect(firstValueFrom(client.emit('a', 1))).rejects.toMatchObject({ code: 'CLIENT_CLOSED' });
    await expect(client.connect()).rejects.toMatchObject({ code: 'CLIENT_CLOSED' });
  });

  it("does not destroy the user's own SDK client", async () => {
    const { client, destroy } = clientAnswering();
    expect(client.unwrap()).toMatchObject({ destroy });
    await client.close();
    expect(destroy).not.toHaveBeenCalled();
  });
});
