import { jest } from '@jest/globals';
import { MemoryInboxStore } from '../inbox/memory-inbox-store.js';
import { forgetting, ServerInbox } from './server-inbox.js';

describe('a store in memory that is full', () => {
  it('says so with the counts, once a minute', () => {
    let now = 0;
    const logger = { warn: jest.fn<(text: string) => void>() };
    const store = new MemoryInboxStore({ maxEntries: 2, onForget: forgetting(logger, () => now), now: () => now });
    const handle = (key: string): void => {
      const claim = { queue: 'q', key, token: key, subject: key };
      store.claim(claim, 1_000);
      store.done(claim, { rememberForMs: 1_000_000, position: '1' });
    };
    for (const key of ['a', 'b', 'c', 'd']) handle(key);
    expect(logger.warn).toHaveBeenCalledTimes(1);
    expect(logger.warn.mock.lastCall?.[0]).toContain('forgotten 1 handled event(s)');
    now = 60_000;
    handle('e');
    expect(logger.warn).toHaveBeenCalledTimes(2);
    expect(logger.warn.mock.lastCall?.[0]).toMatch(/forgotten 3 handled event\(s\) and [23] position\(s\)/);
  });
});

describe('the inbox of a server', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it.each<[string, () => Promise<void>]>([
    [
      'throws',
      () =>
        (() => {
          throw new Error('on purpose');
        })(),
    ],
    ['rejects', () => Promise.reject(new Error('on purpose'))],
    ['never ends', () => new Promise(() => undefined)],
  ])('closes, and says so, though the close() of its store %s', async (_, close) => {
    const logger = { warn: jest.fn<(text: string) => void>() };
    const store = Object.assign(new MemoryInboxStore(), { close });
    const inbox = new ServerInbox({ store, onUnavailable: 'wait', logger, onFault: jest.fn(), onRecovery: jest.fn() });
    const closed = inbox.close();
    await jest.advanceTimersByTimeAsync(5_000);
    await closed;
    expect(logger.warn.mock.calls).toEqual([[expect.stringMatching(/not closed: .*(on purpose|5000 ms)/)]]);
    expect(jest.getTimerCount()).toBe(0);
  });
});
