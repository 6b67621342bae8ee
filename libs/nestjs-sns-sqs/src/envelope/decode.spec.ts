import { SnsSqsError } from '../errors/sns-sqs.error.js';
import { decodeBody } from './decode.js';
import { toBody, toCloudEvent } from './encode.js';

const event = (changes: Record<string, unknown> = {}): string =>
  JSON.stringify({ specversion: '1.0', id: '1', source: 'users', type: 'user.registered', data: { n: 1 }, ...changes });

const refusalOf = (body: string): SnsSqsError => {
  try {
    decodeBody(body);
  } catch (error) {
    if (error instanceof SnsSqsError) return error;
  }
  throw new Error('it was accepted');
};

describe('decodeBody', () => {
  it('reads data and context attributes', () => {
    const body = event({
      time: '2026-01-02T03:04:05.678Z',
      subject: 'user-1',
      sequence: '7',
      correlationid: 'c',
      causationid: 'd',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    });
    expect(decodeBody(body)).toEqual({
      data: { n: 1 },
      metadata: {
        id: '1',
        source: 'users',
        type: 'user.registered',
        time: '2026-01-02T03:04:05.678Z',
        subject: 'user-1',
        sequence: '7',
        correlationId: 'c',
        causationId: 'd',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      },
    });
  });

  it('reads what the encoder writes', () => {
    const envelope = {
      metadata: { id: 'x', source: 's', type: 't', subject: 'u', sequence: '0', correlationId: 'k' },
      data: ['🙈', null, { a: 1.5 }],
    };
    expect(decodeBody(toBody('t', toCloudEvent(envelope)))).toEqual(envelope);
  });

  it("reads Nest's packet metadata beside the attributes, whose names it cannot take", () => {
    const metadata = { id: 'x', source: 's', type: 't' };
    const given = { tenant: 'acme', subject: 'forged', id: 'forged', sequence: '99' };
    const body = toBody('t', toCloudEvent({ metadata, data: 1 }, given));
    expect(decodeBody(body).metadata).toEqual({ ...metadata, tenant: 'acme' });
    expect(decodeBody(event({ nestmetadata: JSON.stringify(given) })).metadata).toEqual({
      id: '1',
      source: 'users',
      type: 'user.registered',
      tenant: 'acme',
    });
  });

  it("looks into SNS's wrapper", () => {
    const body = JSON.stringify({ Type: 'Notification', TopicArn: 'arn', Message: event() });
    expect(decodeBody(body).metadata.type).toBe('user.registered');
  });

  it('takes an integer for a sequence, as CloudEvents allows', () => {
    expect(decodeBody(event({ sequence: 42 })).metadata.sequence).toBe('42');
  });

  it('takes null for an attribute that is not set', () => {
    expect(decodeBody(event({ subject: null })).metadata).not.toHaveProperty('subject');
  });

  it.each([
    ['2016-12-31T23:59:60Z', '2016-12-31T23:59:59Z'],
    ['2016-12-31t15:59:60.25-08:00', '2016-12-31t15:59:59.25-08:00'],
  ])('takes a leap second for the second before it: %s', (time, expected) => {
    expect(decodeBody(event({ time })).metadata.time).toBe(expected);
  });

  it('takes null for binary data that is not there', () => {
    expect(decodeBody(event({ data: 7, data_base64: null })).data).toBe(7);
  });

  it('gives binary data as a Buffer', () => {
    const body = event({ data: undefined, data_base64: Buffer.from('hi').toString('base64') });
    expect(decodeBody(body).data).toEqual(Buffer.from('hi'));
  });

  it.each([
    ['no JSON', '{', /not acceptable JSON/],
    ['a list', '[]', /no object/],
    ['no specversion', event({ specversion: undefined }), /`specversion` is missing/],
    ['another specversion', event({ specversion: '0.3' }), /"0\.3", not "1\.0"/],
    ['no id', event({ id: undefined }), /`id` is missing/],
    ['an empty type', event({ type: '' }), /`type` is empty/],
    ['a type that is a list', event({ type: [] }), /`type` must be a string, not a list/],
    ['a subject that is a number', event({ subject: 1 }), /`subject` must be a string, not number/],
    ['a fraction for a sequence', event({ sequence: 1.5 }), /`sequence`/],
    ['a time that is none', event({ time: 'yesterday' }), /RFC 3339/],
    ['a minute of 60', event({ time: '2026-05-01T00:60:00Z' }), /RFC 3339/],
    ['the 45th of May', event({ time: '2026-05-45T00:00:00Z' }), /RFC 3339/],
    ['packet metadata that is an object', event({ nestmetadata: {} }), /`nestmetadata` must be a string, not object/],
    ['packet metadata that is no JSON', event({ nestmetadata: 'a=b' }), /`nestmetadata`/],
    ['packet metadata with a number', event({ nestmetadata: '{"n":1}' }), /`nestmetadata`: "n" is not a string/],
    ['packet metadata with a __proto__ key', event({ nestmetadata: '{"__proto__":{}}' }), /`nestmetadata`/],
    ['data twice', event({ data_base64: 'aGk=' }), /both/],
    [
      'a __proto__ key',
      '{"specversion":"1.0","id":"1","source":"s","type":"t","data":{"__proto__":{"x":1}}}',
      /__proto__|prototype/,
    ],
    [
      'an escaped __proto__ key',
      '{"specversion":"1.0","id":"1","source":"s","type":"t","data":{"__proto\\u005f_":{}}}',
      /__proto__|prototype/,
    ],
    ['a constructor with a prototype', event({ data: { constructor: { prototype: { x: 1 } } } }), /prototype/],
    ['deep nesting', event({ data: JSON.parse(`${'['.repeat(500)}${']'.repeat(500)}`) as unknown }), /200 levels/],
    [
      'a wrapper with rubbish inside',
      JSON.stringify({ Type: 'Notification', TopicArn: 'a', Message: '{' }),
      /inside SNS's wrapper/,
    ],
  ])('refuses %s, and says why', (_, body, why) => {
    const error = refusalOf(body);
    expect(error.code).toBe('UNPARSABLE_MESSAGE');
    expect(error.message).toMatch(why);
  });

  it('counts no brackets inside strings', () => {
    const text = `${'['.repeat(500)}\\"${'{'.repeat(500)}`;
    expect(decodeBody(event({ data: text })).data).toBe(text);
  });
});
