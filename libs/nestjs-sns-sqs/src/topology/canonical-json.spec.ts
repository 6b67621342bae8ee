import { canonicalJson, sameJson } from './canonical-json.js';

describe('canonicalJson', () => {
  it('does not depend on the order of keys', () => {
    expect(canonicalJson({ b: 1, a: { d: 2, c: 3 } })).toBe(canonicalJson({ a: { c: 3, d: 2 }, b: 1 }));
  });

  it('takes a list of one as its one item, and numbers as text', () => {
    expect(canonicalJson({ a: ['x'], n: 5 })).toBe(canonicalJson({ a: 'x', n: '5' }));
  });

  it('keeps the order of lists', () => {
    expect(canonicalJson([1, 2])).not.toBe(canonicalJson([2, 1]));
  });
});

describe('sameJson', () => {
  it.each([
    ['{"a":1}', '{"a":"1"}', true],
    ['{"a":1}', '{"a":2}', false],
    ['not json', 'not json', true],
    ['not json', '{}', false],
  ])('%s and %s: %s', (a, b, expected) => expect(sameJson(a, b)).toBe(expected));
});
