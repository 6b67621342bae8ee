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
});
