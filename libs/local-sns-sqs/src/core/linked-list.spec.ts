import { LinkedList, type Linked } from './linked-list.js';

class Item implements Linked<Item> {
  previous: Item | undefined = undefined;
  next: Item | undefined = undefined;
  list: object | undefined = undefined;

  constructor(readonly name: string) {}
}

const filled = (names: string): { list: LinkedList<Item>; items: Item[] } => {
  const list = new LinkedList<Item>();
  const items = names.split('').map(name => new Item(name));
  for (const item of items) list.push(item);
  return { list, items };
};

function namesOf(list: LinkedList<Item>): string {
  let forwards = '';
  for (let item = list.first; item; item = item.next) forwards += item.name;
  let backwards = '';
  for (let item = list.last; item; item = item.previous) backwards = item.name + backwards;
  expect(backwards).toBe(forwards);
  expect(list.size).toBe(forwards.length);
  return forwards;
}

describe('LinkedList', () => {
  it('keeps the order of its pushes', () => {
    expect(namesOf(filled('abc').list)).toBe('abc');
  });

  it.each([
    [0, 'bcd'],
    [1, 'acd'],
    [3, 'abc'],
  ])('gives up member %i', (index, left) => {
    const { list, items } = filled('abcd');
    list.remove(items[index]);
    expect(namesOf(list)).toBe(left);
  });

  it('lets a member that has left come back', () => {
    const { list, items } = filled('ab');
    list.remove(items[0]);
    list.push(items[0]);
    expect(namesOf(list)).toBe('ba');
  });

  it('takes no notice of a member of another list', () => {
    const { list } = filled('ab');
    const { list: other, items } = filled('xy');
    list.remove(items[0]);
    expect(namesOf(list)).toBe('ab');
    expect(namesOf(other)).toBe('xy');
  });

  it('inserts before a member, also before the first', () => {
    const { list, items } = filled('bd');
    list.insertBefore(new Item('c'), items[1]);
    list.insertBefore(new Item('a'), items[0]);
    expect(namesOf(list)).toBe('abcd');
  });

  it('is emptied from the front', () => {
    const { list } = filled('ab');
    expect([list.shift()?.name, list.shift()?.name, list.shift()]).toEqual(['a', 'b', undefined]);
    expect(namesOf(list)).toBe('');
  });
});
