import { Deadlines, Due } from './deadlines.js';
import { VirtualClock } from './virtual-clock.js';

class Noted extends Due {
  constructor(
    readonly name: string,
    private readonly log: string[],
  ) {
    super();
  }

  onDue(now: number): void {
    this.log.push(`${this.name}@${now}`);
  }
}

function rig() {
  const clock = new VirtualClock(0);
  const log: string[] = [];
  const deadlines = new Deadlines(clock, () => log.push('settled'));
  return { clock, log, deadlines, due: (name: string) => new Noted(name, log) };
}

describe('Deadlines', () => {
  it('runs what is scheduled at its time, in order of time', () => {
    const { clock, log, deadlines, due } = rig();
    deadlines.schedule(due('late'), 300);
    deadlines.schedule(due('early'), 100);
    deadlines.schedule(due('middle'), 200);
    clock.advance(250);
    expect(log).toEqual(['early@100', 'settled', 'middle@200', 'settled']);
    expect(deadlines.size).toBe(1);
  });

  it('keeps any number in order', () => {
    const { clock, log, deadlines, due } = rig();
    const times = Array.from({ length: 500 }, (_, index) => ((index * 7_919) % 500) + 1);
    for (const time of times) deadlines.schedule(due('x'), time);
    clock.advance(1_000);
    const ran = log.filter(line => line !== 'settled').map(line => Number(line.slice(2)));
    expect(ran).toEqual(times.toSorted((a, b) => a - b));
  });

  it('moves what is scheduled again, later or earlier', () => {
    const { clock, log, deadlines, due } = rig();
    const [sooner, later] = [due('sooner'), due('later')];
    deadlines.schedule(sooner, 500);
    deadlines.schedule(later, 100);
    deadlines.schedule(sooner, 50);
    deadlines.schedule(later, 700);
    clock.advance(1_000);
    expect(log).toEqual(['sooner@50', 'settled', 'later@700', 'settled']);
  });

  it('does not run what is cancelled, wherever it stands', () => {
    const { clock, log, deadlines, due } = rig();
    const items = Array.from({ length: 20 }, (_, index) => due(`${index}`));
    for (const [index, item] of items.entries()) deadlines.schedule(item, 100 + index);
    for (const [index, item] of items.entries()) if (index % 3 !== 0) deadlines.cancel(item);
    deadlines.cancel(items[1]);
    clock.advance(1_000);
    expect(log.filter(line => line !== 'settled').map(line => line.split('@')[0])).toEqual(
      items.filter((_, index) => index % 3 === 0).map(({ name }) => name),
    );
  });

  it('runs what is due before an operation, even when the timer is late', () => {
    const log: string[] = [];
    let now = 0;
    const deadlines = new Deadlines({ now: () => now, setTimer: () => ({ cancel: () => undefined }) }, () => undefined);
    deadlines.schedule(new Noted('late timer', log), 100);
    now = 99;
    deadlines.runDue();
    expect(log).toEqual([]);
    now = 150;
    deadlines.runDue();
    expect(log).toEqual(['late timer@150']);
  });

  it('needs one timer, however much is scheduled', () => {
    const { clock, deadlines, due } = rig();
    for (let time = 100; time > 0; time -= 1) deadlines.schedule(due('x'), time);
    expect(clock.timers).toBe(1);
  });

  it('forgets everything when cleared, and can be used again', () => {
    const { clock, log, deadlines, due } = rig();
    const item = due('a');
    deadlines.schedule(item, 100);
    deadlines.clear();
    expect(clock.timers).toBe(0);
    deadlines.schedule(item, 200);
    clock.advance(300);
    expect(log).toEqual(['a@200', 'settled']);
  });
});
