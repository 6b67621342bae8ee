import { jest } from '@jest/globals';
import type { InboxReleaseReason } from '../interfaces/inbox-store.interface.js';
import { Claims } from './claims.js';
import { claimOf, type ClaimRules, type HeldClaim } from './held-claim.js';
import { MemoryInboxStore } from './memory-inbox-store.js';
import { WaitingRoom } from './waiting-room.js';
import { Wakers } from './wakers.js';

const LEASE_MS = 30_000;
const RULES: ClaimRules = { ordering: 'sequential', onInvalidSequence: 'proceed', startAt: 1, leaseMs: LEASE_MS };

/** A store of which calls fail, before or after their effect, and the claims of one process on it. */
function claimsOn() {
  const now = (): number => performance.now();
  const store = new MemoryInboxStore({ now });
  const release = store.release.bind(store);
  const failing = { release: 0 };
  const released: Array<[InboxReleaseReason, string | undefined, number | undefined]> = [];
  store.release = (claim, reason, gapAt, backInMs) => {
    if (failing.release > 0) {
      failing.release -= 1;
      throw new Error('the store does not answer');
    }
    released.push([reason, gapAt, backInMs]);
    return release(claim, reason, gapAt, backInMs);
  };
  const health = { failed: jest.fn(), untilAvailable: () => Promise.resolve(), isUnavailable: false, isStopped: false };
  const claims = new Claims({
    store,
    health: health as never,
    rules: { leaseMs: LEASE_MS, rememberForMs: 3_600_000 },
    room: new WaitingRoom({ queue: 'q', namespace: 'q', store, health, wakers: new Wakers('q') }),
    now,
  });
  const claimOn = (id: string, sequence: number): HeldClaim =>
    claimOf(
      { metadata: { id, source: 's', type: 't', subject: 'u', sequence: String(sequence) }, data: undefined },
      { queue: 'q', namespace: 'q' },
      RULES,
      now(),
    );
  return { claims, store, health, failing, released, claimOn };
}

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

describe('a claim that the store could not end', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('ends later, and a wait that was asked for is still none of a gap', async () => {
    const { claims, store, failing, released, claimOn } = claimsOn();
    const later = claimOn('e2', 2);
    await claims.claim(later);
    await claims.release(later, 'unstarted', '2');
    const first = claimOn('e1', 1);
    await claims.claim(first);
    failing.release = 2;
    // RetryLater, in ten minutes.
    await claims.release(first, 'unstarted', undefined, 600_000);
    await pass(2_000);
    expect(released.at(-1)).toEqual(['unstarted', undefined, 598_000]);
    await pass(298_000);
    expect(store.claim(claimOn('e2', 2), LEASE_MS)).toMatchObject({ gap: { waitedMs: -300_000 } });
  });

  it('ends later as failed too, so that what is waited for is known to come again', async () => {
    const { claims, failing, released, claimOn } = claimsOn();
    const claim = claimOn('e1', 1);
    await claims.claim(claim);
    failing.release = 1;
    await claims.release(claim, 'failed', undefined, 16_000);
    await pass(1_000);
    expect(released).toEqual([['failed', undefined, 15_000]]);
  });

  it('is forgotten when its letter is redriven: its attempts are not counted again', async () => {
    const { claims, store, failing, claimOn } = claimsOn();
    for (const reason of ['failed', 'dead-lettered'] as const) {
      const claim = claimOn('e1', 1);
      await claims.claim(claim);
      failing.release = reason === 'failed' ? 0 : 3;
      await claims.release(claim, reason);
    }
    await pass(3_000);
    expect(store.claim(claimOn('e1', 1), LEASE_MS)).toMatchObject({ status: 'claimed', attempt: 1 });
  });

  it('is ended before the next claim of this process, which else would count it', async () => {
    const { claims, store, failing, claimOn } = claimsOn();
    const lost = claimOn('e1', 1);
    // The answer was lost.
    store.claim(lost, LEASE_MS);
    failing.release = 2;
    await claims.release(lost, 'unstarted');
    const next = claimOn('e1', 1);
    expect(claims.owes(next)).toBe(true);
    await expect(claims.payOff(next)).rejects.toThrow('the store does not answer');
    expect(claims.owes(next)).toBe(true);
    await claims.payOff(next);
    expect(claims.owes(next)).toBe(false);
    expect(await claims.claim(next)).toMatchObject({ status: 'claimed', attempt: 1 });
    // Nothing comes behind it that would end this one.
    await pass(20_000);
    expect(store.renew([next], LEASE_MS)).toEqual([true]);
  });

  it('is given up when its server has stopped', async () => {
    const { claims, health, failing, released, claimOn } = claimsOn();
    const claim = claimOn('e1', 1);
    await claims.claim(claim);
    failing.release = 1;
    await claims.release(claim, 'unstarted');
    health.isStopped = true;
    await pass(5_000);
    expect(released).toEqual([]);
    expect(claims.owes(claim)).toBe(false);
    expect(jest.getTimerCount()).toBe(0);
  });
});
