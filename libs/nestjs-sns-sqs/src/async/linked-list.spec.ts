import { LinkedList, type Link } from './linked-list.js';

const filled = (...items: string[]): { list: LinkedList<string>; links: Array<Link<string>> } => {
  const list = new LinkedList<string>();
  return { list, links: items.map(item => list.add(item)) };
};

describe('LinkedList', () => {
  it('gives its items in the order in which they came', () => {
    const { list } = filled('a', 'b', 'c');
    expect([[...list], list.size, list.first?.item]).toEqual([['a', 'b', 'c'], 3, 'a']);
  });

  it.each([
    [0, ['b', 'c']],
    [1, ['a', 'c']],
    [2, ['a', 'b']],
  ])('lets the item at %i leave', (index, left) => {
    const { list, links } = filled('a', 'b', 'c');
    expect(list.remove(links[index])).toBe(true);
    list.add('d');
    expect([[...list], list.size, list.first?.item]).toEqual([[...left, 'd'], 3, left[0]]);
  });

  it('takes a link that left, that is of another list or that is missing for none', () => {
    const { list, links } = filled('a');
    const other = filled('b');
    expect(list.has(links[0])).toBe(true);
    expect([list.remove(other.links[0]), list.remove(undefined)]).toEqual([false, false]);
    list.remove(links[0]);
    expect([list.has(links[0]), list.remove(links[0]), list.size, list.first]).toEqual([false, false, 0, undefined]);
    expect([...other.list]).toEqual(['b']);
  });

  it('is empty after a clear, and takes the links of before for none', () => {
    const { list, links } = filled('a', 'b');
    list.clear();
    expect([[...list], list.size, list.remove(links[1])]).toEqual([[], 0, false]);
    list.add('c');
    expect([...list]).toEqual(['c']);
  });

  it('leaves out what leaves during a walk, and goes on behind it', () => {
    const { list, links } = filled('a', 'b', 'c', 'd');
    const seen: string[] = [];
    for (const item of list) {
      seen.push(item);
      if (item === 'b') for (const at of [0, 1, 2]) list.remove(links[at]);
    }
    expect([seen, [...list]]).toEqual([['a', 'b', 'd'], ['d']]);
  });

  it('lets each item leave while it is given', () => {
    const { list } = filled('a', 'b', 'c');
    for (const link of list.links()) list.remove(link);
    expect([list.size, list.first]).toEqual([0, undefined]);
  });

  it('is referred to by nothing that left it, so that old garbage keeps no young one', () => {
    const { list, links } = filled('a', 'b', 'c');
    for (const link of links.slice(0, 2)) list.remove(link);
    const reached = Object.entries(links[1] ?? {}).filter(([, value]) => value !== undefined);
    expect(reached).toEqual([['item', 'b']]);
  });
});
