import { jest } from '@jest/globals';
import { Inbox, type InboxRules } from './inbox.js';
import { MemoryInboxStore } from './memory-inbox-store.js';
import { StoreHealth } from './store-health.js';

const LEASE_MS = 30_000;
const pass = (ms: number): void => void (clock.now += ms);

const clock = { now: 0 };
/** A store that several processes share, or one of its own. */
const storeOf = (): MemoryInboxStore => new MemoryInboxStore({ now: () => clock.now });

function inboxOf(rules: Partial<InboxRules> = {}, store = storeOf()) {
  const health = new StoreHealth({
    queue: 'q',
    store,
    onUnavailable: 'wait',
    logger: { warn: () => undefined },
    onFault: () => undefined,
    onRecovery: () => undefined,
  });
  const inbox = new Inbox({
    queue: 'q',
    store,
    health,
    rules: {
      ordering: 'none',
      gapTimeoutMs: 60_000,
      onGapTimeout: 'dead-letter',
      onInvalidSequence: 'dead-letter',
      leaseMs: LEASE_MS,
      rememberForMs: 3_600_000,
      ...rules,
    },
    now: () => clock.now,
    pause: () => Promise.resolve(),
  });
  const woken: string[] = [];
  let isAlive = true;
  const waking = { isAccepted: true };
  inbox.onWake = handles => {
    // One that has died leaves its answer unread.
    if (!isAlive) return new Promise(() => undefined);
    woken.push(...handles);
    return Promise.resolve(waking.isAccepted);
  };
  const die = (): void => {
    isAlive = false;
    health.stop();
  };
  const admit = (source: string, id: string, subject?: string, sequence?: number) =>
    inbox.admit({
      metadata: {
        id,
        source,
        type: 't',
        ...(subject !== undefined && { subject }),
        ...(sequence !== undefined && { sequence: String(sequence) }),
      },
      data: undefined,
    });
  /** Admits an event and, if it may run, handles it well. */
  const handle = async (source: string, id: string, subject?: string, sequence?: number) => {
    const admission = await admit(source, id, subject, sequence);
    if (admission.kind === 'run' && admission.claim) await inbox.finish(admission.claim, () => false);
    return admission.kind === 'skip' || admission.kind === 'wait' ? admission.why : admission.kind;
  };
  /** Admits an event that has to wait, and notes that SQS has hidden it. */
  const putOff = async (id: string, sequence?: number, subject = 'u') => {
    const admission = await admit('s', id, sequence === undefined ? undefined : subject, sequence);
    if (admission.kind !== 'wait' || !('claim' in admission)) throw new Error(`it does not wait: ${admission.kind}`);
    return {
      why: admission.why,
      isToBeHidden: () => inbox.announcePutOff(admission.claim, admission.why, `handle of ${id}`, 60),
      isHidden: () => inbox.putOff(admission.claim, admission.why, `handle of ${id}`, 60),
    };
  };
  return { inbox, store, admit, handle, putOff, woken, waking, die };
}

describe('what makes two subjects the same', () => {
  it.each(['latest', 'sequential'] as const)('is the source too: %s', async ordering => {
    const { handle } = inboxOf({ ordering });
    expect(await handle('users', 'e1', '42', 2)).toBe('run');
    expect(await handle('orders', 'e1', '42', 1)).toBe('run');
    expect(await handle('users', 'e0', '42', 1)).toBe('older');
    expect(await handle('orders', 'e2', '42', 2)).toBe('run');
  });

  it('lets the same subject of two sources be in work at once', async () => {
    const { admit } = inboxOf({ ordering: 'sequential' });
    expect(await admit('users', 'e1', '42', 1)).toMatchObject({ kind: 'run' });
    expect(await admit('orders', 'e1', '42', 1)).toMatchObject({ kind: 'run' });
    expect(await admit('users', 'e2', '42', 2)).toMatchObject({ kind: 'wait', why: 'subject-in-work' });
  });
});

describe('a subject of which the store knows nothing', () => {
  it.each(['dead-letter', 'wait', 'proceed'] as const)(
    "starts again after gapTimeoutMs with the lowest that waits, and goes on from there: '%s'",
    async onGapTimeout => {
      const { handle } = inboxOf({ ordering: 'sequential', startAt: 1, onGapTimeout });
      expect(await handle('s', 'e8', 'u', 8)).toBe('early');
      expect(await handle('s', 'e7', 'u', 7)).toBe('early');
      pass(60_000);
      expect(await handle('s', 'e8', 'u', 8)).toBe('early');
      expect(await handle('s', 'e7', 'u', 7)).toBe('run');
      expect(await handle('s', 'e8', 'u', 8)).toBe('run');
      expect(await handle('s', 'e9', 'u', 9)).toBe('run');
      expect(await handle('s', 'e6', 'u', 6)).toBe('older');
    },
  );

  it('runs at once without startAt', async () => {
    const { handle } = inboxOf({ ordering: 'sequential' });
    expect(await handle('s', 'e8', 'u', 8)).toBe('run');
  });
});

describe('a claim whose answer was lost', () => {
  it('is taken back: the next process runs the event at once, as its first attempt', async () => {
    const store = storeOf();
    const [one, other] = [inboxOf({}, store), inboxOf({}, store)];
    const claim = store.claim.bind(store);
    jest.spyOn(store, 'claim').mockImplementationOnce((...args) => {
      claim(...args);
      return Promise.reject(new Error('the answer is lost')) as never;
    });
    expect(await one.admit('s', 'e')).toEqual({ kind: 'wait', why: 'unavailable' });
    expect(await other.admit('s', 'e')).toMatchObject({ kind: 'run', attempt: 1 });
  });
});

describe('a message that waits for its turn', () => {
  const sequential = { ordering: 'sequential', startAt: 1 } as const;

  it('is woken when the one before it is done, and no other', async () => {
    const { handle, putOff, woken } = inboxOf(sequential);
    for (const n of [4, 3, 2]) await (await putOff(`e${n}`, n)).isHidden();
    expect(woken).toEqual([]);
    await handle('s', 'e1', 'u', 1);
    expect(woken).toEqual(['handle of e2']);
    await handle('s', 'e2', 'u', 2);
    expect(woken).toEqual(['handle of e2', 'handle of e3']);
  });

  it('is woken by another process than the one that put it off', async () => {
    const store = storeOf();
    const [one, other] = [inboxOf(sequential, store), inboxOf(sequential, store)];
    await (await one.putOff('e2', 2)).isHidden();
    await other.handle('s', 'e1', 'u', 1);
    expect([one.woken, other.woken]).toEqual([[], ['handle of e2']]);
  });

  it('is woken as it is hidden when its turn has come since it was claimed', async () => {
    const { handle, putOff, woken } = inboxOf(sequential);
    const early = await putOff('e2', 2);
    await handle('s', 'e1', 'u', 1);
    expect(woken).toEqual([]);
    await early.isHidden();
    expect(woken).toEqual(['handle of e2']);
  });

  it('is woken by the end of a look that was in its way', async () => {
    const { admit, inbox, handle, putOff, woken } = inboxOf(sequential);
    await handle('s', 'e1', 'u', 1);
    // An early event holds the subject for as long as it is looked at.
    const claims = inbox['claims'];
    const release = claims.release.bind(claims);
    let look: Promise<unknown> | undefined;
    claims.release = async (...args) => {
      const next = await putOff('e2', 2);
      expect(next.why).toBe('subject-in-work');
      await next.isHidden();
      expect(woken).toEqual([]);
      claims.release = release;
      look = release(...args);
      await look;
    };
    expect(await admit('s', 'e4', 'u', 4)).toMatchObject({ kind: 'wait', why: 'early' });
    expect(woken).toEqual(['handle of e2']);
  });

  it.each(['done', 'failed', 'dead-lettered'] as const)(
    'is woken as a duplicate of what was long in work when that is %s',
    async end => {
      const { admit, inbox, putOff, woken } = inboxOf();
      const first = await admit('s', 'e');
      if (first.kind !== 'run' || !first.claim) throw new Error('it does not run');
      pass(LEASE_MS / 2);
      const duplicate = await putOff('e');
      expect(duplicate.why).toBe('in-work');
      await duplicate.isHidden();
      if (end === 'done') await inbox.finish(first.claim, () => true);
      else await inbox.release(first.claim, end);
      expect(woken).toEqual(['handle of e']);
    },
  );

  it('latest: is woken when the other event of its subject has ended', async () => {
    const { admit, inbox, putOff, woken } = inboxOf({ ordering: 'latest' });
    const first = await admit('s', 'e1', 'u', 1);
    if (first.kind !== 'run' || !first.claim) throw new Error('it does not run');
    await (await putOff('e2', 2)).isHidden();
    await inbox.release(first.claim, 'failed');
    expect(woken).toEqual(['handle of e2']);
  });

  describe('in a store that processes share', () => {
    const AGAIN_MS = 2_000;
    const sharedStore = (): MemoryInboxStore => Object.defineProperty(storeOf(), 'isShared', { value: true });

    const hidden = async (early: {
      isToBeHidden: () => Promise<void>;
      isHidden: () => Promise<void>;
    }): Promise<void> => {
      await early.isToBeHidden();
      await early.isHidden();
    };

    beforeEach(() => void jest.useFakeTimers());
    afterEach(() => void jest.useRealTimers());

    it('is woken by the duplicate of the one before it where the process that was to wake it died', async () => {
      const store = sharedStore();
      const [dying, other] = [inboxOf(sequential, store), inboxOf(sequential, store)];
      await hidden(await other.putOff('e2', 2));
      dying.die();
      await dying.handle('s', 'e1', 'u', 1);
      expect(other.woken).toEqual([]);
      expect(await other.handle('s', 'e1', 'u', 1)).toBe('duplicate');
      await jest.advanceTimersByTimeAsync(AGAIN_MS);
      expect(other.woken).toEqual(['handle of e2']);
    });

    it('is woken soon after another copy of it is done where the process that was to wake both died', async () => {
      const store = sharedStore();
      const [dying, other] = [inboxOf(sequential, store), inboxOf(sequential, store)];
      await hidden(await other.putOff('e2', 2));
      dying.die();
      await dying.handle('s', 'e1', 'u', 1);
      expect(await other.handle('s', 'e2', 'u', 2)).toBe('run');
      await jest.advanceTimersByTimeAsync(AGAIN_MS);
      expect(other.woken).toEqual(['handle of e2']);
    });

    it('is woken soon after the one before it where the process that hid it died before it noted that', async () => {
      const store = sharedStore();
      const [dying, other] = [inboxOf(sequential, store), inboxOf(sequential, store)];
      await (await dying.putOff('e2', 2)).isToBeHidden();
      await other.handle('s', 'e1', 'u', 1);
      expect(other.woken).toEqual([]);
      await jest.advanceTimersByTimeAsync(AGAIN_MS);
      expect(other.woken).toEqual(['handle of e2']);
    });

    it('is woken for each of many subjects', async () => {
      const { handle, putOff, woken } = inboxOf(sequential, sharedStore());
      const subjects = Array.from({ length: 1_200 }, (_, n) => `u${n}`);
      for (const subject of subjects) await (await putOff(`e2-${subject}`, 2, subject)).isToBeHidden();
      for (const subject of subjects) await handle('s', `e1-${subject}`, subject, 1);
      await jest.advanceTimersByTimeAsync(AGAIN_MS);
      expect(new Set(woken).size).toBe(subjects.length);
    });

    it('is not woken twice by a duplicate of the one before it', async () => {
      const { handle, putOff, woken } = inboxOf(sequential, sharedStore());
      await hidden(await putOff('e2', 2));
      await handle('s', 'e1', 'u', 1);
      expect(await handle('s', 'e1', 'u', 1)).toBe('duplicate');
      await jest.advanceTimersByTimeAsync(10 * AGAIN_MS);
      expect(woken).toEqual(['handle of e2']);
    });

    it('is woken again where SQS did not accept the first wake', async () => {
      const { handle, putOff, woken, waking } = inboxOf(sequential, sharedStore());
      await hidden(await putOff('e2', 2));
      waking.isAccepted = false;
      await handle('s', 'e1', 'u', 1);
      await handle('s', 'e1', 'u', 1);
      await jest.advanceTimersByTimeAsync(AGAIN_MS);
      expect(woken).toEqual(['handle of e2', 'handle of e2']);
    });

    it.each(['before', 'after'] as const)('is woken once the store is back that failed %s its effect', async when => {
      const { handle, putOff, woken, store } = inboxOf(sequential, sharedStore());
      await hidden(await putOff('e2', 2));
      const callIn = store.callIn.bind(store);
      const away = jest.spyOn(store, 'callIn').mockImplementation((queue, places) => {
        if (when === 'after') callIn(queue, places);
        return Promise.reject(new Error('away')) as never;
      });
      await handle('s', 'e1', 'u', 1);
      await jest.advanceTimersByTimeAsync(AGAIN_MS / 2);
      away.mockRestore();
      await jest.advanceTimersByTimeAsync(AGAIN_MS);
      expect(woken).toEqual(['handle of e2']);
    });

    it('is woken at once, and not in a while, where its process closes', async () => {
      const store = sharedStore();
      const [dying, other] = [inboxOf(sequential, store), inboxOf(sequential, store)];
      await hidden(await other.putOff('e2', 2));
      dying.die();
      await dying.handle('s', 'e1', 'u', 1);
      await other.handle('s', 'e1', 'u', 1);
      await other.inbox.idle();
      expect(other.woken).toEqual(['handle of e2']);
      await jest.advanceTimersByTimeAsync(AGAIN_MS);
      expect(jest.getTimerCount()).toBe(0);
    });
  });

  it('costs nothing where nobody can wait: no call beside claim and done', async () => {
    const { handle, store } = inboxOf();
    const calls = jest.spyOn(store, 'callIn');
    await handle('s', 'e');
    expect(calls).not.toHaveBeenCalled();
  });

  it('waits for its delay where a call of the room fails, and nothing else does', async () => {
    const { handle, putOff, woken, store } = inboxOf(sequential);
    await (await putOff('e2', 2)).isHidden();
    jest.spyOn(store, 'callIn').mockImplementation(() => {
      throw new Error('away');
    });
    expect(await handle('s', 'e1', 'u', 1)).toBe('run');
    jest.spyOn(store, 'putOff').mockImplementation(() => {
      throw new Error('away');
    });
    await (await putOff('e3', 3)).isHidden();
    expect(woken).toEqual([]);
  });

  it('is remembered as done for as long as its duplicates may wait', async () => {
    const { handle } = inboxOf({ rememberForMs: 1 });
    await handle('s', 'e');
    pass(LEASE_MS + 119_000);
    expect(await handle('s', 'e')).toBe('duplicate');
  });
});
