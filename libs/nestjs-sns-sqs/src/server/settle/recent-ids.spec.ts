import { RecentIds } from './recent-ids.js';

describe('RecentIds', () => {
  it('remembers as many as it must, and forgets the oldest when there are twice as many', () => {
    const recent = new RecentIds(2);
    const known = (): string[] => ['a', 'b', 'c', 'd', 'e'].filter(id => recent.has(id));
    for (const id of ['a', 'b', 'c', 'd']) recent.add(id);
    expect(known()).toEqual(['a', 'b', 'c', 'd']);
    recent.add('e');
    expect(known()).toEqual(['c', 'd', 'e']);
  });

  it('forgets nothing for an id that it knows', () => {
    const recent = new RecentIds(2);
    for (const id of ['a', 'b', 'b', 'a', 'b']) recent.add(id);
    expect(recent.has('a')).toBe(true);
  });

  it('does the same with so many ids that their hashes answer first', () => {
    const recent = new RecentIds(2_000);
    const idOf = (at: number): string => `11111111-2222-4333-8444-${String(at).padStart(12, '0')}`;
    const ids = Array.from({ length: 5_000 }, (_, at) => idOf(at));
    for (let from = 0; from < ids.length; from += 500) {
      for (const id of ids.slice(from, from + 500)) {
        expect(recent.has(id)).toBe(false);
        recent.add(id);
      }
      // What was added before there were many, and since.
      const latest = ids.slice(Math.max(0, from - 1_500), from + 500);
      expect(latest.filter(id => !recent.has(id))).toEqual([]);
    }
    expect(recent.has(idOf(1))).toBe(false);
  });

  it('tells ids apart whose last characters, and so whose hashes, are the same', () => {
    const recent = new RecentIds(2_000);
    for (let at = 0; at < 1_000; at += 1) recent.add(`${at}-12345678`);
    expect(recent.has('999-12345678')).toBe(true);
    expect(recent.has('1000-12345678')).toBe(false);
  });
});
