import { jest } from '@jest/globals';
import { RelayPace } from './relay-pace.js';

describe('RelayPace', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  const held = (pace: RelayPace, times: number): void => {
    for (let time = 0; time < times; time += 1) pace.onHeldUp();
  };

  it('takes half as many each time that it is held up, ten at least, and twice as many once AWS accepts, up to its bound', () => {
    const pace = new RelayPace(100, () => 0.5);
    const limits = [pace.limit];
    for (const act of [
      ...Array.from({ length: 5 }, () => 'onHeldUp'),
      ...Array.from({ length: 5 }, () => 'onAccepted'),
    ]) {
      pace[act as 'onHeldUp' | 'onAccepted']();
      limits.push(pace.limit);
    }
    expect(limits).toEqual([100, 50, 25, 12, 10, 10, 20, 40, 80, 100, 100]);
  });

  it('pauses for longer each time, until it is over, and as at first once AWS has accepted', () => {
    const pace = new RelayPace(100, () => 0.5);
    expect(pace.pauseMs).toBe(0);
    held(pace, 1);
    const first = pace.pauseMs;
    held(pace, 3);
    expect(pace.pauseMs).toBeGreaterThan(2 * first);
    jest.advanceTimersByTime(60_000);
    expect(pace.pauseMs).toBe(0);
    pace.onAccepted();
    held(pace, 1);
    expect(pace.pauseMs).toBe(first);
  });
});
