import { jest } from '@jest/globals';
import type { OutboxRow } from '../interfaces/outbox-store.interface.js';
import { RestingLanes } from './resting-lanes.js';

const row = (lane: string): OutboxRow => ({ row: lane, destination: 'sns:t', id: lane, type: 'a', entry: '{}', lane });
const [A, B] = ['sns:t a', 'sns:t b'];

describe('RestingLanes', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  /** In milliseconds, by whole steps. */
  function restOf(resting: RestingLanes): number {
    let ms = 0;
    for (; resting.lanes().length > 0; ms += 50) jest.advanceTimersByTime(50);
    return ms;
  }

  it('has a lane rest for longer each time that it fails, and as at first once a message of it was accepted', () => {
    const resting = new RestingLanes(() => 0.5);
    const rests = [[A], [A], [A], [], [A]].map(failed => {
      resting.learn([row('a')], failed);
      return restOf(resting);
    });
    const [first = 0, second = 0, third = 0] = rests;
    expect(first).toBeGreaterThan(0);
    expect(second).toBeGreaterThan(first);
    expect(third).toBeGreaterThan(second);
    expect(rests.slice(3)).toEqual([0, first]);
  });

  it('lets each lane rest by itself', () => {
    const resting = new RestingLanes(() => 0.5);
    resting.learn([row('a'), row('b')], [A, B]);
    expect(resting.lanes()).toEqual([A, B]);
    resting.learn([row('b')], []);
    expect(resting.lanes()).toEqual([A]);
  });
});
