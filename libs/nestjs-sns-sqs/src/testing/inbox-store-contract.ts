import assert from 'node:assert/strict';
import type { InboxStore, MaybePromise } from '../interfaces/inbox-store.interface.js';
import {
  claimed,
  claimFactory,
  inMoments,
  isClaimed,
  LONG_MS,
  REMEMBER,
  required,
  SHORT_MS,
  until,
  type ContractTest,
} from './contract-claims.js';
import { inboxAttemptsContract } from './inbox-attempts-contract.js';
import { inboxOrderContract } from './inbox-order-contract.js';
import { inboxWaitingContract } from './inbox-waiting-contract.js';

/** `describe` and `it` of the test runner; those of jest, vitest with globals, mocha and `node:test` fit. */
export interface ContractRunner {
  describe: (name: string, define: () => void) => unknown;
  it: (name: string, run: () => Promise<void>) => unknown;
}

const globals: unknown = globalThis;

/**
 * The behaviour that every `InboxStore` must have, as tests: `inboxStoreContract('redis', () => new
 * RedisInboxStore(…))`. `create` is called for each test; the store is closed after it. Each test works on a queue of
 * its own, so a store that is there already is fine.
 *
 * @example
 * ```ts
 * inboxStoreContract('my store', () => new MemoryInboxStore());
 * ```
 */
export function inboxStoreContract(
  name: string,
  create: () => MaybePromise<InboxStore>,
  runner: ContractRunner = globals as ContractRunner,
): void {
  const it: ContractTest = (what, run) => {
    runner.it(what, async () => {
      const store = await create();
      try {
        await run(store, claimFactory());
      } finally {
        await store.close?.();
      }
    });
  };

  runner.describe(`${name} as an InboxStore`, () => {
    it('answers a ping', async store => {
      await store.ping();
    });

    it('gives an event to one claimant, and tells others for how long', async (store, claim) => {
      assert.deepEqual(await store.claim(claim('a'), LONG_MS), claimed(1));
      const other = await store.claim(claim('a'), LONG_MS);
      assert.equal(other.status, 'in-work');
      assert.ok('retryAfterMs' in other && other.retryAfterMs > LONG_MS / 2 && other.retryAfterMs <= LONG_MS);
    });

    it('gives an event to one of many who claim it at once', async (store, claim) => {
      const results = await Promise.all(Array.from({ length: 50 }, async () => store.claim(claim('a'), LONG_MS)));
      assert.equal(results.filter(isClaimed).length, 1);
    });

    it('counts no further attempt when a claim is repeated, its answer lost', async (store, claim) => {
      const mine = claim('a');
      await store.claim(mine, LONG_MS);
      assert.deepEqual(await store.claim(mine, LONG_MS), claimed(1));
    });

    it('knows what is done, and says so again to who did it', async (store, claim) => {
      const mine = claim('a');
      await store.claim(mine, LONG_MS);
      assert.equal(await store.done(mine, REMEMBER), true);
      assert.equal(await store.done(mine, REMEMBER), true);
      assert.deepEqual(await store.claim(claim('a'), LONG_MS), { status: 'done' });
    });

    it('forgets what is done after its time', async (store, claim) => {
      const mine = claim('a');
      await store.claim(mine, LONG_MS);
      await store.done(mine, { rememberForMs: SHORT_MS });
      assert.deepEqual(await until(() => store.claim(claim('a'), LONG_MS), isClaimed), claimed(1));
    });

    it('counts the attempts of an event that failed', async (store, claim) => {
      for (const attempt of [1, 2, 3]) {
        const mine = claim('a');
        assert.deepEqual(required(await store.claim(mine, LONG_MS)), claimed(attempt));
        assert.equal(await store.release(mine, 'failed'), true);
      }
    });

    it('takes an attempt back that was not started', async (store, claim) => {
      const mine = claim('a');
      await store.claim(mine, LONG_MS);
      await store.release(mine, 'unstarted');
      assert.deepEqual(await store.claim(claim('a'), LONG_MS), claimed(1));
    });

    it('remembers nothing of what was dead-lettered', async (store, claim) => {
      const first = claim('a');
      await store.claim(first, LONG_MS);
      await store.release(first, 'failed');
      const second = claim('a');
      await store.claim(second, LONG_MS);
      assert.equal(await store.release(second, 'dead-lettered'), true);
      assert.deepEqual(required(await store.claim(claim('a'), LONG_MS)), claimed(1));
    });

    it('lets a lease that ran out be taken over, and refuses its former owner everything', async (store, claim) => {
      const [former, next] = [claim('a'), claim('a')];
      await store.claim(former, SHORT_MS);
      const taken = await until(() => store.claim(next, LONG_MS), isClaimed);
      assert.deepEqual(required(taken), claimed(2));
      // A store need not tell it, but must not tell otherwise.
      assert.equal({ isTakenOver: true, ...taken }.isTakenOver, true);
      assert.deepEqual(await store.renew([former], LONG_MS), [false]);
      assert.equal(await store.done(former, REMEMBER), false);
      assert.equal(await store.release(former, 'failed'), false);
      assert.equal(await store.release(former, 'dead-lettered'), false);
      assert.equal((await store.claim(claim('a'), LONG_MS)).status, 'in-work');
      assert.equal(await store.done(next, REMEMBER), true);
      assert.equal(await store.done(former, REMEMBER), false);
    });

    it('keeps a lease that is renewed', store =>
      inMoments(SHORT_MS, async ({ ms, within }, claim) => {
        const [mine, other] = [claim('a'), claim('b')];
        await within(async () => {
          await store.claim(mine, ms);
          await store.claim(other, ms);
          assert.deepEqual(await store.renew([mine, claim('a'), claim('c')], LONG_MS), [true, false, false]);
        });
        await until(() => store.claim(claim('b'), LONG_MS), isClaimed);
        assert.equal((await store.claim(claim('a'), LONG_MS)).status, 'in-work');
        assert.equal(await store.done(mine, REMEMBER), true);
      }));

    it('refuses to release or finish what was never claimed, and what was released', async (store, claim) => {
      const mine = claim('a');
      assert.deepEqual(await store.renew([mine], LONG_MS), [false]);
      assert.equal(await store.done(mine, REMEMBER), false);
      assert.equal(await store.release(mine, 'failed'), false);
      await store.claim(mine, LONG_MS);
      await store.release(mine, 'failed');
      assert.equal(await store.done(mine, REMEMBER), false);
    });

    it('renews none as none', async store => {
      assert.deepEqual(await store.renew([], LONG_MS), []);
    });

    it('keeps queues apart, and keys that look alike', async (store, claim) => {
      const keys = ['.a', '.A', '#a', '.a:b', '.a.b', '.ab', '.1:a:b'];
      for (const key of keys) assert.deepEqual(await store.claim(claim(key), LONG_MS), claimed(1), key);
      assert.deepEqual(await store.claim({ ...claim('.a'), queue: `${claim('').queue}-2` }, LONG_MS), claimed(1));
    });

    it('takes keys of 100 characters', async (store, claim) => {
      const [one, other] = [`#${'k'.repeat(98)}1`, `#${'k'.repeat(98)}2`];
      assert.deepEqual(await store.claim(claim(one, one), LONG_MS), claimed(1));
      assert.deepEqual(await store.claim(claim(other, other), LONG_MS), claimed(1));
    });

    inboxAttemptsContract(it);
    inboxOrderContract(it);
    inboxWaitingContract(it);
  });
}
