import assert from 'node:assert/strict';
import type { InboxClaimResult } from '../interfaces/inbox-store.interface.js';
import {
  claimed,
  inMoments,
  isClaimed,
  LONG_MS,
  pass,
  REMEMBER,
  required,
  SHORT_MS,
  until,
  type ContractTest,
} from './contract-claims.js';

/** Long enough for a few calls. */
const BRIEF_MS = 120;

const waitedMs = (result: InboxClaimResult): number => ('gap' in result && result.gap?.waitedMs) || 0;

/** What every `InboxStore` has to do for events that have a subject: one in work, positions, gaps. */
export function inboxOrderContract(it: ContractTest): void {
  it('has one event of a subject in work, and others of other subjects', async (store, claim) => {
    const first = claim('a', 'user');
    await store.claim(first, LONG_MS);
    const second = await store.claim(claim('b', 'user'), LONG_MS);
    assert.equal(second.status, 'subject-in-work');
    assert.ok('retryAfterMs' in second && second.retryAfterMs > LONG_MS / 2);
    assert.deepEqual(await store.claim(claim('c', 'other'), LONG_MS), claimed(1));
    await store.release(first, 'failed');
    assert.deepEqual(await store.claim(claim('b', 'user'), LONG_MS), claimed(1));
  });

  it('leaves no trace of an event whose subject was in work', async (store, claim) => {
    await store.claim(claim('a', 'user'), LONG_MS);
    await store.claim(claim('b', 'user'), LONG_MS);
    assert.deepEqual(await store.claim(claim('b'), LONG_MS), claimed(1));
  });

  it('advances the position with done, and tells it with the next claim', async (store, claim) => {
    const mine = claim('a', 'user');
    await store.claim(mine, LONG_MS);
    assert.equal(await store.done(mine, { ...REMEMBER, position: '9007199254740993' }), true);
    const next = claim('b', 'user');
    assert.deepEqual(await store.claim(next, LONG_MS), claimed(1, { position: '9007199254740993' }));
    await store.done(next, REMEMBER);
    const last = await store.claim(claim('c', 'user'), LONG_MS);
    assert.deepEqual(last, claimed(1, { position: '9007199254740993' }));
  });

  it('leaves the position to who took the subject over', async (store, claim) => {
    const [former, next] = [claim('a', 'user'), claim('b', 'user')];
    await store.claim(former, SHORT_MS);
    await until(() => store.claim(next, LONG_MS), isClaimed);
    assert.deepEqual(await store.renew([former], LONG_MS), [false]);
    assert.equal(await store.done(former, { ...REMEMBER, position: '1' }), false);
    assert.equal(await store.release(former, 'failed', '1'), false);
    await store.done(next, { ...REMEMBER, position: '2' });
    assert.deepEqual(await store.claim(claim('c', 'user'), LONG_MS), claimed(1, { position: '2' }));
  });

  it('keeps a position longer than an event when asked to, and forgets it after its time', async (store, claim) => {
    const mine = claim('a', 'user');
    await store.claim(mine, LONG_MS);
    await store.done(mine, { rememberForMs: LONG_MS, position: '7', rememberPositionForMs: BRIEF_MS });
    await pass(1.5 * BRIEF_MS);
    assert.deepEqual(await store.claim(claim('b', 'user'), LONG_MS), claimed(1));
  });

  it('keeps a position beyond its time while an event of the subject is claimed', store =>
    inMoments(BRIEF_MS, async ({ ms, within }, claim) => {
      const [first, second] = [claim('a', 'user'), claim('b', 'user')];
      await store.claim(first, LONG_MS);
      await within(async () => {
        await store.done(first, { ...REMEMBER, position: '7', rememberPositionForMs: ms });
        assert.deepEqual(await store.claim(second, LONG_MS), claimed(1, { position: '7' }));
      });
      await pass(1.5 * ms);
      assert.equal((await store.claim(claim('c', 'user'), LONG_MS)).status, 'subject-in-work');
      assert.deepEqual(await store.renew([second], LONG_MS), [true]);
      assert.equal(await store.done(second, { ...REMEMBER, position: '8', rememberPositionForMs: LONG_MS }), true);
      assert.deepEqual(await store.claim(claim('c', 'user'), LONG_MS), claimed(1, { position: '8' }));
    }));

  it('keeps a position beyond its time for an event that comes again, and for those that wait', store =>
    inMoments(BRIEF_MS, async ({ ms, within }, claim) => {
      for (const [user, reason, gapAt] of [
        ['failed', 'failed', undefined],
        ['waits', 'unstarted', '9'],
      ] as const) {
        const [first, second] = [claim(`${user}-1`, user), claim(`${user}-2`, user)];
        await store.claim(first, LONG_MS);
        await within(async () => {
          await store.done(first, { ...REMEMBER, position: '7', rememberPositionForMs: ms });
          await store.claim(second, LONG_MS);
          await store.release(second, reason, gapAt);
        });
      }
      await pass(1.5 * ms);
      const failed = await store.claim(claim('failed-2', 'failed'), LONG_MS);
      assert.deepEqual(required(failed), claimed(2, { position: '7' }));
      const waiting = await store.claim(claim('waits-2', 'waits'), LONG_MS);
      assert.ok('gap' in waiting && waiting.position === '7' && waiting.gap?.lowest === '9');
    }));

  it('keeps a position for ever when no time is given, also after one was', async (store, claim) => {
    const [first, second] = [claim('a', 'user'), claim('b', 'user')];
    await store.claim(first, LONG_MS);
    await store.done(first, { ...REMEMBER, position: '7', rememberPositionForMs: BRIEF_MS });
    await store.claim(second, LONG_MS);
    await store.done(second, { ...REMEMBER, position: '8' });
    await pass(1.5 * BRIEF_MS);
    assert.deepEqual(await store.claim(claim('c', 'user'), LONG_MS), claimed(1, { position: '8' }));
  });

  it('counts a gap anew when the event that is waited for has come and failed', store =>
    inMoments(BRIEF_MS, async ({ ms, within }, claim) => {
      const [early, missing] = [claim('a', 'user'), claim('b', 'user')];
      await store.claim(early, LONG_MS);
      await store.release(early, 'unstarted', '5');
      await pass(ms);
      await store.claim(missing, LONG_MS);
      await within(async () => {
        await store.release(missing, 'failed');
        const result = await store.claim(claim('a', 'user'), LONG_MS);
        assert.ok('gap' in result && result.gap && result.gap.waitedMs < ms && result.gap.lowest === '5');
      });
    }));

  it('counts a gap from when the event that is waited for comes again', async (store, claim) => {
    const awaited = claim('a', 'user');
    await store.claim(awaited, LONG_MS);
    await store.release(awaited, 'failed', undefined, LONG_MS);
    const early = claim('b', 'user');
    await store.claim(early, LONG_MS);
    await store.release(early, 'unstarted', '2');
    const next = claim('b', 'user');
    const result = await store.claim(next, LONG_MS);
    assert.ok('gap' in result && result.gap && result.gap.waitedMs < -LONG_MS / 2);
    await store.release(next, 'unstarted');
    const again = claim('a', 'user');
    await store.claim(again, LONG_MS);
    await store.done(again, { ...REMEMBER, position: '1' });
    const last = claim('b', 'user');
    assert.deepEqual(await store.claim(last, LONG_MS), claimed(1, { position: '1' }));
  });

  it('tells since when a gap is there and who waits, until the position advances', async (store, claim) => {
    const early = claim('a', 'user');
    await store.claim(early, LONG_MS);
    assert.equal(await store.release(early, 'unstarted', '5'), true);
    const wait = async (): Promise<InboxClaimResult> => {
      const again = claim('a', 'user');
      const result = await store.claim(again, LONG_MS);
      await store.release(again, 'unstarted');
      return result;
    };
    const late = await until(wait, result => waitedMs(result) >= SHORT_MS);
    assert.ok('gap' in late && late.gap && late.gap.lowest === '5' && late.gap.lowestSeenMs >= SHORT_MS);
    const lower = claim('b', 'user');
    await store.claim(lower, LONG_MS);
    await store.release(lower, 'unstarted', '4');
    const seen = await wait();
    assert.ok('gap' in seen && seen.gap && seen.gap.lowest === '4' && seen.gap.waitedMs >= SHORT_MS);
    assert.ok(seen.gap.lowestSeenMs < seen.gap.waitedMs);
    const missing = claim('c', 'user');
    await store.claim(missing, LONG_MS);
    await store.done(missing, { ...REMEMBER, position: '3' });
    assert.deepEqual(await store.claim(claim('a', 'user'), LONG_MS), claimed(1, { position: '3' }));
  });
}
