import { VirtualClock } from './virtual-clock.js';

describe('VirtualClock', () => {
  it('stands still until it is moved', () => {
    const clock = new VirtualClock(1_000);
    expect(clock.now()).toBe(1_000);
    clock.advance(250);
    expect(clock.now()).toBe(1_250);
  });

  it('fires each timer at its own time, in order', () => {
    const clock = new VirtualClock(0);
    const fired: Array<[string, number]> = [];
    const note = (name: string) => () => void fired.push([name, clock.now()]);
    clock.setTimer(300, note('late'));
    clock.setTimer(100, note('first at 100'));
    clock.setTimer(100, note('second at 100'));
    clock.setTimer(301, note('too late'));
    clock.advance(300);
    expect(fired).toEqual([
      ['first at 100', 100],
      ['second at 100', 100],
      ['late', 300],
    ]);
  });

  it('fires what a timer sets on the way', () => {
    const clock = new VirtualClock(0);
    const times: number[] = [];
    const tick = (): void => {
      times.push(clock.now());
      clock.setTimer(clock.now() + 10, tick);
    };
    clock.setTimer(10, tick);
    clock.advanceTo(35);
    expect(times).toEqual([10, 20, 30]);
    expect(clock.now()).toBe(35);
  });

  it('never fires what was cancelled', () => {
    const clock = new VirtualClock(0);
    let fired = false;
    clock.setTimer(10, () => (fired = true)).cancel();
    expect(clock.timers).toBe(0);
    clock.advance(20);
    expect(fired).toBe(false);
  });

  it('never goes back', () => {
    const clock = new VirtualClock(1_000);
    clock.advanceTo(10);
    clock.setTimer(500, () => undefined);
    clock.advance(0);
    expect(clock.now()).toBe(1_000);
  });
});
