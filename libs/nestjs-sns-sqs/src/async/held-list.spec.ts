import { HeldList } from './held-list.js';

describe('HeldList', () => {
  const listOf = (...items: string[]) => {
    const list = new HeldList<string>();
    return { list, places: items.map(item => list.add(item)) };
  };

  it.each([
    [0, ['b', 'c']],
    [1, ['a', 'c']],
    [2, ['a', 'b']],
  ])('keeps its order when the item at %i is taken out', (at, left) => {
    const { list, places } = listOf('a', 'b', 'c');
    expect(list.remove(places[at])).toBe(true);
    expect([...list]).toEqual(left);
    expect([list.size, list.first]).toEqual([2, left[0]]);
    list.add('d');
    expect([...list]).toEqual([...left, 'd']);
  });

  it('takes out an item once', () => {
    const { list, places } = listOf('a', 'b');
    list.remove(places[0]);
    expect(list.remove(places[0])).toBe(false);
    expect([...list]).toEqual(['b']);
  });

  it('lets an item be taken out while it is given', () => {
    const { list } = listOf('a', 'b', 'c');
    for (const place of list.places()) list.remove(place);
    expect([list.size, list.first]).toEqual([0, undefined]);
  });

  it('leads nowhere from what was taken out, so that it keeps nothing from the garbage collector', () => {
    const { list, places } = listOf('a', 'b', 'c', 'd');
    list.remove(places[1]);
    list.clear();
    expect(places.map(({ before, after }) => [before, after])).toEqual(Array(4).fill([undefined, undefined]));
    expect([...list]).toEqual([]);
  });
});
