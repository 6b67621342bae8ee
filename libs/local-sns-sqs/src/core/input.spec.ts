import {
  optionalInteger,
  optionalRecord,
  optionalString,
  recordList,
  requiredString,
  stringList,
  stringMap,
  type Input,
} from './input.js';

const input: Input = {
  text: 'a',
  empty: '',
  number: 3,
  half: 1.5,
  nothing: null,
  list: ['a', 'b'],
  mixed: ['a', 1],
  map: { a: 'x', b: 'y' },
  badMap: { a: 1 },
  maps: [{ a: 1 }],
};

describe('reading a request', () => {
  it('takes what has the right type', () => {
    expect(requiredString(input, 'text')).toBe('a');
    expect(optionalInteger(input, 'number')).toBe(3);
    expect(stringList(input, 'list')).toEqual(['a', 'b']);
    expect([...stringMap(input, 'map')]).toEqual([
      ['a', 'x'],
      ['b', 'y'],
    ]);
    expect(recordList(input, 'maps')).toEqual([{ a: 1 }]);
  });

  it('takes what is null or missing as not given', () => {
    for (const key of ['nothing', 'missing', 'constructor', 'toString']) {
      expect(optionalString(input, key)).toBeUndefined();
      expect(optionalInteger(input, key)).toBeUndefined();
      expect(optionalRecord(input, key)).toBeUndefined();
      expect(stringList(input, key)).toEqual([]);
      expect(recordList(input, key)).toEqual([]);
      expect(stringMap(input, key).size).toBe(0);
    }
  });

  it.each(['nothing', 'missing', 'empty'])('misses a required string that is %s', key => {
    expect(() => requiredString(input, key)).toThrow(expect.objectContaining({ code: 'MissingParameter' }));
  });

  it.each([
    ['a number for a string', () => optionalString(input, 'number')],
    ['a half number', () => optionalInteger(input, 'half')],
    ['a text for a number', () => optionalInteger(input, 'text')],
    ['a list for an object', () => optionalRecord(input, 'list')],
    ['an object for a list', () => stringList(input, 'map')],
    ['a list of more than strings', () => stringList(input, 'mixed')],
    ['a map of more than strings', () => stringMap(input, 'badMap')],
    ['a list of strings for one of objects', () => recordList(input, 'list')],
    ['a text for a list of objects', () => recordList(input, 'text')],
  ])('refuses %s as AWS does', (_, read) => {
    expect(read).toThrow(expect.objectContaining({ code: 'SerializationException' }));
  });
});
