import { jest } from '@jest/globals';
import { ClockWatch } from './clock-watch.js';

describe('ClockWatch', () => {
  let standsFor = 0;
  let watch: ClockWatch;
  const stops: Array<() => void> = [];
  const watchWith = (onJump: () => void): void => void stops.push(watch.watch(onJump));

  beforeEach(() => {
    jest.useFakeTimers();
    standsFor = 0;
    watch = new ClockWatch({ now: () => performance.now() + standsFor, wallNow: () => Date.now() });
  });
  afterEach(() => {
    stops.splice(0).forEach(stop => stop());
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  it('tells when the wall clock has run ahead: the machine was suspended, or the clock was set', () => {
    const onJump = jest.fn();
    watchWith(onJump);
    jest.advanceTimersByTime(60_000);
    expect(onJump).not.toHaveBeenCalled();
    jest.setSystemTime(Date.now() + 2_500);
    jest.advanceTimersByTime(250);
    expect(onJump).toHaveBeenCalledTimes(1);
    jest.advanceTimersByTime(60_000);
    expect(onJump).toHaveBeenCalledTimes(1);
  });

  it('tells nothing of a clock that was set back, nor of one that is corrected little by little', () => {
    const onJump = jest.fn();
    watchWith(onJump);
    jest.setSystemTime(Date.now() - 3_600_000);
    jest.advanceTimersByTime(1_000);
    for (let step = 0; step < 20; step += 1) {
      jest.setSystemTime(Date.now() + 500);
      jest.advanceTimersByTime(250);
    }
    expect(onJump).not.toHaveBeenCalled();
  });

  it('finds out at once when it is asked, before its tick', () => {
    const onJump = jest.fn();
    watchWith(onJump);
    jest.advanceTimersByTime(1_000);
    const before = performance.now();
    jest.advanceTimersByTime(10);
    jest.setSystemTime(Date.now() + 60_000);
    expect(watch.hasJumpedSince(before)).toBe(true);
    expect(onJump).toHaveBeenCalledTimes(1);
    jest.advanceTimersByTime(10);
    expect(watch.hasJumpedSince(performance.now())).toBe(false);
  });

  it('takes what is read for what has just come while the loop runs', () => {
    watchWith(() => undefined);
    jest.advanceTimersByTime(1_100);
    expect(watch.arrivalOf(performance.now())).toBe(performance.now());
  });

  it('takes what is read after a stall for what came before it, up to the next tick that is in time', () => {
    watchWith(() => undefined);
    jest.advanceTimersByTime(1_000);
    const before = performance.now();
    standsFor = 5_000;
    expect(watch.arrivalOf(before + 5_000)).toBeLessThanOrEqual(before);
    jest.advanceTimersByTime(250);
    expect(watch.arrivalOf(before + 5_250)).toBeLessThanOrEqual(before);
    jest.advanceTimersByTime(250);
    expect(watch.arrivalOf(before + 5_500)).toBe(before + 5_500);
  });

  it('has one timer for all who watch, and none when nobody does', () => {
    watchWith(() => undefined);
    watchWith(() => undefined);
    expect(jest.getTimerCount()).toBe(1);
  });

  it('knows nothing of a time in which nobody watched', () => {
    const onJump = jest.fn();
    jest.setSystemTime(Date.now() + 60_000);
    watch.check();
    watchWith(onJump);
    jest.advanceTimersByTime(500);
    expect(onJump).not.toHaveBeenCalled();
    expect(watch.hasJumpedSince(performance.now())).toBe(false);
  });
});
