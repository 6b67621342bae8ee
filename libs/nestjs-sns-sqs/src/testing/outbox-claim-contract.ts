import assert from 'node:assert/strict';
import { until } from './contract-claims.js';
import { idsOf, LONG_MS, rowsOf, SHORT_MS, statusOf, type OutboxTest } from './contract-outbox.js';

/** Claims, their leases, and what a relay reports of them. */
export function outboxClaimContract(it: OutboxTest): void {
  it('gives a claimed lane to nobody else, until the claim is settled', async outbox => {
    await outbox.commit(outbox.message('a', 'user 1'), outbox.message('b', 'user 1'));
    const token = outbox.token();
    const [a] = await outbox.claim(token);
    assert.equal(a?.id, 'a');
    await outbox.commit(outbox.message('c', 'user 1'));
    assert.deepEqual(await outbox.ids(), []);
    await outbox.store.settle(token, { sent: [a.row], refused: [] });
    assert.deepEqual(await outbox.ids(), ['b', 'c']);
  });

  it('gives two claims no message twice', async outbox => {
    await outbox.commit(...Array.from({ length: 60 }, (_, index) => outbox.message(`${index}`, `user ${index % 20}`)));
    const claims = await Promise.all([outbox.claim(), outbox.claim(), outbox.claim()]);
    const all = claims.flatMap(idsOf);
    assert.equal(new Set(all).size, all.length);
    const lanes = claims.map(rows => new Set(rows.map(({ lane }) => lane)));
    assert.equal(
      lanes.reduce((sum, { size }) => sum + size, 0),
      new Set(lanes.flatMap(lane => [...lane])).size,
    );
  });

  it('gives the messages of a claim that was never settled to another one when its lease is over', async outbox => {
    await outbox.commit(outbox.message('a', 'user 1'));
    const claimedAt = performance.now();
    assert.deepEqual(idsOf(await outbox.claim(outbox.token(), SHORT_MS)), ['a']);
    await until(
      async () => (await outbox.ids()).length,
      length => length === 1,
    );
    // The store's clock runs beside this one.
    const heldMs = performance.now() - claimedAt;
    assert.ok(heldMs > 0.9 * SHORT_MS, `another claim has it after ${heldMs} ms of its lease of ${SHORT_MS} ms`);
  });

  it('renews a claim for as long as it holds', async outbox => {
    await outbox.commit(outbox.message('a', 'user 1'));
    const [first, second] = [outbox.token(), outbox.token()];
    await outbox.claim(first);
    assert.equal(await outbox.store.renew(first, LONG_MS), true);
    assert.deepEqual(await outbox.ids(), []);
    assert.equal(await outbox.store.renew(first, 1), true);
    await until(
      async () => (await outbox.claim(second)).length,
      length => length === 1,
    );
    assert.equal(await outbox.store.renew(first, LONG_MS), false);
  });

  it('takes the result of a claim that was taken over meanwhile, and leaves the other claim as it is', async outbox => {
    await outbox.commit(outbox.message('a', 'user 1'), outbox.message('b', 'user 1'));
    const [first, second] = [outbox.token(), outbox.token()];
    const [a] = await outbox.claim(first, 1);
    await until(
      async () => (await outbox.claim(second)).length,
      length => length === 2,
    );
    await outbox.store.settle(first, { sent: [a?.row ?? ''], refused: [] });
    assert.deepEqual(await outbox.ids(), []);
    await outbox.store.settle(second, { sent: [], refused: [] });
    assert.deepEqual(await outbox.ids(), ['b']);
  });

  it('may be told a result twice', async outbox => {
    await outbox.commit(outbox.message('a'), outbox.message('b'));
    const token = outbox.token();
    const rows = await outbox.claim(token);
    const results = { sent: rowsOf(rows), refused: [] };
    await outbox.store.settle(token, results);
    await outbox.store.settle(token, results);
    assert.deepEqual(await outbox.ids(), []);
  });

  it('keeps what was refused elsewhere, once, and gives the next of its lane', async outbox => {
    await outbox.commit(outbox.message('a', 'user 1'), outbox.message('b', 'user 1'));
    const token = outbox.token();
    const [a] = await outbox.claim(token);
    const refused = [{ row: a?.row ?? '', code: 'MESSAGE_TOO_LARGE', reason: 'it is too large' }];
    await outbox.store.settle(token, { sent: [], refused });
    await outbox.store.settle(token, { sent: [], refused });
    assert.deepEqual(await outbox.ids(), ['b']);
    const [status] = await outbox.store.status([outbox.destination]);
    assert.deepEqual({ ...status, oldestMs: 0 }, { ...statusOf(outbox), waiting: 1, refused: 1 });
  });

  it('leaves lanes out that rest', async outbox => {
    await outbox.commit(outbox.message('a', 'user 1'), outbox.message('b', 'user 2'), outbox.message('c'));
    const rows = await outbox.claim(outbox.token(), LONG_MS, 100, [`${outbox.destination} user 1`]);
    assert.deepEqual(idsOf(rows), ['b', 'c']);
  });

  it('gives every message in the end, however few a claim takes', async outbox => {
    const ids = Array.from({ length: 40 }, (_, index) => String(index));
    await outbox.commit(...ids.map(id => outbox.message(id, `user ${Number(id) % 7}`)));
    const got: string[] = [];
    await until(
      async () => {
        const token = outbox.token();
        const rows = await outbox.claim(token, LONG_MS, 4);
        got.push(...idsOf(rows));
        await outbox.store.settle(token, { sent: rowsOf(rows), refused: [] });
        return got.length;
      },
      length => length === ids.length,
    );
    for (let user = 0; user < 7; user += 1) {
      const ofUser = got.filter(id => Number(id) % 7 === user);
      assert.deepEqual(
        ofUser,
        ofUser.toSorted((a, b) => Number(a) - Number(b)),
      );
    }
  });

  it('tells how much waits, and for how long', async outbox => {
    assert.deepEqual(await outbox.store.status([outbox.destination]), [statusOf(outbox)]);
    await outbox.commit(outbox.message('a'), outbox.message('b', 'user 1'));
    const [status] = await outbox.store.status([outbox.destination]);
    assert.equal(status?.waiting, 2);
    assert.ok(status.oldestMs >= 0 && status.oldestMs < LONG_MS);
  });
}
