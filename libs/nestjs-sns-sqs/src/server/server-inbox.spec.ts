import { jest } from '@jest/globals';
import { settingsOf } from '../../test/consumer.js';
import { Inbox } from '../inbox/inbox.js';
import { MemoryInboxStore } from '../inbox/memory-inbox-store.js';
import type { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { InboxStore } from '../interfaces/inbox-store.interface.js';
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

  it.each<[string, () => unknown, RegExp]>([
    ['never answers', () => new Promise(() => undefined), /claim\(\) has not answered within 10000 ms/],
    ['answers with nothing', () => undefined, /answer of its claim\(\) is no object/],
    ['answers later with nothing', () => Promise.resolve(), /answer of its claim\(\) is no object/],
    ['answers something else', () => Promise.resolve({ status: 'taken' }), /has a `status` that no claim has/],
    [
      'throws',
      () => {
        throw 'not even an error';
      },
      /not even an error/,
    ],
  ])(
    'lets messages wait, says why once, and ends its start, where a store of the user %s',
    async (_, claim, reason) => {
      const faults: SnsSqsError[] = [];
      const store = Object.assign(new MemoryInboxStore(), { claim }) as InboxStore;
      const inbox = new ServerInbox({
        store,
        onUnavailable: 'wait',
        logger: { warn: jest.fn() },
        onFault: (_queue, error) => faults.push(error),
        onRecovery: jest.fn(),
      });
      const health = inbox.healthOf('q', false);
      const rules = { ...settingsOf(false), leaseMs: 30_000, rememberForMs: 1_000 };
      const consumed = new Inbox({ queue: 'q', store: inbox.store, health, rules });
      const event = { metadata: { id: 'e', source: 's', type: 't' }, data: undefined };
      const admitted = consumed.admit(event);
      await jest.advanceTimersByTimeAsync(10_001);
      expect(await admitted).toEqual({ kind: 'wait', why: 'unavailable' });
      const checked = inbox.check();
      await jest.advanceTimersByTimeAsync(60_000);
      await checked;
      expect(faults.map(({ message }) => message)).toEqual([expect.stringMatching(reason)]);
      expect(health.isPaused).toBe(true);
      await inbox.close();
      expect(jest.getTimerCount()).toBe(0);
    },
  );
});
