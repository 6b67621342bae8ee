import { Message } from '../message.js';
import { StandardShelf } from './standard-shelf.js';

let order = 0;
const message = (body: string, state: Message['state'] = 'ready'): Message => {
  const content = { id: body, body, bodyMd5: '', senderId: '', delayMs: 0 };
  const made = new Message(content, { becomeReady: () => undefined }, ++order, 0, 0);
  made.state = state;
  return made;
};
const bodies = (messages: readonly Message[]): string[] => messages.map(({ content }) => content.body);
const all = (): boolean => true;

describe('StandardShelf', () => {
  it('gives out first what came first, up to the number asked for', () => {
    const shelf = new StandardShelf();
    for (const body of ['a', 'b', 'c']) shelf.add(message(body));
    expect(bodies(shelf.take(2, all, 0))).toEqual(['a', 'b']);
    expect(bodies(shelf.take(2, all, 0))).toEqual(['c']);
    expect(shelf.hasReady).toBe(false);
  });

  it('puts what returns behind the others', () => {
    const shelf = new StandardShelf();
    const first = message('a');
    for (const each of [first, message('b')]) shelf.add(each);
    shelf.take(1, all, 0);
    shelf.release(first);
    expect(bodies(shelf.take(10, all, 0))).toEqual(['b', 'a']);
  });

  it('keeps a delayed message back until it is released', () => {
    const shelf = new StandardShelf();
    const delayed = message('a', 'delayed');
    shelf.add(delayed);
    expect(shelf.hasReady).toBe(false);
    shelf.release(delayed);
    expect(bodies(shelf.take(1, all, 0))).toEqual(['a']);
  });

  it('skips what is taken away while it looks', () => {
    const shelf = new StandardShelf();
    for (const body of ['a', 'b']) shelf.add(message(body));
    const admit = (each: Message): boolean => {
      if (each.content.body !== 'a') return true;
      shelf.remove(each);
      return false;
    };
    const taken = shelf.take(1, admit, 0);
    expect(bodies(taken)).toEqual(['b']);
  });

  it('shuffles its first messages without losing or doubling one', () => {
    const shelf = new StandardShelf();
    const names = Array.from({ length: 30 }, (_, index) => `m-${index}`);
    for (const name of names) shelf.add(message(name));
    let state = 0;
    shelf.shuffle(() => (state = (state + 0.37) % 1));
    const order = bodies(shelf.take(30, all, 0));
    expect(order).not.toEqual(names);
    expect(order.toSorted()).toEqual(names.toSorted());
  });
});
