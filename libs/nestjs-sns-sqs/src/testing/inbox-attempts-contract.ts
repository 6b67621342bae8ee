import assert from 'node:assert/strict';
import type { InboxClaim, InboxClaimResult, InboxStore } from '../interfaces/inbox-store.interface.js';
import { isClaimed, LONG_MS, pass, SHORT_MS, until, type ContractTest } from './contract-claims.js';

/** Long enough for a few calls on a busy machine. */
const BRIEF_MS = 60;

type Claimed = InboxClaimResult & { status: 'claimed' };

async function claimedBy(store: InboxStore, claim: InboxClaim, leaseMs = LONG_MS): Promise<Claimed> {
  const result = await until(() => store.claim(claim, leaseMs), isClaimed);
  return result as Claimed;
}

/** What an `InboxStore` tells of the time and the deaths of an event's attempts, where it tells them. */
export function inboxAttemptsContract(it: ContractTest): void {
  it('tells since when an event is tried, and never more than that', async (store, claim) => {
    const [first, ...others] = [claim('a'), claim('a'), claim('a')];
    const startedAt = performance.now();
    if (first) await store.claim(first, LONG_MS);
    if (first) await store.release(first, 'failed');
    const endedAt = performance.now();
    for (const next of others) {
      await pass(BRIEF_MS);
      const passedMs = performance.now() - endedAt;
      const { sinceFirstMs } = await claimedBy(store, next);
      if (sinceFirstMs !== undefined) {
        assert.ok(sinceFirstMs > passedMs - BRIEF_MS / 2, `${sinceFirstMs} ms of ${passedMs} at least`);
        assert.ok(sinceFirstMs <= performance.now() - startedAt + 2, `${sinceFirstMs} ms are too long`);
      }
      await store.renew([next], LONG_MS);
      await store.release(next, 'failed');
    }
  });

  it('begins anew with an event that was taken back, dead-lettered or done', async (store, claim) => {
    for (const reason of ['unstarted', 'dead-lettered'] as const) {
      const [first, second, third] = [claim(reason), claim(reason), claim(reason)];
      await store.claim(first, LONG_MS);
      await store.release(first, reason);
      await pass(BRIEF_MS);
      const startedAt = performance.now();
      await store.claim(second, LONG_MS);
      await store.release(second, 'failed');
      const { attempt, sinceFirstMs = 0 } = await claimedBy(store, third);
      assert.equal(attempt, 2);
      assert.ok(sinceFirstMs <= performance.now() - startedAt + 2, `${sinceFirstMs} ms after ${reason}`);
    }
  });

  it('keeps the time when only a later attempt is taken back', async (store, claim) => {
    const [first, second, third] = [claim('a'), claim('a'), claim('a')];
    await store.claim(first, LONG_MS);
    await store.release(first, 'failed');
    await pass(BRIEF_MS);
    await store.claim(second, LONG_MS);
    await store.release(second, 'unstarted');
    const { attempt, sinceFirstMs = BRIEF_MS } = await claimedBy(store, third);
    assert.equal(attempt, 2);
    assert.ok(sinceFirstMs > BRIEF_MS / 2, `${sinceFirstMs} ms`);
  });

  it('counts claims that were never ended, also when an attempt is taken back', async (store, claim) => {
    const [first, second, third, fourth, fifth] = [claim('a'), claim('a'), claim('a'), claim('a'), claim('a')];
    await store.claim(first, SHORT_MS);
    const { deaths: one = 1 } = await claimedBy(store, second, SHORT_MS);
    const { deaths: two = 2, sinceFirstMs = SHORT_MS } = await claimedBy(store, third);
    await store.release(third, 'unstarted');
    const { attempt, deaths: still = 2 } = await claimedBy(store, fourth);
    await store.release(fourth, 'failed');
    const { deaths: after = 2 } = await claimedBy(store, fifth);
    assert.deepEqual({ attempt, one, two, still, after }, { attempt: 3, one: 1, two: 2, still: 2, after: 2 });
    assert.ok(sinceFirstMs >= SHORT_MS, `${sinceFirstMs} ms`);
  });

  it('forgets deaths with the event', async (store, claim) => {
    const [first, second, third] = [claim('a'), claim('a'), claim('a')];
    await store.claim(first, SHORT_MS);
    await claimedBy(store, second);
    await store.release(second, 'dead-lettered');
    const { attempt, deaths } = await claimedBy(store, third);
    assert.deepEqual({ attempt, deaths }, { attempt: 1, deaths: undefined });
  });

  it('tells when a message of an event was dead-lettered, until the event is done', async (store, claim) => {
    const [first, ...others] = [claim('a'), claim('a'), claim('a'), claim('a')];
    await store.claim(first, LONG_MS);
    const startedAt = performance.now();
    await store.release(first, 'dead-lettered');
    const endedAt = performance.now();
    for (const [at, next] of others.entries()) {
      await pass(BRIEF_MS / 2);
      const passedMs = performance.now() - endedAt;
      const { attempt, sinceFirstMs = 0, sinceLetterMs = passedMs } = await claimedBy(store, next);
      assert.equal(attempt, at === 2 ? 2 : 1);
      assert.ok(sinceLetterMs > passedMs - BRIEF_MS / 4, `${sinceLetterMs} ms of ${passedMs} at least`);
      assert.ok(sinceLetterMs <= performance.now() - startedAt + 2, `${sinceLetterMs} ms are too long`);
      assert.ok(at === 2 || sinceFirstMs === 0, `${sinceFirstMs} ms since the first attempt`);
      await store.renew([next], LONG_MS);
      await store.release(next, at === 0 ? 'unstarted' : 'failed');
    }
    assert.deepEqual(await store.claim(claim('b'), LONG_MS), { status: 'claimed', attempt: 1 });
  });
}
