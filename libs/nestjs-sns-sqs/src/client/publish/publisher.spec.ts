import { succeeded } from '../../../test/scripted-queue.js';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { jest } from '@jest/globals';
import type { BatchResult, MessageAttributes, OutgoingSqsMessage } from '../../interfaces/wire.interface.js';
import type { PublishOperation, Telemetry, TraceCarrier } from '../../interfaces/telemetry.interface.js';
import { SqsRecordBuilder } from '../../record-builders/sqs-record.builder.js';
import { Publisher, type PublisherOptions } from './publisher.js';

type Send = PublisherOptions['send'];

const well: Send = (_, entries) => succeeded(entries);
const refusing =
  (failure: Partial<BatchResult['failed'][number]>): Send =>
  (_, entries) =>
    Promise.resolve({
      successful: [],
      failed: entries.map(({ id }) => ({ id, code: 'Refused', message: 'no', senderFault: true, ...failure })),
    });

const requestWith = (address: () => Promise<MessageAttributes>) => ({ address, onTrace: () => undefined });

function publisherOver(
  answer: Send,
  client: PublisherOptions['client'] = {},
  fifo = false,
  maxAttempts = 1,
  makes = false,
) {
  const resolve = jest.fn(() => Promise.resolve('arn:topic'));
  const send = jest.fn(answer);
  const publisher = new Publisher({
    destination: { name: 'users-domain-events', source: 'users', fifo },
    operation: 'PublishBatch',
    resolve,
    makes,
    send,
    maxBatchBytes: 262_144,
    client: { ...client, publish: { lingerMs: 0, maxAttempts, retryDelayMs: 1, ...client.publish } },
  });
  const sent = (): OutgoingSqsMessage | undefined => send.mock.calls[0]?.[1][0];
  return { publisher, resolve, send, sent };
}

describe('Publisher', () => {
  it('looks its destination up once, and sends there', async () => {
    const { publisher, resolve, send, sent } = publisherOver(well);
    await Promise.all([publisher.publish('a', 1), publisher.publish('b', 2)]);
    await publisher.publish('c', 3);
    expect(resolve).toHaveBeenCalledTimes(1);
    expect(send.mock.calls.map(([target]) => target)).toEqual(['arn:topic', 'arn:topic']);
    expect(JSON.parse(sent()?.body ?? '')).toMatchObject({ specversion: '1.0', source: 'users', type: 'a', data: 1 });
  });

  it.each([
    ['on FIFO, each behind the one before', true, {}],
    ['before the topic is found', false, {}],
    ['by a serializer', true, { serializer: { serialize: ({ data }: { data: unknown }) => JSON.stringify({ data }) } }],
  ])('sends the data as they were at the emit, though the caller changes them: %s', async (_, fifo, client) => {
    const { publisher, send } = publisherOver(well, { groupId: () => 'one', ...client }, fifo);
    const order = { status: '' };
    const emits = ['paid', 'shipped', 'delivered'].map(status => {
      order.status = status;
      return publisher.publish('order.changed', order);
    });
    order.status = 'changed later';
    await Promise.all(emits);
    const bodies = send.mock.calls.flatMap(([, entries]) => entries).map(({ body }) => JSON.parse(body) as unknown);
    expect(bodies).toMatchObject(['paid', 'shipped', 'delivered'].map(status => ({ data: { status } })));
  });

  it('rides out a look-up that is throttled, as it does a publish, for all who wait', async () => {
    const { publisher, resolve, send } = publisherOver(well, {}, false, 4);
    const throttled = Object.assign(new Error('slow down'), { name: 'Throttling' });
    resolve.mockRejectedValueOnce(throttled).mockRejectedValueOnce(throttled).mockRejectedValueOnce(throttled);
    await Promise.all([publisher.publish('a', 1), publisher.publish('b', 2)]);
    expect(resolve).toHaveBeenCalledTimes(4);
    expect(send).toHaveBeenCalledTimes(1);
  });

  it.each(['AccessDenied', 'QueueDoesNotExist'])('does not try a look-up again that %s ended', async name => {
    const { publisher, resolve } = publisherOver(well, {}, false, 4);
    resolve.mockRejectedValueOnce(Object.assign(new Error('no'), { name }));
    await expect(publisher.publish('a', 1)).rejects.toMatchObject({ facts: { awsError: name } });
    expect(resolve).toHaveBeenCalledTimes(1);
  });

  it('keeps the order of a group whose queue vanished and is made again', async () => {
    let vanished = true;
    const sent: string[] = [];
    const { publisher, resolve } = publisherOver(
      (target, entries) => {
        if (vanished) return Promise.reject(Object.assign(new Error('gone'), { name: 'QueueDoesNotExist' }));
        sent.push(...entries.map(({ body }) => (JSON.parse(body) as { type: string }).type));
        return well(target, entries);
      },
      { groupId: () => 'one' },
      true,
      1,
      true,
    );
    const all = ['a', 'b', 'c'].map(type => publisher.publish(type, 1));
    resolve.mockImplementation(() => {
      vanished = false;
      return Promise.resolve('made again');
    });
    await Promise.all(all);
    expect(sent).toEqual(['a', 'b', 'c']);
  });

  it('does not remember a failed connect: the next call tries again', async () => {
    const { publisher, resolve, send } = publisherOver(well);
    resolve.mockRejectedValueOnce(new Error('not yet')).mockRejectedValueOnce(new Error('still not'));
    await expect(publisher.connect()).rejects.toThrow('not yet');
    await expect(publisher.publish('a', 1)).rejects.toThrow('still not');
    expect(send).not.toHaveBeenCalled();
    await expect(publisher.publish('a', 1)).resolves.toBeUndefined();
    expect(await publisher.connect()).toBe('arn:topic');
    expect(resolve).toHaveBeenCalledTimes(3);
  });

  it('ends its close at its deadline when AWS never answers, and what is under way, waits or follows has an error', async () => {
    jest.useFakeTimers();
    try {
      const { publisher, send } = publisherOver(() => new Promise(() => undefined), { shutdownTimeoutMs: 3_000 }, true);
      const record = new SqsRecordBuilder(1).setGroupId('g').build();
      const results = Promise.allSettled([publisher.publish('a', record), publisher.publish('b', record)]);
      const closed = jest.fn();
      void publisher.close().then(closed);
      await jest.advanceTimersByTimeAsync(2_999);
      expect(closed).not.toHaveBeenCalled();
      await jest.advanceTimersByTimeAsync(1);
      expect(closed).toHaveBeenCalled();
      expect(send).toHaveBeenCalledTimes(1);
      for (const result of await results) {
        expect(result).toMatchObject({
          reason: { code: 'CLIENT_CLOSED', retryable: true, facts: { shutdownTimeoutMs: 3_000 } },
        });
      }
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });

  it('rejects the very event that AWS refused', async () => {
    const { publisher } = publisherOver((_, entries) =>
      Promise.resolve({
        successful: [{ id: '0' }],
        failed: entries.slice(1).map(({ id }) => ({ id, code: 'Refused', message: 'no', senderFault: true })),
      }),
    );
    const [first, second] = await Promise.allSettled([publisher.publish('a', 1), publisher.publish('b', 2)]);
    expect(first?.status).toBe('fulfilled');
    expect(second).toMatchObject({
      reason: { code: 'PUBLISH_REJECTED', facts: { type: 'b', destination: 'users-domain-events' } },
    });
  });

  it('says when another try may help', async () => {
    const { publisher } = publisherOver(refusing({ senderFault: false }));
    await expect(publisher.publish('a', 1)).rejects.toMatchObject({ code: 'PUBLISH_REJECTED', retryable: true });
  });

  it('refuses what AWS can never take, without a call', async () => {
    const { publisher, send } = publisherOver(well);
    await expect(publisher.publish('a', 'x'.repeat(1_048_576))).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
    expect(send).not.toHaveBeenCalled();
  });

  it('takes nothing more once it is closed, and waits for what it took before', async () => {
    let answer: () => void = () => undefined;
    const { publisher, send } = publisherOver(async (target, entries) => {
      await new Promise<void>(resolve => (answer = resolve));
      return well(target, entries);
    });
    const before = publisher.publish('a', 1);
    const closed = jest.fn();
    const closing = publisher.close().then(closed);
    await expect(publisher.publish('b', 2)).rejects.toMatchObject({ code: 'CLIENT_CLOSED' });
    await expect(publisher.connect()).rejects.toMatchObject({ code: 'CLIENT_CLOSED' });
    await new Promise(resolve => setImmediate(resolve));
    expect(closed).not.toHaveBeenCalled();
    expect(send).toHaveBeenCalledTimes(1);
    answer();
    await before;
    await closing;
    expect(publisher.close()).toBe(publisher.close());
  });

  it('takes attributes that are still to come, and keeps the place in the group meanwhile', async () => {
    const { publisher, send } = publisherOver(well, { groupId: () => 'one' }, true);
    let there: (attributes: MessageAttributes) => void = () => undefined;
    const late = (): Promise<MessageAttributes> => new Promise(resolve => (there = resolve));
    const first = publisher.publish('first', 1, requestWith(late));
    const second = publisher.publish('second', 2);
    await new Promise(resolve => setImmediate(resolve));
    expect(send).not.toHaveBeenCalled();
    there({ 'reply.queue-url': { DataType: 'String', StringValue: 'url' } });
    await Promise.all([first, second]);
    const entries = send.mock.calls.flatMap(([, batch]) => batch);
    expect(entries.map(({ attributes }) => attributes['type']?.StringValue)).toEqual(['first', 'second']);
    expect(entries.map(({ attributes }) => attributes['reply.queue-url']?.StringValue)).toEqual(['url', undefined]);
  });

  const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

  /** A tracer that gives this context to what it begins. */
  function tracer(carrier: TraceCarrier) {
    const operations: PublishOperation[] = [];
    const end = jest.fn();
    const begin = (name: string, operation: object) => {
      if (name !== 'publish') return undefined;
      Object.assign((operation as PublishOperation).carrier, carrier);
      operations.push(operation as PublishOperation);
      return { run: <R>(work: () => R): R => work(), end };
    };
    return { telemetry: { begin } as Telemetry, operations, end };
  }

  it('carries the context that its tracer gives, unless the record has one', async () => {
    const { telemetry, end } = tracer({ traceparent: TRACEPARENT, tracestate: 'a=1', baggage: 'b=2' });
    const { publisher, send } = publisherOver(well, { telemetry });
    await publisher.publish('a', 1);
    const own = TRACEPARENT.replace('b7', 'c7');
    await publisher.publish('a', new SqsRecordBuilder(1).setTraceparent(own).build());
    const bodies = send.mock.calls.flatMap(([, entries]) => entries.map(({ body }) => JSON.parse(body) as object));
    expect(bodies).toMatchObject([
      { traceparent: TRACEPARENT, tracestate: 'a=1', baggage: 'b=2' },
      { traceparent: own, baggage: 'b=2' },
    ]);
    expect(bodies[1]).not.toHaveProperty('tracestate');
    expect(end).toHaveBeenCalledTimes(2);
  });

  it('ends the trace of an event with its error, and leaves that of a request to who waits for the reply', async () => {
    const { telemetry, operations, end } = tracer({});
    const { publisher } = publisherOver(refusing({}), { telemetry });
    await expect(publisher.publish('a', 1)).rejects.toBeDefined();
    expect(operations[0]?.error).toMatchObject({ code: expect.any(String) as string });
    expect(end).toHaveBeenCalledTimes(1);
    const asked = publisherOver(well, { telemetry });
    const onTrace = jest.fn();
    await asked.publisher.publish('a', 1, { address: () => Promise.resolve({}), onTrace });
    expect(onTrace).toHaveBeenCalledTimes(1);
    expect(end).toHaveBeenCalledTimes(1);
  });

  it('tells on its channels that an event is on its way, and what became of it, though it is not even sent', async () => {
    const told: Array<[string, unknown]> = [];
    const note = (name: string) => (event: unknown) => told.push([name, event]);
    const [publishing, published] = [note('publishing'), note('published')];
    subscribe('nestjs-sns-sqs:publishing', publishing);
    subscribe('nestjs-sns-sqs:published', published);
    try {
      const { publisher } = publisherOver(well);
      await publisher.publish('a', 1);
      const given = new Error('given up');
      await expect(
        publisher.publish(
          'b',
          2,
          requestWith(() => Promise.reject(given)),
        ),
      ).rejects.toBe(given);
      expect(told).toMatchObject([
        ['publishing', { destination: 'users-domain-events', type: 'a', data: 1 }],
        ['published', { type: 'a' }],
        ['publishing', { type: 'b' }],
        ['published', { type: 'b', error: given }],
      ]);
      expect(told[1]?.[1]).not.toHaveProperty('error');
    } finally {
      unsubscribe('nestjs-sns-sqs:publishing', publishing);
      unsubscribe('nestjs-sns-sqs:published', published);
    }
  });

  it('refuses what is emitted while maxPending wait, and takes more once one has its answer', async () => {
    const answers: Array<() => void> = [];
    const { publisher } = publisherOver(
      async (target, entries) => {
        await new Promise<void>(resolve => answers.push(resolve));
        return well(target, entries);
      },
      { publish: { maxPending: 2 } },
    );
    const waiting = [publisher.publish('a', 1), publisher.publish('b', 2)];
    await expect(publisher.publish('c', 3)).rejects.toMatchObject({
      code: 'PUBLISH_BACKLOG',
      retryable: true,
      facts: { destination: 'users-domain-events', maxPending: 2 },
    });
    while (answers.length === 0) await new Promise(resolve => setImmediate(resolve));
    for (const answer of answers) answer();
    await Promise.all(waiting);
    const more = publisher.publish('d', 4);
    while (answers.length < 2) await new Promise(resolve => setImmediate(resolve));
    for (const answer of answers) answer();
    await expect(more).resolves.toBeUndefined();
  });

  it('errors once timeoutMs is over, the look-up included', async () => {
    jest.useFakeTimers();
    try {
      const { publisher, resolve, send } = publisherOver(well, { publish: { timeoutMs: 5_000 } });
      resolve.mockReturnValue(new Promise(() => undefined));
      const result = Promise.allSettled([publisher.publish('a', 1)]);
      await jest.advanceTimersByTimeAsync(5_000);
      expect(await result).toMatchObject([{ reason: { code: 'PUBLISH_TIMEOUT', facts: { timeoutMs: 5_000 } } }]);
      expect(send).not.toHaveBeenCalled();
    } finally {
      jest.useRealTimers();
    }
  });

  it('errors for a serializer that never ends, and sends what is behind it in its group', async () => {
    jest.useFakeTimers();
    try {
      const serialize = ({ data }: { data: unknown }) => (data === 1 ? new Promise(() => undefined) : 'written');
      const client = { serializer: { serialize: serialize as never }, groupId: () => 'g' };
      const { publisher, send } = publisherOver(well, client, true);
      const results = Promise.allSettled([publisher.publish('a', 1), publisher.publish('b', 2)]);
      await jest.advanceTimersByTimeAsync(11_000);
      expect(await results).toMatchObject([
        { reason: { code: 'UNSERIALIZABLE_DATA', message: expect.stringContaining('10000 ms') as string } },
        { status: 'fulfilled' },
      ]);
      expect(send).toHaveBeenCalledTimes(1);
    } finally {
      jest.useRealTimers();
    }
  });

  it.each<[string, PublisherOptions['client']]>([
    ['a groupId that throws', { groupId: (_, data) => failFor(data) }],
    ['a groupId that gives a promise', { groupId: (_, data) => rejectFor(data) as string }],
    ['a deduplicationId that throws', { groupId: () => 'g', deduplicationId: (_, data) => failFor(data) }],
    [
      'a deduplicationId that gives a promise',
      { groupId: () => 'g', deduplicationId: (_, data) => rejectFor(data) as string },
    ],
    ['a serializer that throws', { groupId: () => 'g', serializer: { serialize: ({ data }) => failFor(data) } }],
    ['a serializer that rejects', { groupId: () => 'g', serializer: { serialize: ({ data }) => rejectFor(data) } }],
  ])('%s concerns its own event', async (_, client) => {
    const { publisher, send } = publisherOver(well, client, true);
    const results = await Promise.allSettled(['good', 'bad', 'good'].map(data => publisher.publish('a', data)));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(send.mock.calls.flatMap(([, entries]) => entries)).toHaveLength(2);
  });
});

const failFor = (data: unknown): string => {
  if (data === 'bad') throw Object.assign(new Error('x'), { message: ['user code is broken'] });
  return 'given';
};
const rejectFor = (data: unknown): unknown =>
  data === 'bad' ? Promise.reject(new Error('user code is broken')) : 'given';
