import type { Input } from './input.js';
import {
  attributesMd5,
  readMessageAttributes,
  toMessageAttributes,
  type AttributeValue,
} from './message-attributes.js';

const read = (attributes: Input): Map<string, AttributeValue> =>
  readMessageAttributes({ MessageAttributes: attributes }, 'MessageAttributes');
const string = (StringValue: string): Input => ({ DataType: 'String', StringValue });
const md5 = (attributes: Input): string => attributesMd5(read(attributes));

describe('attributesMd5', () => {
  it('is what AWS answers for these attributes', () => {
    const timestamp = (StringValue: string): Input => ({ timestamp: { DataType: 'Number', StringValue } });
    expect(md5(timestamp('1493147359900'))).toBe('235c5c510d26fb653d073faed50ae77c');
    expect(md5(timestamp('1493147359901'))).toBe('994258b45346a2cc3f9cbb611aa7af30');
  });

  it('does not depend on the order of the attributes', () => {
    expect(md5({ b: string('2'), a: string('1') })).toBe(md5({ a: string('1'), b: string('2') }));
  });

  it('tells strings from binaries of the same bytes', () => {
    const BinaryValue = Buffer.from('x').toString('base64');
    expect(md5({ a: string('x') })).not.toBe(md5({ a: { DataType: 'Binary', BinaryValue } }));
  });
});

describe('toMessageAttributes', () => {
  it('counts UTF-8 bytes of names, types and values, of binaries the decoded ones', () => {
    const BinaryValue = Buffer.from([1, 2, 3, 4, 5]).toString('base64');
    const attributes = toMessageAttributes(read({ ab: string('ü'), c: { DataType: 'Binary', BinaryValue } }));
    expect(attributes?.bytes).toBe('ab'.length + 'String'.length + 2 + 'c'.length + 'Binary'.length + 5);
  });

  it('is nothing when there are none', () => {
    expect(toMessageAttributes(new Map())).toBeUndefined();
  });
});

describe('readMessageAttributes (sqs-message-metadata)', () => {
  it.each([
    ['String', { DataType: 'String', StringValue: 'x' }],
    ['a custom type', { DataType: 'String.uuid', StringValue: 'x' }],
    ['Number', { DataType: 'Number', StringValue: '-1.5e3' }],
    ['Number with a custom type', { DataType: 'Number.int', StringValue: '7' }],
    ['Binary', { DataType: 'Binary', BinaryValue: 'AQI=' }],
  ])('takes %s', (_, value) => {
    expect(read({ a: value }).get('a')).toEqual(value);
  });

  it.each([
    ['no type', { StringValue: 'x' }],
    ['an empty type', { DataType: '', StringValue: 'x' }],
    ['an unknown type', { DataType: 'Boolean', StringValue: 'true' }],
    ['a custom type without a name', { DataType: 'String.', StringValue: 'x' }],
    ['no value', { DataType: 'String' }],
    ['an empty value', { DataType: 'String', StringValue: '' }],
    ['a string as a binary', { DataType: 'Binary', StringValue: 'x' }],
    ['two values', { DataType: 'String', StringValue: 'x', BinaryValue: 'AQI=' }],
    ['a number that is none', { DataType: 'Number', StringValue: 'seven' }],
    ['a control character', { DataType: 'String', StringValue: 'a\u0001' }],
    ['half a character', { DataType: 'String', StringValue: 'a\uD83C' }],
    ['no object', 'x'],
  ])('refuses an attribute with %s', (_, value) => {
    expect(() => read({ a: value })).toThrow(expect.objectContaining({ code: 'InvalidParameterValue' }));
  });

  it('refuses lists of values, which are reserved (MessageAttributeValue API)', () => {
    for (const key of ['StringListValues', 'BinaryListValues']) {
      expect(() => read({ a: { DataType: 'String', StringValue: 'x', [key]: ['y'] } })).toThrow(
        expect.objectContaining({ code: 'UnsupportedOperation' }),
      );
      expect(() => read({ a: { DataType: 'String', StringValue: 'x', [key]: [] } })).not.toThrow();
    }
  });

  it('refuses a binary that is not base64', () => {
    expect(() => read({ a: { DataType: 'Binary', BinaryValue: '!' } })).toThrow(
      expect.objectContaining({ code: 'SerializationException' }),
    );
  });

  it.each(['AWS.x', 'aws.x', 'Amazon.x', '.x', 'x.', 'a..b', 'with space', 'ü', '', 'x'.repeat(257)])(
    'refuses the name %j',
    name => {
      expect(() => read({ [name]: string('x') })).toThrow(expect.objectContaining({ code: 'InvalidParameterValue' }));
    },
  );

  it.each(['type', 'a.b-c_D9', 'awsome', 'x'.repeat(256)])('takes the name %j', name => {
    expect([...read({ [name]: string('x') }).keys()]).toEqual([name]);
  });
});
