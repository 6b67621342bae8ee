import { Message } from '../message.js';
import { FifoShelf } from './fifo-shelf.js';

/** A shelf, and its messages by name: the first letter is the group. */
function rig(names: string, delayed = '') {
  const shelf = new FifoShelf();
  const messages = new Map<string, Message>();
  const add = (body: string): void => {
    const content = { id: body, body, bodyMd5: '', senderId: '', delayMs: 0, groupId: body[0] };
    const message = new Message(content, { becomeReady: () => undefined }, messages.size + 1, 0, 0);
    if (delayed.includes(body)) message.state = 'delayed';
    messages.set(body, message);
    shelf.add(message);
  };
  for (const name of names.split(' ')) add(name);
  const get = (name: string): Message => {
    const message = messages.get(name);
    if (!message) throw new Error(`no ${name}`);
    return message;
  };
  const take = (max = 10, admit: (message: Message) => boolean = () => true): string =>
    shelf
      .take(max, admit)
      .map(({ content }) => content.body)
      .join(' ');
  return { shelf, get, add, take };
}

describe('FifoShelf (using-messagegroupid-property)', () => {
  it('gives out several of one group in one receive, in order', () => {
    expect(rig('a1 a2 a3').take()).toBe('a1 a2 a3');
  });

  it('gives out no more of a group behind those that are in flight', () => {
    const { shelf, get, take } = rig('a1 a2 a3 b1');
    expect(take(2)).toBe('a1 a2');
    expect(take()).toBe('b1');
    shelf.remove(get('a1'));
    expect(take()).toBe('');
    shelf.remove(get('a2'));
    expect(take()).toBe('a3');
  });

  it('fills a receive from several groups', () => {
    expect(rig('a1 b1 a2 b2').take(3)).toBe('a1 a2 b1');
  });

  it('gives a message that returns before those behind it', () => {
    const { shelf, get, take } = rig('a1 a2');
    take(1);
    shelf.release(get('a1'));
    expect(take()).toBe('a1 a2');
  });

  it('restores the order of messages that return in another', () => {
    const { shelf, get, take } = rig('a1 a2 a3 a4');
    take(3);
    for (const name of ['a3', 'a1', 'a2']) shelf.release(get(name));
    expect(take()).toBe('a1 a2 a3 a4');
  });

  it('gives one that returned although a later one is in flight, and nothing behind that one', () => {
    const { shelf, get, take } = rig('a1 a2 a3');
    take(2);
    shelf.release(get('a1'));
    expect(take()).toBe('a1');
    shelf.remove(get('a1'));
    expect(take()).toBe('');
    shelf.remove(get('a2'));
    expect(take()).toBe('a3');
  });

  it('gives several that returned, up to the first that is in flight', () => {
    const { shelf, get, take } = rig('a1 a2 a3 a4 a5');
    take(4);
    for (const name of ['a2', 'a1', 'a4']) shelf.release(get(name));
    expect(take()).toBe('a1 a2');
    shelf.remove(get('a3'));
    expect(take()).toBe('');
    shelf.remove(get('a2'));
    expect(take()).toBe('');
    shelf.remove(get('a1'));
    expect(take()).toBe('a4 a5');
  });

  it('holds back what is behind a delayed message, in its group only', () => {
    const { shelf, get, take } = rig('a1 a2 b1', 'a1');
    expect(take()).toBe('b1');
    shelf.release(get('a1'));
    expect(take()).toBe('a1 a2');
  });

  it('goes on behind a delayed message that is removed', () => {
    const { shelf, get, take } = rig('a1 a2', 'a1');
    shelf.remove(get('a1'));
    expect(take()).toBe('a2');
  });

  it('does not let a group with many messages starve the others', () => {
    const { shelf, get, take } = rig('a1 a2 a3 b1');
    expect(take(1)).toBe('a1');
    expect(take(1)).toBe('b1');
    shelf.remove(get('a1'));
    shelf.remove(get('b1'));
    expect(take(1)).toBe('a2');
  });

  it('skips a head that leaves the queue on its way out, and gives the next', () => {
    const { shelf, take } = rig('a1 a2');
    const admit = (message: Message): boolean => {
      if (message.content.body !== 'a1') return true;
      shelf.remove(message);
      return false;
    };
    expect(take(1, admit)).toBe('a2');
    expect(shelf.hasReady).toBe(false);
  });

  it('serves a group again that was empty', () => {
    const { shelf, get, add, take } = rig('a1');
    take();
    shelf.remove(get('a1'));
    add('a2');
    expect(shelf.first?.content.body).toBe('a2');
    expect(take()).toBe('a2');
  });
});
