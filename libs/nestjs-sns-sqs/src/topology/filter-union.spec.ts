import * as fc from 'fast-check';
import { filterPolicyOf, matchesPattern } from './filter-policy.js';
import { isLooserThan, letsThrough, letsThroughBeside, uniteFilters } from './filter-union.js';

const ATTRIBUTES = { FilterPolicyScope: 'MessageAttributes' };
const BODY = { FilterPolicyScope: 'MessageBody' };

/** Whether SNS lets a type through, by a filter of names, prefixes and suffixes. */
function passes(policy: string, type: string): boolean {
  const { type: conditions } = JSON.parse(policy) as { type?: Array<string | { prefix?: string; suffix?: string }> };
  if (!conditions) return true;
  return conditions.some(condition =>
    typeof condition === 'string'
      ? condition === type
      : condition.prefix !== undefined
        ? type.startsWith(condition.prefix)
        : type.endsWith(condition.suffix ?? ''),
  );
}

describe('uniteFilters', () => {
  it('lets through what either does, without saying a type twice', () => {
    const united = uniteFilters(
      '{"type":["a",{"prefix":"user."}]}',
      filterPolicyOf(['b', 'user.deleted', 'a']),
      ATTRIBUTES,
    );
    expect(JSON.parse(united)).toEqual({ type: ['a', { prefix: 'user.' }, 'b'] });
  });

  it.each([
    ['no filter', '{}', ATTRIBUTES],
    ['an empty text', '', ATTRIBUTES],
    ['a filter on the body', '{"type":["a"]}', BODY],
    ['a filter without type', '{"tenant":["x"]}', ATTRIBUTES],
    ['a filter that is no JSON', 'rubbish', ATTRIBUTES],
    ['a type that is no list', '{"type":"a"}', ATTRIBUTES],
  ])('%s becomes or stays no filter', (_, found, all) => {
    expect(uniteFilters(found, filterPolicyOf(['b']), all)).toBe('{}');
  });

  it('leaves out other keys, which would hold back what is wanted', () => {
    expect(uniteFilters('{"type":["a"],"tenant":["x"]}', filterPolicyOf(['b']), ATTRIBUTES)).toBe('{"type":["a","b"]}');
  });

  it('keeps conditions that are not ours', () => {
    const found = '{"type":[{"anything-but":["x"]},{"equals-ignore-case":"A"}]}';
    expect(JSON.parse(uniteFilters(found, filterPolicyOf(['b']), ATTRIBUTES))).toEqual({
      type: [{ 'anything-but': ['x'] }, { 'equals-ignore-case': 'A' }, 'b'],
    });
  });

  it('gives up where SNS would refuse so many conditions', () => {
    const many = (from: number): string[] => Array.from({ length: 100 }, (_, n) => `type-${from + n}`);
    expect(uniteFilters(filterPolicyOf(many(0)), filterPolicyOf(many(50)), ATTRIBUTES)).not.toBe('{}');
    expect(uniteFilters(filterPolicyOf(many(0)), filterPolicyOf(many(51)), ATTRIBUTES)).toBe('{}');
  });
});

describe('letsThrough', () => {
  it.each([
    ['{}', ['a'], true],
    ['{"type":["a","b"]}', ['a'], true],
    ['{"type":["a"]}', ['a', 'b'], false],
    ['{"type":[{"prefix":"user."}]}', ['user.deleted', 'user.d*'], true],
    ['{"type":[{"prefix":"user."}]}', ['us*'], false],
    ['{"type":[{"suffix":".v2"}]}', ['*.v2', 'a.v2'], true],
    ['{"type":["a"],"tenant":["x"]}', ['a'], false],
    ['{"type":[{"anything-but":["x"]}]}', ['a'], false],
    ['{"type":["a"]}', ['*'], false],
  ])('%s for %j: %s', (found, patterns, expected) => {
    expect(letsThrough(found, filterPolicyOf(patterns), ATTRIBUTES)).toBe(expected);
  });
});

const part = fc.constantFrom('a', 'b', 'ab', '.', '');
const type = fc.array(part, { minLength: 1, maxLength: 4 }).map(parts => parts.join(''));
const pattern = fc
  .tuple(type, fc.constantFrom('', '*'), part)
  .map(([first, star, last]) => first + star + last)
  .filter(text => text !== '');
const patterns = fc.array(pattern, { minLength: 1, maxLength: 4 });

it('takes nothing away and lets everything wanted through, for any two versions and any type', () => {
  const holds = (): void =>
    fc.assert(
      fc.property(patterns, patterns, type, (one, two, someType) => {
        const found = filterPolicyOf(one);
        const united = letsThrough(found, filterPolicyOf(two), ATTRIBUTES)
          ? found
          : uniteFilters(found, filterPolicyOf(two), ATTRIBUTES);
        expect(!passes(found, someType) || passes(united, someType)).toBe(true);
        const isMeant = two.some(each => matchesPattern(each, someType));
        expect(!isMeant || passes(united, someType)).toBe(true);
        expect(letsThrough(united, filterPolicyOf(one), ATTRIBUTES)).toBe(true);
        expect(letsThrough(united, filterPolicyOf(two), ATTRIBUTES)).toBe(true);
        expect(isLooserThan({ ...ATTRIBUTES, FilterPolicy: united }, two) || isMeant || !passes(united, someType)).toBe(
          true,
        );
      }),
      { numRuns: 500 },
    );
  expect(holds).not.toThrow();
});

describe('letsThroughBeside', () => {
  it.each([
    ['{"type":["a","b",{"prefix":"c."},{"suffix":".d"}]}', ['a'], ['b', 'c.*', '*.d']],
    ['{"type":["a","user.x"]}', ['a', 'user.*'], []],
    ['{}', ['a'], ['every type']],
    ['{}', ['*'], []],
    ['{"type":[{"anything-but":["x"]}]}', ['a'], ['{"anything-but":["x"]}']],
  ])('%s beside %j', (FilterPolicy, ours, expected) => {
    expect(letsThroughBeside({ ...ATTRIBUTES, FilterPolicy }, ours)).toEqual(expected);
  });
});

describe('isLooserThan', () => {
  it.each([
    ['{"type":["a"]}', ['a', 'b'], false],
    ['{"type":["a","b"]}', ['a'], true],
    ['{"type":[{"prefix":"user."}]}', ['user.*.v2'], true],
    ['{"type":[{"prefix":"user."}]}', ['user.*'], false],
    ['{}', ['a'], true],
    ['{}', ['a', '*'], false],
  ])('%s for %j: %s', (FilterPolicy, patterns, expected) => {
    expect(isLooserThan({ ...ATTRIBUTES, FilterPolicy }, patterns)).toBe(expected);
  });
});
