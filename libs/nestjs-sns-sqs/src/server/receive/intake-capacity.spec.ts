import { IntakeCapacity, type IntakeCapacityOptions } from './intake-capacity.js';

const idle: IntakeCapacityOptions = {
  fifo: false,
  concurrency: 10,
  slots: { free: Infinity },
  weight: 1,
  lanes: { load: 0, held: 0, ordinaryLoad: 0, inWork: 0 },
  pace: { prefetch: 0, receives: 10 },
  settler: { pending: 0 },
  runner: { undecided: 0 },
  steering: { isHeld: false, allow: most => most },
  inbox: undefined,
  requestSlots: undefined,
  waits: undefined,
};
const busy = (load: number, held = load) => ({ load, held, ordinaryLoad: load, inWork: load });

/** The capacity of an idle queue of ten slots, but for `loads`. */
const capacityWith = (loads: Partial<IntakeCapacityOptions>): number =>
  new IntakeCapacity({ ...idle, ...loads }).messages;

describe('the capacity of a queue', () => {
  it.each<[string, Partial<IntakeCapacityOptions>, number]>([
    ['is its free slots', { lanes: busy(4) }, 6],
    ['is the free slots of the server', { lanes: busy(4), slots: { free: 2 } }, 2],
    ['is one at least while it has nothing, so that it can say that it wants a slot', { slots: { free: 0 } }, 1],
    [
      'is what its weight lets wait where the server has no slot',
      { lanes: { ...busy(5), inWork: 3 }, slots: { free: 0 }, weight: 4 },
      2,
    ],
    ['never lets more wait than it may handle', { lanes: busy(8), slots: { free: 0 }, weight: 50 }, 2],
    ['lets nothing wait without a weight of its own', { lanes: busy(5), slots: { free: 0 } }, 0],
    ['is nothing while its slots are taken', { lanes: busy(10) }, 0],
    ['is a little more where messages end quickly', { lanes: busy(10), pace: { prefetch: 3, receives: 10 } }, 3],
    ['ends at two messages held for each slot', { lanes: busy(1, 19) }, 1],
    ['ends there beside what is asked for ahead', { lanes: busy(1, 19), pace: { prefetch: 3, receives: 10 } }, 4],
    ['does not end there on FIFO', { fifo: true, lanes: busy(5, 19) }, 5],
    ['waits for settlements', { settler: { pending: 150 }, runner: { undecided: 47 } }, 3],
    [
      'waits for fewer of them where as many are received at one time',
      { lanes: busy(9), settler: { pending: 450 }, pace: { prefetch: 0, receives: 50 } },
      1,
    ],
    ['is nothing while the queue is held', { steering: { isHeld: true, allow: most => most } }, 0],
    ['is what its rate and its breaker allow', { steering: { isHeld: false, allow: most => Math.min(most, 2) } }, 2],
    ['is nothing while the inbox is paused', { inbox: { isPaused: true } }, 0],
    [
      'lets a request of the service in where all handlers wait for one',
      { lanes: busy(10, 30), requestSlots: { free: 1 }, waits: { waiting: 10 } },
      10,
    ],
    [
      'looks for a request behind a few messages while handlers work',
      { lanes: busy(10, 25), requestSlots: { free: 1 } },
      5,
    ],
  ])('%s', (_, loads, expected) => {
    expect(capacityWith(loads)).toBe(expected);
  });

  it('says that it waits for settlements only while they bound it', () => {
    const settler = { pending: 195 };
    const capacity = new IntakeCapacity({ ...idle, settler });

    expect([capacity.messages, capacity.isWaitingForSettlements]).toEqual([5, true]);
    settler.pending = 0;
    expect([capacity.messages, capacity.isWaitingForSettlements]).toEqual([10, false]);
  });
});
