import type { InboxClaim } from '../interfaces/inbox-store.interface.js';
import { inboxStoreContract } from '../testing/inbox-store-contract.js';
import { MemoryInboxStore } from './memory-inbox-store.js';

inboxStoreContract('MemoryInboxStore', () => new MemoryInboxStore());

const claim = (key: string, subject?: string): InboxClaim => ({
  queue: 'q',
  key,
  token: `t-${key}`,
  ...(subject !== undefined && { subject }),
});

describe('MemoryInboxStore', () => {
  it('holds for one process', () => {
    expect(new MemoryInboxStore().isShared).toBe(false);
  });

  it.each([0, 1.5, -1, NaN, 10_000_001])('refuses a bound of %p', maxEntries => {
    expect(() => new MemoryInboxStore({ maxEntries })).toThrow(RangeError);
  });

  it('forgets what was done longest ago when it is full', () => {
    const store = new MemoryInboxStore({ maxEntries: 3 });
    for (const key of ['a', 'b', 'c', 'd']) {
      store.claim(claim(key), 1_000);
      store.done(claim(key), { rememberForMs: 1_000 });
    }
    expect(store.size).toBe(3);
    expect(store.claim({ ...claim('b'), token: 'x' }, 1_000)).toEqual({ status: 'done' });
    expect(store.claim({ ...claim('a'), token: 'x' }, 1_000)).toEqual({ status: 'claimed', attempt: 1 });
  });

  it('never forgets what is in work', () => {
    const store = new MemoryInboxStore({ maxEntries: 1 });
    store.claim(claim('held'), 1_000);
    for (const key of ['a', 'b', 'c']) {
      store.claim(claim(key), 1_000);
      store.done(claim(key), { rememberForMs: 1_000 });
    }
    expect(store.claim({ ...claim('held'), token: 'x' }, 1_000)).toMatchObject({ status: 'in-work' });
    expect(store.done(claim('held'), { rememberForMs: 1_000 })).toBe(true);
  });

  it('knows when a lease ends, to the millisecond', () => {
    let now = 0;
    const store = new MemoryInboxStore({ now: () => now });
    store.claim(claim('a'), 1_000);
    now = 999;
    expect(store.claim({ ...claim('a'), token: 'x' }, 1_000)).toEqual({ status: 'in-work', retryAfterMs: 1 });
    now = 1_000;
    expect(store.claim({ ...claim('a'), token: 'x' }, 1_000)).toEqual({ status: 'claimed', attempt: 2 });
  });

  it('accepts what was finished after its lease as long as nobody has taken it over', () => {
    let now = 0;
    const store = new MemoryInboxStore({ now: () => now });
    store.claim(claim('a', 's'), 1_000);
    now = 5_000;
    expect(store.done(claim('a', 's'), { rememberForMs: 1_000, position: '1' })).toBe(true);
  });
});
