import assert from 'node:assert/strict';
import type { InboxClaim, InboxOutlook, InboxStore, InboxWaiting } from '../interfaces/inbox-store.interface.js';
import { LONG_MS, pass, REMEMBER, SHORT_MS, type ContractTest } from './contract-claims.js';

type WaitingStore = InboxStore & Required<Pick<InboxStore, 'putOff' | 'callIn'>>;

const hasRoom = (store: InboxStore): store is WaitingStore => store.putOff !== undefined && store.callIn !== undefined;

const waitingFor = ({ queue, key, subject }: InboxClaim, place: string, handle: string): InboxWaiting => ({
  queue,
  key,
  place,
  handle,
  forMs: LONG_MS,
  ...(subject !== undefined && { subject }),
});

const nothing: InboxOutlook = { isInWork: false, isSubjectInWork: false };

/** What an `InboxStore` with a waiting room has to do. One without passes. */
export function inboxWaitingContract(define: ContractTest): void {
  const it = (
    what: string,
    run: (store: WaitingStore, claim: (key: string, subject?: string) => InboxClaim) => Promise<void>,
  ): void =>
    define(what, async (store, claim) => {
      if (hasRoom(store)) await run(store, claim);
      else assert.ok(!('putOff' in store) && !('callIn' in store), 'putOff and callIn go together');
    });

  it('gives the handles of those that wait at a place once, and of no other place or queue', async (store, claim) => {
    const mine = claim('a');
    const handle = `AQEB+/=${'h'.repeat(900)}`;
    await store.putOff(waitingFor(mine, 'e:a', handle));
    await store.putOff(waitingFor(mine, 'e:b', 'other'));
    await store.putOff({ ...waitingFor(mine, 'e:a', 'elsewhere'), queue: `${mine.queue}-2` });
    assert.deepEqual(await store.callIn(mine.queue, ['e:a', 'e:c']), [handle]);
    assert.deepEqual(await store.callIn(mine.queue, ['e:a']), []);
    assert.deepEqual(await store.callIn(mine.queue, ['e:c', 'e:b']), ['other']);
  });

  it('keeps five that wait at one place, and the last', async (store, claim) => {
    const mine = claim('a');
    for (let n = 1; n <= 8; n += 1) await store.putOff(waitingFor(mine, 'e:a', `h${n}`));
    const handles = await store.callIn(mine.queue, ['e:a']);
    for (const handle of ['h4', 'h5', 'h6', 'h7', 'h8']) assert.ok(handles.includes(handle), handle);
  });

  it('forgets who waits no more', async (store, claim) => {
    const mine = claim('a');
    await store.putOff({ ...waitingFor(mine, 'e:a', 'short'), forMs: SHORT_MS });
    await pass(2 * SHORT_MS);
    assert.deepEqual(await store.callIn(mine.queue, ['e:a']), []);
  });

  it('tells what is known of the event and its subject', async (store, claim) => {
    const [mine, next] = [claim('a', 'user'), claim('b', 'user')];
    assert.deepEqual(await store.putOff(waitingFor(mine, 'e:a', 'h')), nothing);
    await store.claim(mine, LONG_MS);
    assert.deepEqual(await store.putOff(waitingFor(mine, 'e:a', 'h')), { isInWork: true, isSubjectInWork: true });
    assert.deepEqual(await store.putOff(waitingFor(next, 's:user:2', 'h')), { ...nothing, isSubjectInWork: true });
    await store.done(mine, { ...REMEMBER, position: '1' });
    assert.deepEqual(await store.putOff(waitingFor(next, 's:user:2', 'h')), { ...nothing, position: '1' });
    assert.deepEqual(await store.putOff(waitingFor(mine, 'e:a', 'h')), { ...nothing, position: '1' });
    await store.claim(next, LONG_MS);
    await store.release(next, 'failed');
    assert.deepEqual(await store.putOff(waitingFor(next, 'e:b', 'h')), { ...nothing, position: '1' });
  });

  it('takes a claim whose lease is over for none', async (store, claim) => {
    const mine = claim('a', 'user');
    await store.claim(mine, SHORT_MS);
    await pass(2 * SHORT_MS);
    assert.deepEqual(await store.putOff(waitingFor(mine, 'e:a', 'h')), nothing);
  });
}
