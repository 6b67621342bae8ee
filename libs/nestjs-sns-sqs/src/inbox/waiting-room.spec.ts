import type { HeldClaim } from './held-claim.js';
import { MemoryInboxStore } from './memory-inbox-store.js';
import { WaitingRoom } from './waiting-room.js';
import { Wakers } from './wakers.js';

const FIRST = 'send-mail';
const LATEST = 'send-email';

/** The fourth event of a subject of which the second is next, so that the third is to be waited for. */
const early: HeldClaim = {
  queue: FIRST,
  key: 'e4',
  token: 't',
  subject: 'u',
  sequence: '4',
  isSequential: true,
  startAt: 1n,
  expected: '2',
  claimedAt: 0,
  leaseEndsAt: 30_000,
  isFinishing: false,
  attempt: undefined,
  isMarked: false,
};
const ITS_TURN = ['s:u:4'];

/** A process that consumes queues of one use case, under these names. */
function processOf(store: MemoryInboxStore, ...queues: string[]) {
  const woken: string[] = [];
  const wakers = new Wakers(FIRST);
  const rooms = queues.map(queue => {
    wakers.set(queue, handles => {
      woken.push(...handles.map(handle => `${queue}: ${handle}`));
      return Promise.resolve(true);
    });
    return new WaitingRoom({ queue, namespace: FIRST, store, health: { isStopped: false }, wakers });
  });
  const [room, other] = rooms as [WaitingRoom, WaitingRoom];
  return { room, other, woken };
}

describe('a waiting room that queues share, since a use case was renamed', () => {
  it('wakes a message of either queue there, whichever queue the one before it was in', async () => {
    const { room, other, woken } = processOf(new MemoryInboxStore(), FIRST, LATEST);

    await other.enter(early, 'early', 'h1', 60_000);
    room.callIn(ITS_TURN);
    await room.enter(early, 'early', 'h2', 60_000);
    other.callIn(ITS_TURN);

    expect(woken).toEqual([`${LATEST}: h1`, `${FIRST}: h2`]);
  });

  it('wakes what another process has put off', async () => {
    const store = new MemoryInboxStore();
    const one = processOf(store, FIRST, LATEST);
    const two = processOf(store, FIRST, LATEST);

    await one.room.enter(early, 'early', 'h1', 60_000);
    await one.other.enter(early, 'early', 'h2', 60_000);
    two.room.callIn(ITS_TURN);

    expect(two.woken).toEqual([`${FIRST}: h1`, `${LATEST}: h2`]);
  });

  it("wakes what a store tells by a promise of its database client's own", async () => {
    const store = new MemoryInboxStore();
    const callIn = store.callIn.bind(store);
    const lazy = (handles: string[]): unknown =>
      Object.defineProperty({}, String('then'), { value: (resolve: (given: string[]) => void) => resolve(handles) });
    store.callIn = (queue, places) => lazy(callIn(queue, places)) as never;
    const { room, woken } = processOf(store, FIRST, LATEST);

    await room.enter(early, 'early', 'h1', 60_000);
    room.callIn(ITS_TURN);
    await room.idle();

    expect(woken).toEqual([`${FIRST}: h1`]);
  });

  it('leaves to its delay what is in a queue that the process does not consume', async () => {
    const store = new MemoryInboxStore();
    const renamed = processOf(store, FIRST, LATEST);
    const before = processOf(store, FIRST);

    await renamed.room.enter(early, 'early', 'h1', 60_000);
    await renamed.other.enter(early, 'early', 'h2', 60_000);
    before.room.callIn(ITS_TURN);

    expect(before.woken).toEqual([`${FIRST}: h1`]);
  });
});
