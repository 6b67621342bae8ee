import { matchesPattern } from '../../topology/filter-policy.js';
import { WildcardIndex } from './wildcard-index.js';

const indexOf = (...patterns: string[]): WildcardIndex<string> =>
  new WildcardIndex(patterns.map(pattern => [pattern, pattern] as const));

describe('WildcardIndex', () => {
  it.each([
    { patterns: ['*'], type: 'user.registered', found: '*' },
    { patterns: ['*'], type: '', found: '*' },
    { patterns: ['user.*'], type: 'order.paid', found: undefined },
    { patterns: ['*', 'user.*', 'user.mail.*'], type: 'user.mail.sent', found: 'user.mail.*' },
    { patterns: ['user.*', '*.registered'], type: 'user.registered', found: '*.registered' },
    { patterns: ['user.*', '*.paid'], type: 'user.paid', found: 'user.*' },
    { patterns: ['user.*.sent', 'user.*'], type: 'user.mail', found: 'user.*' },
    { patterns: ['*.mail.*', 'user.*'], type: 'user.mail.sent', found: '*.mail.*' },
    { patterns: ['ab*ab'], type: 'ab', found: undefined },
  ])('of $patterns finds $found for $type', ({ patterns, type, found }) => {
    expect(indexOf(...patterns).find(type)).toBe(found);
  });

  it('takes the first of two with equally long literal parts', () => {
    expect(indexOf('a*b', '*ab').find('ab')).toBe('a*b');
    expect(indexOf('*ab', 'a*b').find('ab')).toBe('*ab');
  });

  it('finds what a look at every pattern finds', () => {
    const texts = ['', 'a', 'b', 'ab', 'ba', 'aa', 'bb', 'aab', 'abab', 'baba'];
    const patterns = texts.flatMap(left => texts.map(right => `${left}*${right}`));
    const types = texts.flatMap(left => texts.map(right => left + right));
    for (let from = 0; from < patterns.length; from += 7) {
      const some = patterns.filter((_, at) => (at * 31) % 97 >= from % 60);
      const index = indexOf(...some);
      const sorted = [...some].sort((a, b) => b.length - a.length);

      for (const type of types) {
        expect([type, index.find(type)]).toEqual([type, sorted.find(pattern => matchesPattern(pattern, type))]);
      }
    }
  });
});
