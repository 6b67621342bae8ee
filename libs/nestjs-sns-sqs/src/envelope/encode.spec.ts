import { assertHasJsonForm, toBody, toCloudEvent } from './encode.js';

const metadata = { id: '1', source: 'users', type: 'user.registered' };

describe('toCloudEvent', () => {
  it('leaves out what is not set', () => {
    expect(toCloudEvent({ metadata, data: 1 })).toEqual({
      specversion: '1.0',
      ...metadata,
      datacontenttype: 'application/json',
      data: 1,
    });
  });

  it('writes extensions in lower case, as CloudEvents wants their names', () => {
    const event = toCloudEvent({ metadata: { ...metadata, correlationId: 'a', causationId: 'b' }, data: null });
    expect(event).toMatchObject({ correlationid: 'a', causationid: 'b' });
  });
});

describe('toBody', () => {
  it('keeps a text that a serializer wrote', () => {
    expect(toBody('t', '<xml/>')).toBe('<xml/>');
  });

  it('escapes the two characters that SQS refuses and JSON does not escape', () => {
    const body = toBody('t', { text: 'a\uFFFEb\uFFFFc' });
    expect(body).not.toMatch(/[\uFFFE\uFFFF]/);
    expect(JSON.parse(body)).toEqual({ text: 'a\uFFFEb\uFFFFc' });
  });

  const circle: unknown[] = [];
  circle.push(circle);
  it.each([
    ['a circle', circle],
    ['a BigInt', { n: 1n }],
    ['nothing', undefined],
    ['an empty text', ''],
    ['a Buffer', Buffer.from('x')],
    ['other bytes', new Float64Array(2)],
    ['data whose toJSON gives nothing', toCloudEvent({ metadata, data: { toJSON: () => undefined } })],
    ['data whose toJSON gives a function', toCloudEvent({ metadata, data: { toJSON: () => () => 1 } })],
    ['a toJSON that throws', { toJSON: () => JSON.parse('{') as unknown }],
    ['a __proto__ key', JSON.parse('{"data":{"__proto__":1}}') as unknown],
  ])('refuses %s', (_, value) => {
    expect(() => toBody('t', value)).toThrow(expect.objectContaining({ code: 'UNSERIALIZABLE_DATA' }) as Error);
  });

  const nested = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);

  it.each([
    ['nesting over 200 levels', nested(201)],
    ['constructor.prototype', { a: { constructor: { prototype: {} } } }],
  ])('refuses what every consumer would dead-letter: %s', (_, data) => {
    expect(() => toBody('t', data)).toThrow(
      expect.objectContaining({
        code: 'UNSERIALIZABLE_DATA',
        message: expect.stringMatching(/consumers refuse/) as string,
      }) as Error,
    );
  });

  it.each([
    nested(200),
    { constructor: 'Lego' },
    { text: '"constructor":{"prototype":1}' },
    { my__proto__: 1, own_constructor: { prototype: 1 } },
    '['.repeat(500),
  ])('takes what consumers take', data => {
    expect(() => toBody('t', { data: 1, also: [data].length })).not.toThrow();
    expect(() => toBody('t', data)).not.toThrow();
  });

  it('refuses half of an emoji in a text that a serializer wrote, and escapes it in its own', () => {
    expect(() => toBody('t', '<a>\uD83D</a>')).toThrow(/half of an emoji/);
    expect(toBody('t', { a: '\uD83D' })).toBe('{"a":"\\ud83d"}');
  });

  it('takes data that ends like an event without any, and an event that has none', () => {
    const data = { datacontenttype: 'application/json' };
    expect(JSON.parse(toBody('t', toCloudEvent({ metadata, data })))).toMatchObject({ data });
    expect(() => toBody('t', toCloudEvent({ metadata, data: undefined }))).not.toThrow();
  });

  it('takes a text that only speaks of __proto__', () => {
    expect(JSON.parse(toBody('t', { text: '{"__proto__":1}' }))).toEqual({ text: '{"__proto__":1}' });
  });
});

it.each([[() => 1], [Symbol('x')]])('assertHasJsonForm refuses what JSON would leave out: %p', data => {
  expect(() => assertHasJsonForm('t', data)).toThrow(expect.objectContaining({ code: 'UNSERIALIZABLE_DATA' }) as Error);
});
