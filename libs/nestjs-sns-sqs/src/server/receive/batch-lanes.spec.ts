import { jest } from '@jest/globals';
import { BatchLanes, type BatchLanesOptions } from './batch-lanes.js';
import type { LaneVerdict } from './lane-base.js';
import { Slots } from './slots.js';

const pass = (ms = 0) => jest.advanceTimersByTimeAsync(ms);

/** Lanes over texts whose key is their first letter; `end` ends items by their names. */
function lanesOf(options: Partial<BatchLanesOptions<string>> = {}) {
  const began: string[] = [];
  const returned: Array<[string[], string | undefined]> = [];
  const ends = new Map<string, (verdict: LaneVerdict) => void>();
  const onEnd = jest.fn();
  const slots = options.slots ?? new Slots(Infinity);
  const lanes = new BatchLanes<string>({
    runner: {
      handle: item => new Promise(resolve => void ends.set(item, resolve)),
      returnToQueue: (items, failed) => void returned.push([items, failed]),
    },
    begin: items => {
      began.push(items.join(' '));
      return { onEnd: () => undefined };
    },
    onEnd,
    size: 3,
    windowMs: 100,
    limit: 1,
    areTogether: true,
    ...options,
    slots,
  });
  const submit = (...items: string[]): void => {
    for (const item of items) lanes.submit(item, /^\d/.test(item) ? undefined : item[0]);
  };
  const end = async (items: string, verdict: LaneVerdict = 'advance'): Promise<void> => {
    for (const item of items.split(' ')) ends.get(item)?.(verdict);
    await pass();
  };
  return { lanes, began, returned, submit, end, onEnd, slots };
}

describe('BatchLanes', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('begins a batch that is full at once, and one that is not when its window is over', async () => {
    const { began, submit, end } = lanesOf();
    submit('1', '2', '3', '4');
    expect(began).toEqual(['1 2 3']);
    await end('1 2 3');
    await pass(99);
    expect(began).toHaveLength(1);
    await pass(1);
    expect(began).toEqual(['1 2 3', '4']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('fills a batch further that waits for a slot', async () => {
    const { began, submit, end, lanes } = lanesOf();
    submit('1', '2', '3', '4');
    await pass(500);
    submit('5');
    expect(began).toEqual(['1 2 3']);
    expect([lanes.load, lanes.inWork, lanes.slotsInUse]).toEqual([5, 3, 2]);
    await end('1 2');
    expect(began).toHaveLength(1);
    await end('3');
    expect(began).toEqual(['1 2 3', '4 5']);
  });

  it('takes one slot of the server for a batch, and gives it back', async () => {
    const slots = new Slots(1);
    const other = { pump: jest.fn() };
    slots.take(other);
    const { began, submit, end } = lanesOf({ slots, limit: 5 });
    submit('1', '2', '3', '4', '5', '6');
    expect(began).toEqual([]);
    slots.release();
    expect(began).toEqual(['1 2 3']);
    await end('1 2 3');
    expect(began).toEqual(['1 2 3', '4 5 6']);
    await end('4 5 6');
    expect(slots.free).toBe(1);
  });

  it('runs no two batches with one key at a time', async () => {
    const { began, submit, end } = lanesOf({ limit: 5 });
    submit('a1', 'a2', 'b1', 'a3', 'c1', 'c2', '9');
    expect(began).toEqual(['a1 a2 b1', 'c1 c2 9']);
    await end('a1 b1');
    await pass(200);
    expect(began).toHaveLength(2);
    await end('a2');
    await pass(100);
    expect(began).toEqual(['a1 a2 b1', 'c1 c2 9', 'a3']);
  });

  it('has one of a key in a batch where they may not be together, and the next one in the next', async () => {
    const { began, submit, end } = lanesOf({ areTogether: false });
    submit('a1', 'a2', 'a3', 'b1', 'c1');
    expect(began).toEqual(['a1 b1 c1']);
    await end('a1 b1 c1');
    await pass(100);
    expect(began).toEqual(['a1 b1 c1', 'a2']);
    await end('a2');
    await pass(100);
    expect(began.at(-1)).toBe('a3');
  });

  it('hands back what waits behind an item that its lane waits for, and nothing of other lanes', async () => {
    const { began, submit, end, returned, lanes } = lanesOf();
    submit('a1', 'a2', 'b1', 'a3', 'b2', 'a4');
    await end('a2', 'hold');
    await end('a1 b1');
    expect(returned).toEqual([[['a3', 'a4'], 'a2']]);
    await pass(100);
    expect(began).toEqual(['a1 a2 b1', 'b2']);
    await end('b2');
    expect([lanes.held, lanes.isTaken('a'), lanes.isTaken('b')]).toEqual([0, false, false]);
  });

  it('hands back what has not begun, and goes on', async () => {
    const { began, submit, end, returned, lanes } = lanesOf();
    submit('a1', '1', '2', 'a2', '3', '4', 'b1', '5');
    lanes.returnUnstarted();
    expect(returned).toEqual([[['3', '4', 'b1', '5', 'a2'], undefined]]);
    expect(lanes.held).toBe(3);
    await end('a1 1 2');
    submit('a2', 'b1', '3');
    expect(began).toEqual(['a1 1 2', 'a2 b1 3']);
  });

  it('stops when what runs has ended, and takes nothing more', async () => {
    const { submit, end, returned, lanes, began, onEnd } = lanesOf();
    submit('1', '2', '3', 'a1');
    const stopped = jest.fn();
    void lanes.stop().then(stopped);
    submit('4');
    await end('1 2');
    expect(stopped).not.toHaveBeenCalled();
    await end('3');
    expect(stopped).toHaveBeenCalled();
    expect(returned.flatMap(([items]) => items)).toEqual(['a1', '4']);
    expect([began, lanes.held, onEnd.mock.calls.length]).toEqual([['1 2 3'], 0, 0]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('stops at once where nothing runs', async () => {
    const { lanes } = lanesOf();
    await expect(lanes.stop()).resolves.toBeUndefined();
  });
});
