import { jest } from '@jest/globals';
import { Lanes } from './lanes.js';

/** Lanes whose work ends when the test says so. */
function lanesByHand() {
  const started: string[] = [];
  const ends = new Map<string, (goOn: boolean) => void>();
  const returned: Array<{ items: string[]; failed: string | undefined }> = [];
  const onIdle = jest.fn();
  const lanes = new Lanes<string>(
    item => {
      started.push(item);
      return new Promise(resolve => ends.set(item, resolve));
    },
    (items, failed) => returned.push({ items, failed }),
    onIdle,
  );
  const end = async (item: string, goOn = true): Promise<void> => {
    ends.get(item)?.(goOn);
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  };
  return { lanes, started, returned, onIdle, end };
}

describe('Lanes', () => {
  it('runs one item of a key at a time, in order', async () => {
    const { lanes, started, end } = lanesByHand();
    for (const item of ['1', '2', '3']) lanes.submit(item, 'a');
    expect(started).toEqual(['1']);
    expect(lanes.waiting).toBe(2);
    await end('1');
    expect(started).toEqual(['1', '2']);
    await end('2');
    expect(started).toEqual(['1', '2', '3']);
  });

  it('runs different keys, and items without one, side by side', () => {
    const { lanes, started } = lanesByHand();
    lanes.submit('a1', 'a');
    lanes.submit('b1', 'b');
    lanes.submit('x', undefined);
    lanes.submit('y', undefined);
    expect(started).toEqual(['a1', 'b1', 'x', 'y']);
    expect(lanes.active).toBe(4);
  });

  it('gives back what waits behind a failed item, and says behind which', async () => {
    const { lanes, started, returned, end } = lanesByHand();
    for (const item of ['1', '2', '3']) lanes.submit(item, 'a');
    lanes.submit('b1', 'b');
    lanes.submit('b2', 'b');
    await end('1', false);
    expect(returned).toEqual([{ items: ['2', '3'], failed: '1' }]);
    await end('b1');
    expect(started).toEqual(['1', 'b1', 'b2']);
  });

  it('gives nothing back when nothing waits behind a failed item', async () => {
    const { lanes, returned, end } = lanesByHand();
    lanes.submit('1', 'a');
    await end('1', false);
    expect(returned).toEqual([]);
  });

  it('runs a key again after its lane has failed or ended', async () => {
    const { lanes, started, end } = lanesByHand();
    lanes.submit('1', 'a');
    await end('1', false);
    lanes.submit('2', 'a');
    expect(started).toEqual(['1', '2']);
  });

  it('tells each time that there is room again', async () => {
    const { lanes, onIdle, end } = lanesByHand();
    lanes.submit('1', 'a');
    lanes.submit('2', 'a');
    lanes.submit('x', undefined);
    await end('x');
    expect(onIdle).toHaveBeenCalledTimes(1);
    await end('1');
    expect(onIdle).toHaveBeenCalledTimes(1);
    await end('2');
    expect(onIdle).toHaveBeenCalledTimes(2);
    expect(lanes.active).toBe(0);
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
});
