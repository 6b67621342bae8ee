import { jest } from '@jest/globals';
import type { InboxStore } from '../interfaces/inbox-store.interface.js';
import { MemoryInboxStore } from './memory-inbox-store.js';
import { useStore } from './store-users.js';

function storeOf() {
  const close = jest.fn();
  return { store: Object.assign<InboxStore, object>(new MemoryInboxStore(), { close }), close };
}

describe('a store that is given to several servers', () => {
  it('is closed by the last of them, whatever the order', async () => {
    const { store, close } = storeOf();
    const [first, second] = [useStore(store), useStore(store)];
    await second();
    expect(close).not.toHaveBeenCalled();
    await first();
    expect(close).toHaveBeenCalledTimes(1);
  });

  it('is not closed by one server that closes twice', async () => {
    const { store, close } = storeOf();
    const [first] = [useStore(store), useStore(store)];
    await Promise.all([first(), first()]);
    expect(close).not.toHaveBeenCalled();
  });

  it('is closed again when it was given to a server after the others had closed', async () => {
    const { store, close } = storeOf();
    await useStore(store)();
    await useStore(store)();
    expect(close).toHaveBeenCalledTimes(2);
  });

  it('tells each who ends it that closing failed', async () => {
    const { store, close } = storeOf();
    close.mockImplementation(() => {
      throw new Error('no');
    });
    const end = useStore(store);
    await expect(end()).rejects.toThrow('no');
    await expect(end()).rejects.toThrow('no');
  });
});
