import { jest } from '@jest/globals';
import type { RecordIdFactory } from '../../interfaces/client-options.interface.js';
import { SqsRecordBuilder } from '../../record-builders/sqs-record.builder.js';
import { PublishRecord } from '../../record-builders/record.js';
import { prepare, toEntry } from './outgoing-event.js';

const standard = { source: 'users', fifo: false, name: 'users-domain-events' };
const fifo = { source: 'users', fifo: true, name: 'users-async-commands.fifo' };
const record = (data: unknown = {}) => new SqsRecordBuilder(data);
const failing = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) as string }) as Error;

describe('prepare', () => {
  it('gives plain data a random id, a time, a type and a source', () => {
    const { data, metadata, options } = prepare('user.registered', { n: 1 }, standard, {});
    expect(data).toEqual({ n: 1 });
    expect(metadata).toEqual({
      id: expect.stringMatching(/^[\da-f-]{36}$/) as string,
      source: 'users',
      type: 'user.registered',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
    });
    expect(options).toEqual({});
    expect(prepare('a', 1, standard, {}).metadata.id).not.toBe(metadata.id);
  });

  const topic = { ...standard, filters: true };
  const tagged = (value: string) =>
    new PublishRecord(1, { attributes: { tag: { DataType: 'String', StringValue: value } } });

  it('refuses half of an emoji in the pattern and in an attribute, whoever made the record', () => {
    expect(() => prepare('a\uDE48', 1, standard, {})).toThrow(failing('INVALID_RECORD', /half of an emoji/));
    expect(() => prepare('a', tagged('a\uD83D'), standard, {})).toThrow(failing('INVALID_RECORD', /attribute tag/));
  });

  it.each(['a\tb', 'a\nb', '{no json', '[1, 2'])('refuses %j for a topic, whose filters would drop it', value => {
    expect(() => prepare('a', tagged(value), topic, {})).toThrow(failing('INVALID_RECORD', /FilteredOut-Invalid/));
    expect(() => prepare(value, 1, topic, {})).toThrow(failing('INVALID_RECORD', /FilteredOut-Invalid/));
    expect(() => prepare('a', tagged(value), standard, {})).not.toThrow();
  });

  it('looks at a pattern again for a topic that a queue has taken, and at each that it refused', () => {
    expect(() => prepare('a\tb', 1, standard, {})).not.toThrow();
    for (let time = 0; time < 2; time += 1) expect(() => prepare('a\tb', 1, topic, {})).toThrow(/FilteredOut-Invalid/);
    expect(() => prepare('a\uDE48', 1, standard, {})).toThrow(/half of an emoji/);
    expect(() => prepare('a\uDE48', 1, standard, {})).toThrow(/half of an emoji/);
  });

  it('takes JSON and other languages for a topic', () => {
    for (const value of ['{"cmd":"sum"}', '[1]', 'Zoë 🙈']) {
      expect(() => prepare(value, tagged(value), topic, {})).not.toThrow();
    }
  });

  it("takes Nest's packet metadata along, as it is now", async () => {
    const packetMetadata = { tenant: 'acme', traceparent: 'of-the-hook' };
    const event = prepare('a', new PublishRecord(1, { packetMetadata }), standard, {});
    packetMetadata.tenant = 'other';
    expect(event.metadata.traceparent).toBe('of-the-hook');
    const { body } = await toEntry(event, undefined);
    expect(JSON.parse(body)).toMatchObject({ traceparent: 'of-the-hook', nestmetadata: '{"tenant":"acme"}' });
    const own = new PublishRecord(1, { packetMetadata, traceparent: 'own' });
    expect(prepare('a', own, standard, {}).metadata.traceparent).toBe('own');
  });

  it("gives Nest's packet metadata to a serializer, as Nest's transports do", async () => {
    const packetMetadata = { tenant: 'acme', traceparent: 'of-the-hook' };
    const event = prepare('a', new PublishRecord(1, { packetMetadata }), standard, {});
    const { body } = await toEntry(event, { serialize: packet => packet });
    expect(JSON.parse(body)).toEqual({ pattern: 'a', data: 1, metadata: packetMetadata });
  });

  it.each([[{ retries: 3 }], [['a']], ['a']])('refuses %j as packet metadata', packetMetadata => {
    const input = new PublishRecord(1, { packetMetadata: packetMetadata as never });
    expect(() => prepare('a', input, standard, {})).toThrow(failing('INVALID_RECORD', /dispatch hook/));
  });

  it('takes from a record what it says', () => {
    const input = record({ n: 1 }).setId('x').setSubject('user-1').setSequence(0).setCorrelationId('c').build();
    const { data, metadata } = prepare('a', input, standard, {});
    expect(data).toEqual({ n: 1 });
    expect(metadata).toMatchObject({ id: 'x', subject: 'user-1', sequence: '0', correlationId: 'c' });
  });

  it('computes ids of events that name none themselves', () => {
    const groupId = jest.fn<RecordIdFactory>(() => 'computed');
    const computed = prepare('a', { n: 1 }, fifo, { groupId, deduplicationId: () => 'dedup' });
    expect(groupId).toHaveBeenCalledWith('a', { n: 1 });
    expect(computed.options).toMatchObject({ groupId: 'computed', deduplicationId: 'dedup' });
    const own = prepare('a', record().setGroupId('own').setDeduplicationId('d').build(), fifo, { groupId });
    expect(own.options).toMatchObject({ groupId: 'own', deduplicationId: 'd' });
  });

  it('deduplicates on FIFO by a random id as it is, and not at all on standard', () => {
    const { metadata, options } = prepare('a', record().setGroupId('g').build(), fifo, {});
    expect(options.deduplicationId).toBe(metadata.id);
    const input = record().setId('x').setGroupId('g').build();
    expect(prepare('a', input, standard, { deduplicationId: () => 'd' }).options).not.toHaveProperty('deduplicationId');
  });

  it("deduplicates on FIFO by source and id where the id is the user's own, whatever its characters", () => {
    const idOf = (source: string, id: string): string | undefined =>
      prepare('a', record().setId(id).setGroupId('g').build(), { ...fifo, source }, {}).options.deduplicationId;
    expect(idOf('users', '42')).toBe(idOf('users', '42'));
    // docs/wire-format.md: the SHA-256 of `5:users:42`.
    expect(idOf('users', '42')).toBe('4308885862ff92a2356d85984dc359acf7ca4cf05b580f389d9e42556a870871');
    const ids = [idOf('users', '42'), idOf('orders', '42'), idOf('users', '43'), idOf('a:b', 'c'), idOf('a', 'b:c')];
    expect(new Set(ids).size).toBe(ids.length);
    expect(idOf('users', 'ä'.repeat(1_000))).toMatch(/^[0-9a-f]{64}$/);
  });

  it('gives a request on FIFO a group of its own, the same one to the same request', () => {
    const groupOf = (input: unknown, ids: Parameters<typeof prepare>[3] = {}, destination = fifo): string | undefined =>
      prepare('a', input, destination, ids, true).options.groupId;
    expect(groupOf(1)).not.toBe(groupOf(1));
    const twice = [
      () => groupOf(record().setDeduplicationId('d').build()),
      () => groupOf(record().setId('x').build()),
      () => groupOf(1, { deduplicationId: () => 'computed' }),
    ];
    for (const group of twice) expect(group()).toBe(group());
    expect(new Set(twice.map(group => group())).size).toBe(3);
    const others = { ...fifo, source: 'orders' };
    expect(groupOf(record().setId('x').build(), {}, others)).not.toBe(groupOf(record().setId('x').build()));
    const ofBoth = record().setId('x').setDeduplicationId('d').build();
    expect(groupOf(ofBoth)).toBe(groupOf(record().setId('y').setDeduplicationId('d').build()));
  });

  it.each<[string, unknown, Parameters<typeof prepare>[3], typeof fifo, string | undefined]>([
    ["the record's", record().setGroupId('mine').build(), { groupId: () => 'clients' }, fifo, 'mine'],
    ["the client's", 1, { groupId: () => 'clients' }, fifo, 'clients'],
    ['none on a standard queue', 1, {}, standard, undefined],
  ])('leaves the group of a request alone: %s', (_, input, ids, destination, groupId) => {
    expect(prepare('a', input, destination, ids, true).options.groupId).toBe(groupId);
  });

  it("gives each message on FIFO a group of its own where the client says 'none', and the same to the same one", () => {
    const none = { groupId: 'none' } as const;
    const groupOf = (input: unknown, ids: Parameters<typeof prepare>[3] = none): string | undefined =>
      prepare('a', input, fifo, ids).options.groupId;
    expect(groupOf(1)).toMatch(/^[\da-f-]{36}$/);
    expect(groupOf(1)).not.toBe(groupOf(1));
    const twice = [() => record().setId('x').build(), () => record().setDeduplicationId('d').build()];
    for (const build of twice) expect(groupOf(build())).toBe(groupOf(build()));
    expect(groupOf(1, { ...none, deduplicationId: () => 'd' })).toBe(
      groupOf(1, { ...none, deduplicationId: () => 'd' }),
    );
    expect(groupOf(record().setGroupId('mine').build())).toBe('mine');
    expect(prepare('a', 1, standard, none).options).not.toHaveProperty('groupId');
    expect(prepare('a', record().setGroupId('none').build(), fifo, {}).options.groupId).toBe('none');
  });

  it('refuses an event for FIFO that has no group', () => {
    expect(() => prepare('a', {}, fifo, { groupId: () => undefined })).toThrow(
      failing('GROUP_ID_MISSING', /"a" for users-async-commands\.fifo/),
    );
    expect(() => prepare('a', {}, standard, {})).not.toThrow();
  });

  it.each([
    ['an empty pattern', '', {}, {}, /pattern is empty/],
    ['a delay on FIFO', 'a', record().setGroupId('g').setDelaySeconds(1).build(), {}, /FIFO queues refuse/],
    ['a computed group id that AWS refuses', 'a', {}, { groupId: () => 'with space' }, /group id "with space"/],
    ['a computed group id that is no text', 'a', {}, { groupId: () => 7 as unknown as string }, /group id 7/],
  ])('refuses %s', (_, type, input, ids, why) => {
    expect(() => prepare(type, input, fifo, ids)).toThrow(failing('INVALID_RECORD', why));
  });

  it.each([() => 1, Symbol('s')])('refuses data without a form in JSON: %p', data => {
    expect(() => prepare('a', data, standard, {})).toThrow(failing('UNSERIALIZABLE_DATA', /"a"/));
  });
});

describe('toEntry', () => {
  it('writes a CloudEvent, and the type as an attribute for the filters', async () => {
    const event = prepare('a', record(7).setGroupId('g').setDelaySeconds(5).setAttribute('n', 1).build(), standard, {});
    const entry = await toEntry(event, undefined);
    expect(JSON.parse(entry.body)).toMatchObject({ specversion: '1.0', id: event.metadata.id, type: 'a', data: 7 });
    expect(entry).toMatchObject({ groupId: 'g', delaySeconds: 5 });
    expect(entry.attributes).toEqual({
      type: { DataType: 'String', StringValue: 'a' },
      n: { DataType: 'Number', StringValue: '1' },
    });
  });

  it('has no ids that were not given', async () => {
    const entry = await toEntry(prepare('a', 7, standard, {}), undefined);
    expect(Object.keys(entry)).toEqual(['body', 'attributes']);
  });

  it("writes what a user's serializer makes of it: text as it is, an object as JSON", async () => {
    const serialize = jest.fn<(...args: unknown[]) => unknown>(() => 'a;7');
    const event = prepare('a', 7, standard, {});
    expect((await toEntry(event, { serialize })).body).toBe('a;7');
    expect(serialize).toHaveBeenCalledWith(
      { pattern: 'a', data: 7 },
      { event: expect.objectContaining({ id: event.metadata.id, data: 7 }) as object },
    );
    serialize.mockReturnValue(Promise.resolve({ x: 1 }));
    expect((await toEntry(event, { serialize })).body).toBe('{"x":1}');
  });

  it('refuses data that cannot be written', () => {
    expect(() => toEntry(prepare('a', { n: 1n }, standard, {}), undefined)).toThrow(
      failing('UNSERIALIZABLE_DATA', /BigInt/),
    );
  });
});
