import { Deadlines } from '../deadlines.js';
import { VirtualClock } from '../virtual-clock.js';
import { Waiters } from './waiters.js';

function rig() {
  const clock = new VirtualClock(0);
  const waiters = new Waiters<string>(new Deadlines(clock, () => undefined));
  const shop: string[] = [];
  const answers: Array<[string, string | undefined]> = [];
  const wait = (name: string, until: number) =>
    waiters.add(
      until,
      () => shop.shift(),
      result => void answers.push([name, result]),
    );
  return { clock, waiters, shop, answers, wait };
}

describe('Waiters (sqs-short-and-long-polling)', () => {
  it('serves who came first, and leaves the others waiting', () => {
    const { waiters, shop, answers, wait } = rig();
    wait('first', 100);
    wait('second', 100);
    shop.push('x');
    waiters.serve();
    expect(answers).toEqual([['first', 'x']]);
    expect(waiters.size).toBe(1);
  });

  it('serves on for as long as there is something', () => {
    const { waiters, shop, answers, wait } = rig();
    for (const name of ['a', 'b', 'c']) wait(name, 100);
    shop.push('x', 'y');
    waiters.serve();
    expect(answers).toEqual([
      ['a', 'x'],
      ['b', 'y'],
    ]);
  });

  it('answers with nothing when the time is over, once', () => {
    const { clock, waiters, shop, answers, wait } = rig();
    wait('a', 100);
    clock.advance(100);
    expect(answers).toEqual([['a', undefined]]);
    shop.push('x');
    waiters.serve();
    expect(answers).toHaveLength(1);
    expect(shop).toEqual(['x']);
  });

  it('does not answer again, at its time, who was served', () => {
    const { clock, waiters, shop, answers, wait } = rig();
    wait('a', 100);
    shop.push('x');
    waiters.serve();
    clock.advance(200);
    expect(answers).toEqual([['a', 'x']]);
  });

  it('never answers who went away', () => {
    const { clock, waiters, shop, answers, wait } = rig();
    waiters.cancel(wait('gone', 100));
    wait('here', 100);
    shop.push('x');
    waiters.serve();
    clock.advance(200);
    expect(answers).toEqual([['here', 'x']]);
  });

  it('sends all away empty', () => {
    const { waiters, answers, wait } = rig();
    wait('a', 100);
    wait('b', 100);
    waiters.dismiss();
    expect(answers).toEqual([
      ['a', undefined],
      ['b', undefined],
    ]);
    expect(waiters.size).toBe(0);
  });
});
