import { jest } from '@jest/globals';
import type { LaneVerdict } from './lane-base.js';
import { Lanes } from './lanes.js';
import { RequestSlots } from './request-slots.js';
import { Slots } from './slots.js';

/** Lanes whose work ends when the test says so. */
function lanesByHand({
  limit = Infinity,
  slots = new Slots(Infinity),
  isBefore,
  requestSlots,
}: {
  limit?: number;
  slots?: Slots;
  isBefore?: (item: string, other: string) => boolean;
  requestSlots?: RequestSlots;
} = {}) {
  const started: string[] = [];
  const ends = new Map<string, (verdict: LaneVerdict) => void>();
  const returned: Array<{ items: string[]; failed: string | undefined }> = [];
  const onEnd = jest.fn();
  const lanes = new Lanes<string>({
    runner: {
      handle: item => {
        started.push(item);
        return new Promise(resolve => ends.set(item, resolve));
      },
      returnToQueue: (items, failed) => void returned.push({ items, failed }),
    },
    onEnd,
    limit,
    slots,
    ...(isBefore && { isBefore }),
    ...(requestSlots && { requests: { slots: requestSlots, isOne: (item: string) => item.startsWith('ask') } }),
  });
  const end = async (item: string, verdict: LaneVerdict = 'advance'): Promise<void> => {
    ends.get(item)?.(verdict);
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  };
  return { lanes, started, returned, onEnd, end };
}

describe('Lanes', () => {
  it('runs one item of a key at a time, in order', async () => {
    const { lanes, started, end } = lanesByHand();
    for (const item of ['1', '2', '3']) lanes.submit(item, 'a');
    expect(started).toEqual(['1']);
    await end('1');
    expect(started).toEqual(['1', '2']);
    await end('2');
    expect(started).toEqual(['1', '2', '3']);
  });

  it('runs what comes before in its lane first, where it is told how to tell', async () => {
    const { lanes, started, end } = lanesByHand({ isBefore: (item, other) => item < other });
    for (const item of ['5', '4', '3', '4', '2']) lanes.submit(item, 'a');
    for (const item of ['5', '2', '3', '4']) await end(item);
    expect(started).toEqual(['5', '2', '3', '4', '4']);
  });

  it('runs different keys, and items without one, side by side', () => {
    const { lanes, started } = lanesByHand();
    lanes.submit('a1', 'a');
    lanes.submit('b1', 'b');
    lanes.submit('x', undefined);
    lanes.submit('y', undefined);
    expect(started).toEqual(['a1', 'b1', 'x', 'y']);
    expect(lanes.load).toBe(4);
  });

  it('gives back what waits behind a failed item, and says behind which', async () => {
    const { lanes, started, returned, end } = lanesByHand();
    for (const item of ['1', '2', '3']) lanes.submit(item, 'a');
    lanes.submit('b1', 'b');
    lanes.submit('b2', 'b');
    await end('1', 'hold');
    expect(returned).toEqual([{ items: ['2', '3'], failed: '1' }]);
    await end('b1');
    expect(started).toEqual(['1', 'b1', 'b2']);
  });

  it('gives nothing back when nothing waits behind a failed item', async () => {
    const { lanes, returned, end } = lanesByHand();
    lanes.submit('1', 'a');
    await end('1', 'hold');
    expect(returned).toEqual([]);
  });

  it('runs a key again after its lane has failed or ended', async () => {
    const { lanes, started, end } = lanesByHand();
    lanes.submit('1', 'a');
    await end('1', 'hold');
    lanes.submit('2', 'a');
    expect(started).toEqual(['1', '2']);
  });

  it('tells each time that there is room again', async () => {
    const { lanes, onEnd, end } = lanesByHand();
    lanes.submit('1', 'a');
    lanes.submit('2', 'a');
    lanes.submit('x', undefined);
    await end('x');
    expect(onEnd).toHaveBeenCalledTimes(1);
    await end('1');
    await end('2');
    expect(onEnd).toHaveBeenCalledTimes(3);
    expect(lanes.load).toBe(0);
  });

  it('runs no more than its limit, and lanes take turns', async () => {
    const { lanes, started, end } = lanesByHand({ limit: 1 });
    for (const item of ['a1', 'a2']) lanes.submit(item, 'a');
    for (const item of ['b1', 'b2']) lanes.submit(item, 'b');
    for (const item of ['a1', 'b1', 'a2', 'b2']) {
      expect(started.at(-1)).toBe(item);
      await end(item);
    }
    expect(started).toEqual(['a1', 'b1', 'a2', 'b2']);
  });

  it('shares slots with other lanes, in turn', async () => {
    const slots = new Slots(1);
    const flooded = lanesByHand({ slots });
    const quiet = lanesByHand({ slots });
    for (const item of ['1', '2', '3']) flooded.lanes.submit(item, undefined);
    quiet.lanes.submit('x', undefined);
    expect([flooded.started, quiet.started]).toEqual([['1'], []]);
    await flooded.end('1');
    await flooded.end('2');
    expect(quiet.started).toEqual(['x']);
    await quiet.end('x');
    await flooded.end('2');
    await flooded.end('3');
    expect(flooded.started).toEqual(['1', '2', '3']);
  });

  it('stops: gives back what has not started, and waits for what runs', async () => {
    const { lanes, started, returned, end } = lanesByHand();
    for (const item of ['1', '2', '3']) lanes.submit(item, 'a');
    const stopped = jest.fn();
    void lanes.stop().then(stopped);
    expect(returned).toEqual([{ items: ['2', '3'], failed: undefined }]);
    await end('nothing');
    expect(stopped).not.toHaveBeenCalled();
    await end('1');
    expect(stopped).toHaveBeenCalled();
    expect(started).toEqual(['1']);
  });

  it('gives back at once what comes after the stop', async () => {
    const { lanes, started, returned } = lanesByHand();
    await lanes.stop();
    lanes.submit('late', 'a');
    lanes.submit('later', undefined);
    expect(started).toEqual([]);
    expect(returned.map(({ items }) => items)).toEqual([['late'], ['later']]);
  });

  describe('slots of requests', () => {
    it('are for requests that find no other slot, as many as are lent', async () => {
      const requestSlots = new RequestSlots(() => undefined);
      const { lanes, started, end } = lanesByHand({ limit: 2, requestSlots });
      for (const item of ['a', 'b', 'c', 'ask1', 'ask2']) lanes.submit(item, item);
      expect(started).toEqual(['a', 'b']);
      const takeBack = requestSlots.lend();
      lanes.pump();
      expect(started).toEqual(['a', 'b', 'ask1']);
      expect([lanes.load, lanes.ordinaryLoad, lanes.inWork]).toEqual([5, 4, 3]);
      await end('ask1');
      expect(started).toEqual(['a', 'b', 'ask1', 'ask2']);
      takeBack();
      await end('ask2');
      lanes.submit('ask3', 'ask3');
      expect(started).not.toContain('ask3');
      await end('a');
      await end('b');
      expect(started.slice(4)).toEqual(['c', 'ask3']);
      expect(requestSlots.free).toBe(0);
    });

    it('help where the slots of the whole server are taken', async () => {
      const slots = new Slots(1);
      const other = lanesByHand({ slots });
      other.lanes.submit('x', 'x');
      const requestSlots = new RequestSlots(() => undefined);
      const { lanes, started, end } = lanesByHand({ slots, requestSlots });
      requestSlots.lend();
      lanes.submit('a', 'a');
      lanes.submit('ask', undefined);
      expect(started).toEqual(['ask']);
      await end('ask');
      expect(slots.free).toBe(0);
      await other.end('x');
      expect(started).toEqual(['ask', 'a']);
    });

    it('keep the order of a lane', () => {
      const requestSlots = new RequestSlots(() => undefined);
      const { lanes, started } = lanesByHand({ limit: 1, requestSlots });
      requestSlots.lend();
      lanes.submit('a', 'g');
      lanes.submit('ask', 'g');
      expect(started).toEqual(['a']);
    });

    it('are left like others at a stop', async () => {
      const requestSlots = new RequestSlots(() => undefined);
      const { lanes, started, end } = lanesByHand({ limit: 1, requestSlots });
      requestSlots.lend();
      lanes.submit('a', 'a');
      lanes.submit('ask', 'ask');
      const stopped = lanes.stop();
      await end('a');
      await end('ask');
      await stopped;
      expect(started).toEqual(['a', 'ask']);
      expect(requestSlots.free).toBe(1);
    });
  });
});
