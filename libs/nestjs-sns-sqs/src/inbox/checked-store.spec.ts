import { jest } from '@jest/globals';
import type { SteeringStore } from '../interfaces/steering-store.interface.js';
import { CheckedStore } from './checked-store.js';
import { MemoryInboxStore } from './memory-inbox-store.js';

const claim = { queue: 'q', key: 'k', token: 't' };
const LIMIT = { messages: 10, perSeconds: 1 };
const never = new Promise<never>(() => undefined);

/** A store in memory with a method of the user's own in its place. */
const storeWith = (methods: Record<string, () => unknown>): CheckedStore =>
  new CheckedStore(Object.assign(new MemoryInboxStore(), methods));

const call = (store: CheckedStore, method: string): Promise<unknown> =>
  Promise.resolve().then(() => {
    switch (method) {
      case 'claim':
        return store.claim(claim, 1_000);
      case 'renew':
        return store.renew([claim, claim], 1_000);
      case 'done':
        return store.done(claim, { rememberForMs: 1 });
      case 'putOff':
        return store.putOff?.({ queue: 'q', key: 'k', place: 'p', handle: 'h', forMs: 1 });
      case 'callIn':
        return store.callIn?.('q', ['p']);
      case 'takeRate':
        return store.steering?.takeRate('q', 3, LIMIT);
      case 'takeTurn':
        return store.steering?.takeTurn('q', 'k', LIMIT, false);
      default:
        return store.release(claim, 'failed');
    }
  });

const claimed = { status: 'claimed', attempt: 1 };
const UNFIT: Array<[string, unknown]> = [
  ['claim', undefined],
  ['claim', null],
  ['claim', 'claimed'],
  ['claim', { status: 'taken' }],
  ['claim', { status: 'claimed' }],
  ['claim', { status: 'claimed', attempt: '1' }],
  ['claim', { status: 'claimed', attempt: NaN }],
  ['claim', { status: 'claimed', attempt: 0 }],
  ['claim', { status: 'in-work' }],
  ['claim', { ...claimed, position: 'seven' }],
  ['claim', { ...claimed, position: 7 }],
  ['claim', { ...claimed, gap: { lowest: '' } }],
  ['claim', { ...claimed, sinceFirstMs: 'long' }],
  ['renew', undefined],
  ['renew', [true]],
  ['renew', [1, 0]],
  ['done', undefined],
  ['done', 1],
  ['putOff', undefined],
  ['putOff', { isInWork: 1, isSubjectInWork: 0 }],
  ['callIn', undefined],
  ['callIn', [7]],
  ['takeRate', undefined],
  ['takeRate', { granted: Infinity, retryAfterMs: 0 }],
  ['takeRate', { granted: 4, retryAfterMs: 0 }],
  ['takeRate', { granted: 0 }],
  ['takeTurn', NaN],
  ['takeTurn', -1],
];

const withMethod = (method: string, answer: () => unknown): CheckedStore => {
  if (!method.startsWith('take')) return storeWith({ [method]: answer });
  class Own extends MemoryInboxStore {
    readonly steering = { [method]: answer } as unknown as SteeringStore;
  }
  return new CheckedStore(new Own());
};

describe('a store as the library calls it', () => {
  it.each(UNFIT)('refuses an answer of %s() that its interface does not have: %j', async (method, answer) => {
    const text = new RegExp(`answer of its ${method}\\(\\) (is|has) `);
    await expect(
      call(
        withMethod(method, () => answer),
        method,
      ),
    ).rejects.toThrow(text);
    await expect(
      call(
        withMethod(method, () => Promise.resolve(answer)),
        method,
      ),
    ).rejects.toThrow(text);
  });

  it.each<[string, unknown]>([
    ['claim', { status: 'done' }],
    ['claim', { status: 'subject-in-work', retryAfterMs: 1 }],
    ['claim', { ...claimed, sinceFirstMs: null, position: '0', gap: { waitedMs: -1, lowest: '2', lowestSeenMs: 0 } }],
    ['renew', [true, false]],
    ['done', false],
    ['putOff', { isInWork: false, isSubjectInWork: true, position: '9'.repeat(40) }],
    ['callIn', []],
    ['takeRate', { granted: 3, retryAfterMs: 0 }],
    ['takeTurn', 0],
    ['release', undefined],
  ])('gives what %s() answers: %j', async (method, answer) => {
    expect(
      await call(
        withMethod(method, () => answer),
        method,
      ),
    ).toEqual(answer);
    // As some clients of databases give it.
    const thenable: unknown = Object.defineProperty({}, String('then'), {
      value: (resolve: (value: unknown) => void) => resolve(answer),
    });
    expect(
      await call(
        withMethod(method, () => thenable),
        method,
      ),
    ).toEqual(answer);
  });

  it.each(['claim', 'renew', 'done', 'release', 'putOff', 'callIn', 'takeRate', 'takeTurn'])(
    'takes a %s() that is never answered for failed, and leaves no timer',
    async method => {
      jest.useFakeTimers();
      try {
        const refused = call(
          withMethod(method, () => never),
          method,
        ).catch((error: Error) => error.message);
        await jest.advanceTimersByTimeAsync(10_001);
        expect(await refused).toBe(`its ${method}() has not answered within 10000 ms`);
        expect(jest.getTimerCount()).toBe(0);
      } finally {
        jest.useRealTimers();
      }
    },
  );

  it('has what the store has: its name, and what is optional', () => {
    const bare = storeWith({});
    expect(bare.name).toBe('MemoryInboxStore');
    expect(bare).toMatchObject({ isShared: false, doneIn: undefined, steering: undefined });
    const poor = new CheckedStore(Object.assign(new MemoryInboxStore(), { putOff: undefined, callIn: undefined }));
    expect(poor).toMatchObject({ putOff: undefined, callIn: undefined });
  });
});
