import { RecentIds } from './recent-ids.js';

describe('RecentIds', () => {
  it('remembers as many as it may, and forgets the oldest first', () => {
    const recent = new RecentIds(2);
    for (const id of ['a', 'b', 'c']) recent.add(id);
    expect(['a', 'b', 'c'].map(id => recent.has(id))).toEqual([false, true, true]);
  });

  it('forgets nothing for an id that it knows', () => {
    const recent = new RecentIds(2);
    for (const id of ['a', 'b', 'b']) recent.add(id);
    expect(recent.has('a')).toBe(true);
  });
});
