import type { SNSClient } from '@aws-sdk/client-sns';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { jest } from '@jest/globals';
import { EMPTY, lastValueFrom, type Observable } from 'rxjs';
import { z } from 'zod';
import { waitFor } from '../../../../test/support/wait-for.js';
import { MemoryOutbox } from '../../test/memory-outbox.js';
import { defineContract } from '../contracts/contract.js';
import type { ClientSNSOptions, ClientSQSOptions } from '../interfaces/client-options.interface.js';
import type { OutboxStore } from '../interfaces/outbox-store.interface.js';
import type { SqlExecutor } from '../interfaces/sql.interface.js';
import type { PublishRecord } from '../record-builders/record.js';
import { SnsRecordBuilder } from '../record-builders/sns-record.builder.js';
import { SqsRecordBuilder } from '../record-builders/sqs-record.builder.js';
import { ClientSNS } from './client-sns.js';
import { ClientSQS } from './client-sqs.js';

interface Sent {
  Message?: string;
  MessageBody?: string;
  MessageGroupId?: string;
  MessageAttributes?: Record<string, { BinaryValue?: Uint8Array; StringValue?: string }>;
}

describe('A client with an outbox', () => {
  let store: MemoryOutbox;
  let sent: Sent[];
  const clients: Array<{ close(): Promise<void> }> = [];

  const fakeAws = () => ({
    send: jest.fn(({ input }: { input: { PublishBatchRequestEntries?: Sent[]; Entries?: Sent[] } }) => {
      const entries = input.PublishBatchRequestEntries ?? input.Entries ?? [];
      sent.push(...entries);
      const successful = entries.map(entry => ({ Id: (entry as { Id?: string }).Id }));
      return Promise.resolve({
        TopicArn: 'arn:topic',
        QueueUrl: 'http://queue',
        Successful: successful,
        Attributes: {},
      });
    }),
    config: { region: () => Promise.resolve('eu-west-1'), credentials: () => Promise.resolve({}) },
  });

  function events(options: Partial<ClientSNSOptions> = {}): ClientSNS {
    const client = new ClientSNS({
      service: 'users',
      sns: fakeAws() as unknown as SNSClient,
      outbox: store,
      ...options,
    });
    clients.push(client);
    return client;
  }

  function commands(options: Partial<ClientSQSOptions> = {}): ClientSQS {
    const sqs = fakeAws() as unknown as SQSClient;
    const client = new ClientSQS({ service: 'notifications', source: 'users', sqs, outbox: store, ...options });
    clients.push(client);
    return client;
  }

  const bodies = (): Array<Record<string, unknown>> =>
    sent.map(({ Message, MessageBody }) => JSON.parse(Message ?? MessageBody ?? '{}') as Record<string, unknown>);
  const isEmpty = (): boolean => store.rows.length === 0;

  beforeEach(() => {
    store = new MemoryOutbox();
    sent = [];
  });

  afterEach(async () => {
    await Promise.all(clients.splice(0).map(client => client.close()));
  });

  it('publishes what is emitted within a transaction after its commit, and not before', async () => {
    const { tx, commit } = store.begin();
    const record = new SnsRecordBuilder({ n: 1 })
      .setId('event 1')
      .setSubject('user 1')
      .setAttribute('tenant', 'acme')
      .setAttribute('key', new Uint8Array([1, 2, 255]))
      .build();
    await lastValueFrom(events().within(tx).emit('user.registered', record), { defaultValue: undefined });
    expect(sent).toEqual([]);
    await commit();
    await waitFor('the event', () => sent.length === 1 && isEmpty());
    expect(bodies()).toMatchObject([
      { id: 'event 1', source: 'users', type: 'user.registered', subject: 'user 1', data: { n: 1 } },
    ]);
    const attributes = sent[0]?.MessageAttributes;
    expect(attributes?.['tenant']?.StringValue).toBe('acme');
    expect([...(attributes?.['key']?.BinaryValue ?? [])]).toEqual([1, 2, 255]);
  });

  it('publishes nothing of a transaction that is rolled back', async () => {
    const { tx, rollback } = store.begin();
    await lastValueFrom(events().within(tx).emit('user.registered', { n: 1 }), { defaultValue: undefined });
    await rollback();
    await lastValueFrom(events().emit('user.deleted', { n: 2 }), { defaultValue: undefined });
    expect(bodies()).toMatchObject([{ type: 'user.deleted' }]);
  });

  it('takes a command to its queue, in the lane of its group', async () => {
    const { tx, commit } = store.begin();
    const client = commands();
    const step = (n: number) => new SqsRecordBuilder({ n }).setGroupId('user-1').build();
    await lastValueFrom(client.within(tx).emit('step', step(1)), { defaultValue: undefined });
    await lastValueFrom(client.within(tx).emit('step', step(2)), { defaultValue: undefined });
    await commit();
    expect(store.rows.map(({ destination, lane }) => `${destination} ${lane}`)).toEqual([
      'sqs:notifications-async-commands.fifo user-1',
      'sqs:notifications-async-commands.fifo user-1',
    ]);
    await waitFor('both', () => sent.length === 2 && isEmpty());
    expect(bodies().map(({ data }) => data)).toEqual([{ n: 1 }, { n: 2 }]);
    expect(sent[0]?.MessageGroupId).toBe('user-1');
  });

  it.each([
    ['a plain event', (data: object) => new SnsRecordBuilder(data).setSubject('order 1')],
    [
      'an event that is numbered',
      (data: object) => new SnsRecordBuilder(data).setSubject('order 1').setSequence('next'),
    ],
    ['a later event', (data: object) => new SnsRecordBuilder(data).setDeliverAt(new Date(Date.now() - 1))],
  ])('writes the data as they were at the emit, though the caller changes them: %s', async (_, recordOf) => {
    const { tx, commit } = store.begin();
    const emitter = events().within(tx);
    const order = { status: '' };
    const emits = ['paid', 'shipped'].map(status => {
      order.status = status;
      return lastValueFrom(emitter.emit('order.changed', recordOf(order).build()), { defaultValue: undefined });
    });
    order.status = 'changed later';
    await Promise.all(emits);
    await commit();
    await waitFor('the events', () => sent.length === 2 && isEmpty());
    expect(bodies()).toMatchObject([{ data: { status: 'paid' } }, { data: { status: 'shipped' } }]);
  });

  it('gives a message that nothing groups no lane', async () => {
    const { tx, commit } = store.begin();
    store.relay = false;
    await lastValueFrom(commands({ groupId: 'none' }).within(tx).emit('step', {}), { defaultValue: undefined });
    await lastValueFrom(events().within(tx).emit('user.registered', {}), { defaultValue: undefined });
    await commit();
    expect(store.rows.map(({ lane }) => lane)).toEqual([undefined, undefined]);
  });

  it("numbers the events of a subject with setSequence('next'), without a gap", async () => {
    store.relay = false;
    const client = events();
    const registered = () => new SnsRecordBuilder({}).setSubject('user 1').setSequence('next').build();
    for (const ends of ['commit', 'rollback', 'commit'] as const) {
      const transaction = store.begin();
      const emitter = client.within(transaction.tx);
      await Promise.all(
        [1, 2].map(() => lastValueFrom(emitter.emit('user.changed', registered()), { defaultValue: 0 })),
      );
      await transaction[ends]();
    }
    const sequences = store.rows.map(({ entry }) => {
      const { body } = JSON.parse(entry) as { body: string };
      return (JSON.parse(body) as { sequence: string }).sequence;
    });
    expect(sequences).toEqual(['1', '2', '3', '4']);
  });

  it('has a store number and write in one step where it can, and nobody has made the body anew', async () => {
    store.relay = false;
    const taken: string[] = [];
    const addNext: NonNullable<OutboxStore['addNext']> = async (tx, message, placeholder) => {
      const sequence = await store.nextSequence(tx, message.destination, message.lane ?? '');
      taken.push(sequence);
      await store.add(tx, { ...message, entry: message.entry.replace(placeholder, sequence) }, true);
    };
    Object.assign(store, { addNext });
    const { tx, commit } = store.begin();
    const numbered = () => new SnsRecordBuilder({}).setSubject('user 1').setSequence('next').build();
    const serializer = { serialize: (_: unknown, { event }: { event: unknown }) => event };
    const step = new SqsRecordBuilder({}).setSubject('user 1').setGroupId('g').setSequence('next').build();
    for (const emit of [
      () => events().within(tx).emit('user.changed', numbered()),
      () => events({ serializer }).within(tx).emit('user.changed', numbered()),
      () => events().within(tx).emit('user.changed', numbered()),
      // Its lane is the group.
      () => commands().within(tx).emit('step', step),
    ]) {
      await lastValueFrom(emit(), { defaultValue: undefined });
    }
    await commit();
    const sequences = store.rows.map(({ entry }) => {
      const { body } = JSON.parse(entry) as { body: string };
      return (JSON.parse(body) as { sequence: string }).sequence;
    });
    expect(sequences).toEqual(['1', '2', '3', '1']);
    expect(taken).toEqual(['1', '3']);
  });

  it('leaves no gap where an event cannot be written, and its error is caught', async () => {
    store.relay = false;
    const client = events({
      serializer: {
        serialize: (packet: { data: { isWrong?: boolean } }) => {
          if (packet.data.isWrong) throw new Error('no');
          return packet;
        },
      },
    });
    const { tx, commit } = store.begin();
    const next = (data: object) => new SnsRecordBuilder(data).setSubject('user 1').setSequence('next').build();
    const emit = (data: object) =>
      lastValueFrom(client.within(tx).emit('user.changed', next(data)), { defaultValue: 0 });
    await emit({});
    await expect(emit({ isWrong: true })).rejects.toThrow('no');
    await commit();
    const other = store.begin();
    expect(await store.nextSequence(other.tx, 'sns:users-domain-events', 'user 1')).toBe('2');
  });

  it.each([
    ['an id that no database takes', new SnsRecordBuilder({}).setId('a\0b')],
    ['a next sequence without a subject', new SnsRecordBuilder({}).setSequence('next')],
    [
      'a next sequence for later',
      new SnsRecordBuilder({}).setSubject('a').setSequence('next').setDeliverAt(new Date()),
    ],
    ['a schedule key without a time', new SnsRecordBuilder({}).setScheduleKey('a')],
  ])('refuses %s, and writes nothing', async (_, builder) => {
    const { tx, commit } = store.begin();
    const emitted = events().within(tx).emit('user.registered', builder.build());
    await expect(lastValueFrom(emitted)).rejects.toMatchObject({ code: 'INVALID_RECORD' });
    await commit();
    expect(store.rows).toEqual([]);
  });

  it('checks an event before it touches the database', async () => {
    const add = jest.spyOn(store, 'add');
    const { tx } = store.begin();
    const emitted = events()
      .within(tx)
      .emit('user.registered', { big: 'x'.repeat(1_100_000) });
    await expect(lastValueFrom(emitted)).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
    expect(add).not.toHaveBeenCalled();
  });

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a pool of pg', { query: () => undefined, connect: () => undefined, totalCount: 0 }],
    ['a pool of another driver', { query: () => undefined, connect: () => undefined }],
    ['a connection whose transaction has ended', { query: () => undefined, getTransactionStatus: () => 'I' }],
    ['PGlite itself', { query: () => undefined, transaction: () => undefined }],
    ['a query runner of TypeORM', { query: () => undefined, isTransactionActive: true }],
    ['a transaction of Drizzle', { query: {}, rollback: () => undefined }],
  ])('refuses %s in place of a transaction', async (_, tx) => {
    const refusal = { code: 'NO_TRANSACTION' };
    expect(() => events().within(tx as SqlExecutor)).toThrow(expect.objectContaining(refusal) as Error);
    if (typeof tx !== 'object' || tx === null) return;
    Object.assign(store, { transaction: () => tx });
    const client = events();
    await expect(lastValueFrom(client.emit('user.registered', {}))).rejects.toMatchObject(refusal);
    await expect(client.cancel('reminder')).rejects.toMatchObject(refusal);
    expect(sent).toEqual([]);
  });

  it('refuses a connection whose transaction has ended since within()', async () => {
    let status = 'T';
    const begun = store.begin();
    const emitter = events().within(Object.assign(begun.tx, { getTransactionStatus: () => status }));
    await lastValueFrom(emitter.emit('user.registered', {}), { defaultValue: undefined });
    status = 'I';
    await expect(lastValueFrom(emitter.emit('user.changed', {}))).rejects.toMatchObject({ code: 'NO_TRANSACTION' });
    await expect(emitter.cancel('reminder')).rejects.toMatchObject({ code: 'NO_TRANSACTION' });
  });

  it.each(['a\0b', 'half of an emoji \ud83d', '', 'k'.repeat(201), undefined])(
    'refuses to cancel %j, which is the key of no message, before it touches the database',
    async key => {
      const cancel = jest.spyOn(store, 'cancel');
      const client = events();
      for (const by of [client, client.within(store.begin().tx)]) {
        await expect(by.cancel(key as string)).rejects.toMatchObject({ code: 'INVALID_RECORD' });
      }
      expect(cancel).not.toHaveBeenCalled();
    },
  );

  it("passes the database's own error on, as ORMs know it", async () => {
    const conflict = Object.assign(new Error('could not serialize access'), { code: '40001' });
    jest.spyOn(store, 'add').mockRejectedValue(conflict);
    const emitted = events().within(store.begin().tx).emit('user.registered', {});
    await expect(lastValueFrom(emitted)).rejects.toBe(conflict);
  });

  describe('tells a failure when nothing of the transaction is being written any more', () => {
    const client = (options: Partial<ClientSNSOptions> = {}) => events({ ...options, outbox: store });
    const contract = defineContract('users', {
      events: { quick: z.object({ n: z.number() }), slow: z.object({ n: z.number() }).refine(async () => pause(5)) },
    });
    const emitted = (result: Observable<unknown>): Promise<unknown> => lastValueFrom(result, { defaultValue: 0 });
    const pause = (ms: number): Promise<true> => new Promise(resolve => setTimeout(() => resolve(true), ms));
    const conflict = Object.assign(new Error('could not serialize access'), { code: '40001' });
    const wrong = (): PublishRecord => new SnsRecordBuilder({}).setScheduleKey('a').build();

    const failures: Record<string, (tx: SqlExecutor) => Observable<unknown>> = {
      'a wrong record': tx => client().within(tx).emit('wrong', wrong()),
      'no data': tx => client().within(tx).emit('wrong', undefined),
      'a message that is too large': tx =>
        client()
          .within(tx)
          .emit('wrong', { big: 'x'.repeat(1_100_000) }),
      'a pattern that is none': tx => client().within(tx).emit(Symbol('wrong'), {}),
      'a dispatch hook that throws': tx => {
        const hooked = client();
        Object.assign(hooked, {
          onDispatchHook: () => {
            throw new Error('no');
          },
        });
        return hooked.within(tx).emit('wrong', {});
      },
      'a violation of a contract': tx =>
        contract
          .events(client())
          .within(tx)
          .emit('quick', {} as never),
      'a violation that shows later': tx =>
        contract
          .events(client())
          .within(tx)
          .emit('slow', {} as never),
      'an error of the database': tx => client().within(tx).emit('refused', {}),
    };
    /** Each takes its time before it is written. */
    const slowSerializer = { serialize: (packet: object) => pause(5).then(() => packet) };
    const others = (tx: SqlExecutor): Array<() => Observable<unknown>> => [
      () => client().within(tx).emit('other', {}),
      () => client({ serializer: slowSerializer }).within(tx).emit('other', {}),
      () => contract.events(client()).within(tx).emit('slow', { n: 1 }),
      () => commands({ groupId: 'none' }).within(tx).emit('other', {}),
    ];
    let statements: { types: string[]; underWay: number };

    beforeEach(() => {
      store.relay = false;
      statements = { types: [], underWay: 0 };
      const add = store.add.bind(store);
      jest.spyOn(store, 'add').mockImplementation(async (tx, message, ...rest) => {
        statements.types.push(message.type);
        statements.underWay += 1;
        // The database answers later.
        await pause(2);
        statements.underWay -= 1;
        if (message.type === 'refused') throw conflict;
        return add(tx, message, ...rest);
      });
    });

    it.each(Object.keys(failures))('%s, first, last and between', async what => {
      for (const at of [0, 2, 4]) {
        const { tx, rollback } = store.begin();
        const calls = others(tx);
        calls.splice(at, 0, () => failures[what]?.(tx) ?? EMPTY);
        const results = calls.map(call => emitted(call()));
        await expect(Promise.all(results)).rejects.toBeDefined();

        const begun = statements.types.length;
        expect(statements.underWay).toBe(0);
        await Promise.allSettled(results);
        expect(statements.types).toHaveLength(begun);
        await rollback();
      }
      expect(store.rows).toEqual([]);
    });

    it('in an ambient transaction too', async () => {
      const { tx } = store.begin();
      Object.assign(store, { transaction: () => tx });
      const both = [
        () => client({ serializer: slowSerializer }).emit('other', {}),
        () => contract.events(client()).emit('quick', {} as never),
        () => client().emit('wrong', undefined),
      ];
      const results = both.map(call => emitted(call()));
      await expect(Promise.all(results)).rejects.toBeDefined();
      expect(statements).toEqual({ types: ['other'], underWay: 0 });
    });

    it('and sends nothing after the database has refused a statement, until the failure is told', async () => {
      const { tx } = store.begin();
      const results = await Promise.allSettled(
        ['first', 'refused', 'third'].map(type => emitted(client().within(tx).emit(type, {}))),
      );
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
      expect(results.slice(1)).toEqual([0, 1].map(() => ({ status: 'rejected', reason: conflict })));
      expect(statements.types).toEqual(['first', 'refused']);
      // As after a rollback to a savepoint.
      await emitted(client().within(tx).emit('fourth', {}));
    });

    it('and a wrong record stops no other one', async () => {
      const { tx, commit } = store.begin();
      const big = { big: 'x'.repeat(1_100_000) };
      const results = await Promise.allSettled([{}, big, {}].map(data => emitted(client().within(tx).emit('a', data))));
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      await commit();
      expect(store.rows).toHaveLength(2);
    });
  });

  it('has plain emit() go the same way within an ambient transaction, and directly without one', async () => {
    let ambient: SqlExecutor | undefined;
    const client = events({ outbox: Object.assign(store, { transaction: () => ambient }) });
    const { tx, commit } = store.begin();
    ambient = tx;
    await lastValueFrom(client.emit('user.registered', {}), { defaultValue: 0 });
    ambient = undefined;
    await lastValueFrom(client.emit('user.deleted', {}), { defaultValue: 0 });
    expect(bodies().map(({ type }) => type)).toEqual(['user.deleted']);
    await commit();
    await waitFor('the other', () => sent.length === 2 && isEmpty());
  });

  it("checks a contract's event, and writes it within the transaction", async () => {
    const users = defineContract('users', { events: { 'user.registered': z.object({ id: z.string() }) } });
    const { tx, commit } = store.begin();
    const typed = users.events(events()).within(tx);
    await expect(lastValueFrom(typed.emit('user.registered', { id: 1 } as never))).rejects.toMatchObject({
      code: 'CONTRACT_VIOLATION',
    });
    await lastValueFrom(typed.emit('user.registered', { id: 'a' }), { defaultValue: undefined });
    await commit();
    await waitFor('the event', () => sent.length === 1 && isEmpty());
  });

  it('publishes at a time that is further away than SQS can wait, and replaces and cancels by key', async () => {
    const client = events();
    const at = (n: number, ms: number, key: string) =>
      new SnsRecordBuilder({ n })
        .setDeliverAt(new Date(Date.now() + ms))
        .setScheduleKey(key)
        .build();
    const emit = (n: number, ms: number, key: string) =>
      lastValueFrom(client.emit('reminder', at(n, ms, key)), { defaultValue: 0 });
    await emit(1, 86_400_000, 'a');
    await emit(2, 86_400_000, 'b');
    await emit(3, 10, 'a');
    await waitFor('the one that is due', () => sent.length === 1);
    expect(bodies()).toMatchObject([{ data: { n: 3 } }]);
    expect(await client.cancel('b')).toBe(true);
    expect(await client.cancel('b')).toBe(false);
  });

  it('says what is missing where there is no outbox, or no transaction', async () => {
    const plain = events({ outbox: undefined });
    expect(() => plain.within(store.begin().tx)).toThrow(expect.objectContaining({ code: 'OUTBOX_REQUIRED' }));
    await expect(plain.cancel('a')).rejects.toMatchObject({ code: 'OUTBOX_REQUIRED' });
    const next = new SnsRecordBuilder({}).setSubject('a').setSequence('next').build();
    const later = new SnsRecordBuilder({}).setDeliverAt(new Date()).build();
    for (const [client, record] of [
      [plain, next],
      [plain, later],
      [events(), next],
    ] as const) {
      await expect(lastValueFrom(client.emit('a', record))).rejects.toMatchObject({ code: 'OUTBOX_REQUIRED' });
    }
  });

  it('relays what an earlier process has left from the start of the app on', async () => {
    const { tx, commit } = store.begin();
    const first = events();
    store.relay = false;
    await lastValueFrom(first.within(tx).emit('user.registered', {}), { defaultValue: 0 });
    await commit();
    store.relay = {};
    const second = events();
    second.onApplicationBootstrap();
    await waitFor('the event', () => sent.length === 1 && isEmpty());
    expect(bodies()).toMatchObject([{ type: 'user.registered' }]);
  });
});
