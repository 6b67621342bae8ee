import { mayMeanTheSame, filterPolicyOf, isExpressible, matchesPattern } from './filter-policy.js';

describe('matchesPattern', () => {
  it.each([
    ['user.registered', 'user.registered', true],
    ['user.registered', 'user.registered2', false],
    ['user.*', 'user.registered', true],
    ['user.*', 'user.', true],
    ['user.*', 'users.registered', false],
    ['*.registered', 'user.registered', true],
    ['*.registered', 'user.deleted', false],
    ['*', 'anything', true],
    ['user.*.v2', 'user.registered.v2', true],
    ['user.*.v2', 'user.v2', false],
    ['a*b*c', 'a-b-c', true],
    ['a*b*c', 'acb', false],
    ['ab*ba', 'aba', false],
    ['user.(x)+', 'user.(x)+', true],
  ])('%s and %s: %s', (pattern, type, expected) => {
    expect(matchesPattern(pattern, type)).toBe(expected);
  });
});

describe('filterPolicyOf', () => {
  it('names exact types', () => {
    expect(filterPolicyOf(['user.registered', 'user.deleted'])).toBe('{"type":["user.deleted","user.registered"]}');
  });

  it('writes a wildcard at the end as prefix, at the beginning as suffix', () => {
    expect(JSON.parse(filterPolicyOf(['user.*', '*.deleted']))).toEqual({
      type: [{ prefix: 'user.' }, { suffix: '.deleted' }],
    });
  });

  it('lets everything through where a pattern means everything', () => {
    expect(filterPolicyOf(['user.registered', '*'])).toBe('{}');
  });

  it('narrows a wildcard inside down to its beginning', () => {
    expect(filterPolicyOf(['user.*.v2'])).toBe('{"type":[{"prefix":"user."}]}');
    expect(isExpressible(['user.*.v2'])).toBe(false);
  });

  it('does not depend on the order, and names nothing twice', () => {
    expect(filterPolicyOf(['b', 'a', 'b'])).toBe(filterPolicyOf(['a', 'b']));
  });

  it('gives up where SNS would refuse so many values', () => {
    const types = Array.from({ length: 151 }, (_, n) => `type-${n}`);
    expect(filterPolicyOf(types)).toBe('{}');
    expect(isExpressible(types)).toBe(false);
    expect(isExpressible(types.slice(1))).toBe(true);
  });
});

describe('mayMeanTheSame', () => {
  it.each([
    ['a', 'a', true],
    ['a', 'b', false],
    ['user.*', 'user.deleted', true],
    ['user.deleted', 'user.*', true],
    ['user.*', 'order.placed', false],
    ['user.*', '*', true],
    ['user.*', '*.deleted', true],
    ['user.*.v1', 'user.*.v2', false],
    ['user.*', 'user.a.*', true],
    ['user.*', 'order.*', false],
  ])('%s and %s', (one, other, expected) => {
    expect([mayMeanTheSame(one, other), mayMeanTheSame(other, one)]).toEqual([expected, expected]);
  });
});
