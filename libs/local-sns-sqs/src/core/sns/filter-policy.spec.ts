import type { AttributeValue } from '../message-attributes.js';
import { FilterPolicyProblem } from './filter-conditions.js';
import { parseFilterPolicy, passes, type FilterScope } from './filter-policy.js';

const parse = (policy: unknown, scope: FilterScope = 'MessageAttributes') =>
  parseFilterPolicy(JSON.stringify(policy), scope);
const byAttributes = (policy: unknown, attributes: Record<string, AttributeValue>): boolean =>
  passes(parse(policy), new Map(Object.entries(attributes)), '');
const byBody = (policy: unknown, body: unknown): boolean =>
  passes(parse(policy, 'MessageBody'), new Map(), typeof body === 'string' ? body : JSON.stringify(body));
const text = (StringValue: string): AttributeValue => ({ DataType: 'String', StringValue });
const number = (StringValue: string): AttributeValue => ({ DataType: 'Number', StringValue });
const list = (...values: unknown[]): AttributeValue => ({
  DataType: 'String.Array',
  StringValue: JSON.stringify(values),
});

describe('a filter on attributes (sns-message-filtering-scope)', () => {
  it('lets through what one condition of every key accepts', () => {
    const policy = { type: ['user.registered', { prefix: 'order.' }], region: ['eu'] };
    expect(byAttributes(policy, { type: text('order.paid'), region: text('eu') })).toBe(true);
    expect(byAttributes(policy, { type: text('order.paid'), region: text('us') })).toBe(false);
    expect(byAttributes(policy, { type: text('user.registered') })).toBe(false);
  });

  it('lets everything through when it is empty', () => {
    expect(byAttributes({}, {})).toBe(true);
  });

  it('compares numbers with numbers and texts with texts', () => {
    expect(byAttributes({ price: [100] }, { price: number('1e2') })).toBe(true);
    expect(byAttributes({ price: [{ numeric: ['<', 200] }] }, { price: number('100') })).toBe(true);
    expect(byAttributes({ price: [100] }, { price: text('100') })).toBe(false);
    expect(byAttributes({ price: ['100'] }, { price: number('100') })).toBe(false);
  });

  it('lets a list through when any of its values is accepted', () => {
    const policy = { interests: ['rugby', 'football'] };
    expect(byAttributes(policy, { interests: list('chess', 'rugby') })).toBe(true);
    expect(byAttributes(policy, { interests: list('chess') })).toBe(false);
    expect(byAttributes({ interests: [{ 'anything-but': ['rugby'] }] }, { interests: list('rugby', 'chess') })).toBe(
      true,
    );
    expect(byAttributes({ interests: [{ 'anything-but': ['rugby'] }] }, { interests: list('rugby') })).toBe(false);
  });

  it('takes a list that is no JSON for the text that it is', () => {
    expect(byAttributes({ a: ['x'] }, { a: { DataType: 'String.Array', StringValue: 'x' } })).toBe(true);
  });

  it('does not see binary values (subscription-filter-policy-constraints)', () => {
    const picture = { picture: { DataType: 'Binary', BinaryValue: 'AQI=' } };
    expect(byAttributes({ picture: [{ exists: true }] }, picture)).toBe(false);
    expect(byAttributes({ picture: ['AQI='] }, picture)).toBe(false);
  });

  it('lets no message without any attribute through, not even by "exists": false (attribute-key-matching)', () => {
    const policy = { store: [{ exists: false }] };
    expect(byAttributes(policy, {})).toBe(false);
    expect(byAttributes(policy, { other: text('x') })).toBe(true);
    expect(byAttributes(policy, { store: text('x') })).toBe(false);
  });

  it('asks for one of several alternatives with $or', () => {
    const policy = { source: ['a'], $or: [{ kind: ['x'] }, { size: [{ numeric: ['>', 10] }] }] };
    expect(byAttributes(policy, { source: text('a'), size: number('11') })).toBe(true);
    expect(byAttributes(policy, { source: text('a'), kind: text('x') })).toBe(true);
    expect(byAttributes(policy, { source: text('a'), size: number('9') })).toBe(false);
    expect(byAttributes(policy, { kind: text('x') })).toBe(false);
  });
});

describe('a filter on the body (sns-message-filtering-scope)', () => {
  it('looks into nested objects', () => {
    const policy = { data: { user: { country: ['de'] } } };
    expect(byBody(policy, { data: { user: { country: 'de' } } })).toBe(true);
    expect(byBody(policy, { data: { user: { country: 'fr' } } })).toBe(false);
    expect(byBody(policy, { data: { user: 'de' } })).toBe(false);
  });

  it('looks into lists of values and of objects', () => {
    expect(byBody({ tags: ['b'] }, { tags: ['a', 'b'] })).toBe(true);
    expect(byBody({ items: { sku: ['2'] } }, { items: [{ sku: '1' }, { sku: '2' }] })).toBe(true);
    expect(byBody({ items: { sku: ['2'], count: [1] } }, { items: [{ sku: '2' }, { count: 1 }] })).toBe(false);
  });

  it('tells null from absent', () => {
    expect(byBody({ a: [null] }, { a: null })).toBe(true);
    expect(byBody({ a: [null] }, {})).toBe(false);
    expect(byBody({ a: { b: [{ exists: false }] } }, {})).toBe(true);
    expect(byBody({ a: { b: [{ exists: false }] } }, { a: { b: 1 } })).toBe(false);
  });

  it('sees own keys only', () => {
    expect(byBody({ constructor: [{ exists: true }] }, {})).toBe(false);
  });

  it.each(['no JSON', '[1]', '"text"', 'null'])('lets no %s through', body => {
    expect(byBody({ a: [{ exists: false }] }, body)).toBe(false);
  });
});

describe('parseFilterPolicy (subscription-filter-policy-constraints)', () => {
  const values = (count: number): string[] => Array.from({ length: count }, (_, index) => `v${index}`);

  it.each<[string, unknown, FilterScope]>([
    ['six keys', Object.fromEntries(values(6).map(key => [key, ['x']])), 'MessageAttributes'],
    ['more than 150 combinations', { a: values(16), b: values(10) }, 'MessageAttributes'],
    ['a text for a list', { a: 'x' }, 'MessageAttributes'],
    ['an empty list', { a: [] }, 'MessageAttributes'],
    ['nesting, for attributes', { a: { b: ['x'] } }, 'MessageAttributes'],
    ['what is no object', ['x'], 'MessageAttributes'],
    ['an unknown operator', { a: [{ like: 'x' }] }, 'MessageAttributes'],
    ['more than 150 combinations, each level counted', { a: { b: { c: values(51) } } }, 'MessageBody'],
    ['more than 256 KB', { a: ['x'.repeat(262_144)] }, 'MessageAttributes'],
  ])('refuses %s', (_, policy, scope) => {
    expect(() => parse(policy, scope)).toThrow(FilterPolicyProblem);
  });

  it('refuses what is no JSON', () => {
    expect(() => parseFilterPolicy('{', 'MessageAttributes')).toThrow(FilterPolicyProblem);
  });

  it.each<[string, unknown, FilterScope]>([
    ['five keys', Object.fromEntries(values(5).map(key => [key, ['x']])), 'MessageAttributes'],
    ['150 combinations', { a: values(15), b: values(10) }, 'MessageAttributes'],
    ['150 values of one key', { type: values(150) }, 'MessageAttributes'],
    ['nesting, for bodies', { a: { b: { c: values(50) } } }, 'MessageBody'],
  ])('takes %s', (_, policy, scope) => {
    expect(() => parse(policy, scope)).not.toThrow();
  });
});
