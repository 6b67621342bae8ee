import { FilterPolicyProblem, parseCondition, type Scalar } from './filter-conditions.js';

describe('a condition (sns-subscription-filter-policies, string-value-matching, numeric-value-matching)', () => {
  it.each<[rule: unknown, accepted: Scalar[], refused: Scalar[]]>([
    ['users', ['users'], ['Users', 'user', 1, undefined]],
    [100, [100, 1e2], ['100', 101, undefined]],
    [true, [true], ['true', false]],
    [null, [null], ['null', undefined]],
    [{ prefix: 'user.' }, ['user.registered', 'user.'], ['User.x', 'users', 1, undefined]],
    [{ suffix: '.registered' }, ['user.registered'], ['user.registered.v2', undefined]],
    [{ 'equals-ignore-case': 'Users' }, ['users', 'USERS'], ['user', undefined]],
    // "The key must have a non-null and non-empty value" (attribute-key-matching).
    [{ exists: true }, ['x', 0, false], [undefined, null, '']],
    [{ exists: false }, [undefined], ['', null]],
    [{ 'anything-but': 'a' }, ['b', 1, null], ['a', undefined]],
    [{ 'anything-but': ['a', 'b'] }, ['c'], ['a', 'b', undefined]],
    [{ 'anything-but': [100, 200] }, [150], [100, 200]],
    [{ 'anything-but': { prefix: 'order-' } }, ['users'], ['order-1', undefined]],
    [{ 'anything-but': { suffix: '-x' } }, ['users'], ['a-x']],
    [{ 'anything-but': { wildcard: '*/bin/*' } }, ['/etc'], ['/usr/bin/x']],
    [{ wildcard: 'user.*.v1' }, ['user.registered.v1', 'user..v1'], ['user.registered.v2', 'xuser.a.v1']],
    [{ numeric: ['=', 5] }, [5, 5.0], ['5', 6]],
    [{ numeric: ['>', 5] }, [5.1], [5]],
    [{ numeric: ['>=', 5] }, [5], [4.9]],
    [{ numeric: ['<', 5] }, [4], [5]],
    [{ numeric: ['>', 0, '<=', 150] }, [0.1, 150], [0, 151, '100']],
    [{ cidr: '10.0.0.0/24' }, ['10.0.0.255'], ['10.0.1.0', 'no address', '::1']],
    [{ cidr: '2001:db8::/32' }, ['2001:db8::1'], ['2001:db9::1', '10.0.0.1']],
  ])('%j accepts %j and refuses %j', (rule, accepted, refused) => {
    const condition = parseCondition(rule);
    expect(accepted.filter(value => !condition(value))).toEqual([]);
    expect(refused.filter(value => condition(value))).toEqual([]);
  });

  it('knows one wildcard, the asterisk: a question mark stands for itself', () => {
    const condition = parseCondition({ wildcard: 'really?*' });
    expect(condition('really? yes')).toBe(true);
    expect(condition('reallyX yes')).toBe(false);
  });

  it.each([
    [{ matches: 'a' }],
    [{ prefix: 'a', suffix: 'b' }],
    [{}],
    [{ prefix: 1 }],
    [{ suffix: null }],
    [{ exists: 'true' }],
    [{ 'anything-but': [] }],
    [{ 'anything-but': [true] }],
    [{ 'anything-but': { numeric: ['=', 1] } }],
    [{ numeric: [] }],
    [{ numeric: ['>'] }],
    [{ numeric: ['!', 5] }],
    [{ numeric: ['constructor', 5] }],
    [{ numeric: ['=', 1e9 + 1] }],
    [{ numeric: ['>', 1, '>', 2] }],
    [{ numeric: ['>', 1, '<', 2, '<', 3] }],
    [{ numeric: ['=', '5'] }],
    [{ numeric: ['>', 5, '<', 5] }],
    [{ numeric: ['<', 5, '>', 1] }],
    [{ cidr: '10.0.0.0' }],
    [{ cidr: '10.0.0.0/33' }],
    [{ cidr: 'nowhere/8' }],
    [['nested']],
  ])('cannot be %j', rule => {
    expect(() => parseCondition(rule)).toThrow(FilterPolicyProblem);
  });
});
