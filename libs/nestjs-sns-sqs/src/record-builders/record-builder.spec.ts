import { SnsRecordBuilder } from './sns-record.builder.js';
import { SqsRecordBuilder } from './sqs-record.builder.js';
import { isRecord } from './record.js';

const refused = expect.objectContaining({ code: 'INVALID_RECORD' }) as Error;

describe('a record builder', () => {
  it('gives data with options', () => {
    const record = new SqsRecordBuilder({ n: 1 })
      .setGroupId('user-1')
      .setDeduplicationId('d')
      .setId('event-1')
      .setSubject('user-1')
      .setSequence(7n)
      .setCorrelationId('c')
      .setCausationId('e')
      .setTraceparent('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01')
      .setAttribute('tenant', 'acme')
      .setAttribute('size', 3)
      .setAttribute('raw', Buffer.from('x'))
      .build();
    expect(isRecord(record)).toBe(true);
    expect(record.data).toEqual({ n: 1 });
    expect(record.options).toEqual({
      groupId: 'user-1',
      deduplicationId: 'd',
      id: 'event-1',
      subject: 'user-1',
      sequence: '7',
      correlationId: 'c',
      causationId: 'e',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      attributes: {
        tenant: { DataType: 'String', StringValue: 'acme' },
        size: { DataType: 'Number', StringValue: '3' },
        raw: { DataType: 'Binary', BinaryValue: Buffer.from('x') },
      },
    });
  });

  it('is not changed by what the builder does afterwards', () => {
    const builder = new SnsRecordBuilder(1).setSubject('a');
    const record = builder.build();
    builder.setSubject('b');
    expect(record.options.subject).toBe('a');
  });

  it.each([
    ['an empty group id', () => new SqsRecordBuilder(1).setGroupId('')],
    ['a group id with a blank', () => new SqsRecordBuilder(1).setGroupId('a b')],
    ['a group id of 129 characters', () => new SqsRecordBuilder(1).setGroupId('x'.repeat(129))],
    ['a deduplication id with an umlaut', () => new SqsRecordBuilder(1).setDeduplicationId('ü')],
    ['an empty subject', () => new SnsRecordBuilder(1).setSubject('')],
    ['a negative sequence', () => new SnsRecordBuilder(1).setSequence(-1)],
    ['a broken sequence', () => new SnsRecordBuilder(1).setSequence(1.5)],
    ['a traceparent that is none', () => new SnsRecordBuilder(1).setTraceparent('x')],
    ['the attribute `type`', () => new SnsRecordBuilder(1).setAttribute('type', 'x')],
    ['an attribute of AWS', () => new SnsRecordBuilder(1).setAttribute('AWS.x', 'x')],
    ['an empty attribute', () => new SnsRecordBuilder(1).setAttribute('x', '')],
    ['an attribute that is NaN', () => new SnsRecordBuilder(1).setAttribute('x', Number.NaN)],
    ['an attribute beyond 10^126', () => new SnsRecordBuilder(1).setAttribute('x', -1.1e126)],
    ['an attribute below 10^-128', () => new SnsRecordBuilder(1).setAttribute('x', 5e-324)],
    ['an attribute that is a boolean', () => new SnsRecordBuilder(1).setAttribute('x', true as never)],
    ['an attribute that is a bigint', () => new SnsRecordBuilder(1).setAttribute('x', 7n as never)],
    ['an attribute that is null', () => new SnsRecordBuilder(1).setAttribute('x', null as never)],
    ['an attribute that is undefined', () => new SnsRecordBuilder(1).setAttribute('x', undefined as never)],
    ['an attribute that is a list', () => new SnsRecordBuilder(1).setAttribute('x', [1, 2] as never)],
    [
      'an attribute that is an ArrayBuffer',
      () => new SnsRecordBuilder(1).setAttribute('x', new ArrayBuffer(2) as never),
    ],
    ['an attribute of no bytes', () => new SnsRecordBuilder(1).setAttribute('x', new Uint8Array(0))],
    ['the attribute `__proto__`', () => new SnsRecordBuilder(1).setAttribute('__proto__', 'x')],
    ['a name that is no text', () => new SnsRecordBuilder(1).setAttribute(Symbol('x') as never, 'x')],
    ['a sequence that JavaScript has rounded', () => new SnsRecordBuilder(1).setSequence(2 ** 53)],
    ['a sequence of 41 digits', () => new SnsRecordBuilder(1).setSequence('1'.repeat(41))],
    ['a sequence that is no number', () => new SnsRecordBuilder(1).setSequence(Object.create(null) as never)],
    ['a traceparent that is no text', () => new SnsRecordBuilder(1).setTraceparent(Symbol('x') as never)],
    ['a schedule key with half an emoji', () => new SnsRecordBuilder(1).setScheduleKey('a\uD83D')],
    ['an invalid date', () => new SnsRecordBuilder(1).setDeliverAt(new Date(Number.NaN))],
    ['a date that was given in microseconds', () => new SnsRecordBuilder(1).setDeliverAt(new Date(1.8e15))],
    ['a delay of 901 s', () => new SqsRecordBuilder(1).setDelaySeconds(901)],
    ['half a second of delay', () => new SqsRecordBuilder(1).setDelaySeconds(0.5)],
  ])('refuses %s', (_, build) => expect(build).toThrow(refused));

  it.each<[string, unknown, string]>([
    ['a number', 7, 'subject is number 7. Remedy: give a non-empty string'],
    ['undefined', undefined, 'subject is undefined. Remedy'],
    ['an empty text', '', 'subject is empty. Remedy'],
  ])('says what it got for an id that is %s', (_, subject, message) => {
    expect(() => new SnsRecordBuilder(1).setSubject(subject as string)).toThrow(message);
  });

  it('takes what is at the bounds', () => {
    const { options } = new SnsRecordBuilder(1)
      .setSequence(-0)
      .setAttribute('zero', -0)
      .setAttribute('least', 1e-128)
      .setAttribute('most', -1e126)
      .setDeliverAt(new Date(-8.64e15))
      .build();
    expect(options).toMatchObject({ sequence: '0', deliverAt: new Date(0) });
    expect(Object.values(options.attributes ?? {}).map(({ StringValue }) => StringValue)).toEqual([
      '0',
      '1e-128',
      '-1e+126',
    ]);
    expect(new SnsRecordBuilder(1).setSequence(2n ** 53n).build().options.sequence).toBe('9007199254740992');
    expect(new SnsRecordBuilder(1).setSequence('9'.repeat(40)).build().options.sequence).toHaveLength(40);
  });

  it('takes nine attributes beside `type`, and no tenth', () => {
    const builder = new SnsRecordBuilder(1);
    for (let n = 0; n < 9; n += 1) builder.setAttribute(`a${n}`, 'x');
    expect(() => builder.setAttribute('a0', 'again')).not.toThrow();
    expect(() => builder.setAttribute('a9', 'x')).toThrow(refused);
  });
});

it.each([null, undefined, 1, 'x', {}, { data: 1, options: {} }])('%p is no record', value => {
  expect(isRecord(value)).toBe(false);
});
