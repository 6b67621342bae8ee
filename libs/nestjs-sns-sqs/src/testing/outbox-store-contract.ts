import assert from 'node:assert/strict';
import type { MaybePromise } from '../interfaces/inbox-store.interface.js';
import { ContractOutbox, idsOf, LONG_MS, type OutboxContractSubject, type OutboxTest } from './contract-outbox.js';
import type { ContractRunner } from './inbox-store-contract.js';
import { outboxClaimContract } from './outbox-claim-contract.js';
import { outboxScheduleContract } from './outbox-schedule-contract.js';

const globals: unknown = globalThis;

/**
 * The behaviour that every `OutboxStore` must have, as tests. `create` is called for each test; each works on a
 * destination of its own, so a database that is there already is fine.
 *
 * @example
 * ```typescript
 * outboxStoreContract('postgres', async () => ({ store: new PostgresOutbox({ pool }), begin: () => beginOf(pool) }));
 * ```
 */
export function outboxStoreContract(
  name: string,
  create: () => MaybePromise<OutboxContractSubject>,
  runner: ContractRunner = globals as ContractRunner,
): void {
  const it: OutboxTest = (what, run) => {
    runner.it(what, async () => {
      const subject = await create();
      const outbox = new ContractOutbox(subject);
      try {
        await subject.store.open([outbox.destination]);
        await run(outbox);
      } finally {
        await subject.end?.();
      }
    });
  };

  runner.describe(`${name} as an OutboxStore`, () => {
    it('gives a message as it was written, once its transaction has committed, and not before', async outbox => {
      const message = outbox.message('a', 'user 1');
      const transaction = await outbox.begin();
      await outbox.store.add(transaction.tx, message, false);
      assert.deepEqual(await outbox.ids(), []);
      await transaction.commit();
      const [found] = await outbox.claim();
      assert.deepEqual({ ...found, row: '' }, { ...message, row: '' });
    });

    it('gives nothing of a transaction that was rolled back', async outbox => {
      const transaction = await outbox.begin();
      await outbox.store.add(transaction.tx, outbox.message('a'), false);
      await outbox.store.add(transaction.tx, outbox.message('b', 'user 1'), false);
      await transaction.rollback();
      assert.deepEqual(await outbox.ids(), []);
    });

    it('gives only what the claim asks for', async outbox => {
      await outbox.commit(outbox.message('a'));
      const token = outbox.token();
      const others = { destinations: ['sns:another'], token, leaseMs: LONG_MS, rows: 10, exceptLanes: [] };
      assert.deepEqual(await outbox.store.claim(others), []);
    });

    it('gives a lane in the order of its commits', async outbox => {
      const ids = ['a', 'b', 'c', 'd', 'e'];
      for (const id of ids) await outbox.commit(outbox.message(id, 'user 1'));
      assert.deepEqual(await outbox.ids(), ids);
    });

    for (const isKnown of [false, true]) {
      const lane = isKnown ? 'a lane that was written to before' : 'a new lane';
      it(`lets a writer of ${lane} wait for the one before it, so that the order is that of the commits`, async outbox => {
        if (isKnown) await outbox.commit(outbox.message('known', 'user 1'));
        const first = await outbox.begin();
        const second = await outbox.begin();
        await outbox.store.add(first.tx, outbox.message('a', 'user 1'), false);
        let isWritten = false;
        const writing = outbox.store
          .add(second.tx, outbox.message('b', 'user 1'), false)
          .then(() => (isWritten = true));
        // Another lane does not wait.
        await outbox.commit(outbox.message('other', 'user 2'));
        assert.deepEqual((await outbox.ids()).slice(isKnown ? 1 : 0), ['other']);
        assert.equal(isWritten, false);
        await first.commit();
        await writing;
        await second.commit();
        const written = (await outbox.claim()).filter(row => row.lane === 'user 1');
        assert.deepEqual(idsOf(written).slice(-2), ['a', 'b']);
      });
    }

    it('numbers a subject without a gap, rollback included, and each subject by itself', async outbox => {
      const { store, destination } = outbox;
      const next = async (subject: string, commits: boolean): Promise<string> => {
        const transaction = await outbox.begin();
        const number = await store.nextSequence(transaction.tx, destination, subject);
        await (commits ? transaction.commit() : transaction.rollback());
        return number;
      };
      assert.equal(await next('user 1', true), '1');
      assert.equal(await next('user 1', false), '2');
      assert.equal(await next('user 1', true), '2');
      assert.equal(await next('user 2', true), '1');
      assert.equal(await next('user 1', true), '3');
    });

    it('takes a number back in its own transaction, and none that is not the last', async outbox => {
      const { store, destination } = outbox;
      const { tx, commit } = await outbox.begin();
      assert.equal(await store.nextSequence(tx, destination, 'user 1'), '1');
      await store.returnSequence(tx, destination, 'user 1', '1');
      assert.equal(await store.nextSequence(tx, destination, 'user 1'), '1');
      assert.equal(await store.nextSequence(tx, destination, 'user 1'), '2');
      await store.returnSequence(tx, destination, 'user 1', '1');
      assert.equal(await store.nextSequence(tx, destination, 'user 1'), '3');
      await commit();
    });

    it('lets two who number a subject wait for each other, and two subjects go on', async outbox => {
      const { store, destination } = outbox;
      const [first, second, third] = [await outbox.begin(), await outbox.begin(), await outbox.begin()];
      assert.equal(await store.nextSequence(first.tx, destination, 'user 1'), '1');
      const waiting = store.nextSequence(second.tx, destination, 'user 1');
      assert.equal(await store.nextSequence(third.tx, destination, 'user 2'), '1');
      await third.commit();
      await first.commit();
      assert.equal(await waiting, '2');
      await second.commit();
    });

    outboxClaimContract(it);
    outboxScheduleContract(it);
  });
}
