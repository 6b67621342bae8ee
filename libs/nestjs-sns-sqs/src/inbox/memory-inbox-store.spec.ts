import type { InboxClaim } from '../interfaces/inbox-store.interface.js';
import { inboxStoreContract } from '../testing/inbox-store-contract.js';
import { MemoryInboxStore } from './memory-inbox-store.js';
import { EVENT_ID } from './memory-records.js';

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

  it('takes a copy of a claim that names another queue or key for another event', () => {
    const store = new MemoryInboxStore();
    const own = { ...claim('a'), [EVENT_ID]: undefined };
    store.claim(own, 1_000);
    expect(store.done(own, { rememberForMs: 1_000 })).toBe(true);
    expect(own[EVENT_ID]).toEqual({ id: 'q a', queue: 'q', key: 'a' });
    for (const other of [
      { ...own, queue: 'p' },
      { ...own, key: 'b' },
      { ...own, queue: 'q b' },
    ]) {
      expect(store.claim(other, 1_000)).toEqual({ status: 'claimed', attempt: 1 });
    }
    expect(store.claim({ ...own, token: 'x' }, 1_000)).toEqual({ status: 'done' });
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

  const finish = (store: MemoryInboxStore, key: string, subject: string, position: string): void => {
    store.claim(claim(key, subject), 1_000);
    store.done(claim(key, subject), { rememberForMs: 1_000, position });
  };
  const positionOf = (store: MemoryInboxStore, subject: string): string | undefined => {
    const looking = { ...claim(`look-${subject}`, subject), token: `look-${subject}` };
    const result = store.claim(looking, 1_000);
    store.release(looking, 'unstarted');
    return result.status === 'claimed' ? result.position : result.status;
  };

  it('forgets the position of the subject that was not used for longest, not of the one that was met first', () => {
    const store = new MemoryInboxStore({ maxEntries: 2 });
    finish(store, 'a', 'first', '1');
    finish(store, 'b', 'second', '2');
    expect(positionOf(store, 'first')).toBe('1');
    finish(store, 'c', 'third', '3');
    expect([positionOf(store, 'first'), positionOf(store, 'third')]).toEqual(['1', '3']);
    expect(positionOf(store, 'second')).toBeUndefined();
  });

  it('never forgets a subject whose event is in work, or for which events wait', () => {
    const forgotten: string[] = [];
    const store = new MemoryInboxStore({ maxEntries: 2, onForget: what => forgotten.push(what) });
    for (const subject of ['held', 'gap']) finish(store, `${subject}-1`, subject, '1');
    store.claim(claim('held-2', 'held'), 1_000);
    store.claim(claim('gap-3', 'gap'), 1_000);
    store.release(claim('gap-3', 'gap'), 'unstarted', '3');
    for (let n = 0; n < 50; n += 1) finish(store, `other-${n}`, `other-${n}`, '7');
    expect(store.done(claim('held-2', 'held'), { rememberForMs: 1_000, position: '2' })).toBe(true);
    expect(positionOf(store, 'gap')).toBe('1');
    expect(new Set(forgotten)).toEqual(new Set(['event', 'position']));
  });

  it('keeps no record of what was released without having been run', () => {
    const store = new MemoryInboxStore();
    store.claim(claim('a', 's'), 1_000);
    store.release(claim('a', 's'), 'unstarted');
    expect(store.size).toBe(0);
  });

  it('makes room in a few looks, however many are in use', () => {
    const store = new MemoryInboxStore({ maxEntries: 1 });
    for (let n = 0; n < 2_000; n += 1) store.claim(claim(`held-${n}`), 1_000_000);
    // CPU time: the machine may be busy.
    const started = process.cpuUsage();
    for (let n = 0; n < 2_000; n += 1) finish(store, `done-${n}`, 's', '1');
    expect(process.cpuUsage(started).user / 1_000).toBeLessThan(1_000);
    expect(store.done(claim('held-0'), { rememberForMs: 1_000 })).toBe(true);
  });

  it('knows when a lease ends, to the millisecond', () => {
    let now = 0;
    const store = new MemoryInboxStore({ now: () => now });
    store.claim(claim('a'), 1_000);
    now = 999;
    expect(store.claim({ ...claim('a'), token: 'x' }, 1_000)).toEqual({ status: 'in-work', retryAfterMs: 1 });
    now = 1_000;
    expect(store.claim({ ...claim('a'), token: 'x' }, 1_000)).toEqual({
      status: 'claimed',
      attempt: 2,
      isTakenOver: true,
      sinceFirstMs: 1_000,
      deaths: 1,
    });
  });

  it('accepts what was finished after its lease as long as nobody has taken it over', () => {
    let now = 0;
    const store = new MemoryInboxStore({ now: () => now });
    store.claim(claim('a', 's'), 1_000);
    now = 5_000;
    expect(store.done(claim('a', 's'), { rememberForMs: 1_000, position: '1' })).toBe(true);
  });
});
