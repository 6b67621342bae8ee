import assert from 'node:assert/strict';
import { until } from './contract-claims.js';
import { inMs, LONG_MS, SHORT_MS, statusOf, type OutboxTest } from './contract-outbox.js';

/** Messages for later. */
export function outboxScheduleContract(it: OutboxTest): void {
  it('gives a scheduled message when its time has come', async outbox => {
    await outbox.store.schedule(undefined, outbox.message('late'), { dueAt: inMs(LONG_MS) });
    await outbox.store.schedule(undefined, outbox.message('soon'), { dueAt: inMs(SHORT_MS) });
    await outbox.store.schedule(undefined, outbox.message('now'), { dueAt: inMs(-1_000) });
    await until(
      async () => (await outbox.ids()).length,
      length => length === 2,
    );
    assert.deepEqual((await outbox.ids()).toSorted(), ['now', 'soon']);
    const [status] = await outbox.store.status([outbox.destination]);
    assert.deepEqual({ ...status, oldestMs: 0 }, { ...statusOf(outbox), waiting: 2, scheduled: 1 });
  });

  it('replaces the scheduled message of a key, and cancels it', async outbox => {
    const { store, destination } = outbox;
    await store.schedule(undefined, outbox.message('a'), { dueAt: inMs(LONG_MS), key: 'k' });
    await store.schedule(undefined, outbox.message('b'), { dueAt: inMs(-1), key: 'k' });
    assert.deepEqual(await outbox.ids(), ['b']);
    assert.equal(await store.cancel(undefined, destination, 'k'), false);
    await store.schedule(undefined, outbox.message('c'), { dueAt: inMs(LONG_MS), key: 'k' });
    assert.equal(await store.cancel(undefined, destination, 'k'), true);
    assert.equal(await store.cancel(undefined, destination, 'k'), false);
  });

  it('schedules and cancels within a transaction', async outbox => {
    const { store, destination } = outbox;
    const first = await outbox.begin();
    await store.schedule(first.tx, outbox.message('a'), { dueAt: inMs(-1), key: 'k' });
    await first.rollback();
    assert.deepEqual(await outbox.ids(), []);
    await store.schedule(undefined, outbox.message('b'), { dueAt: inMs(LONG_MS), key: 'k' });
    const second = await outbox.begin();
    assert.equal(await store.cancel(second.tx, destination, 'k'), true);
    await second.rollback();
    assert.equal(await store.cancel(undefined, destination, 'k'), true);
  });
}
