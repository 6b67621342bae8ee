import { jest } from '@jest/globals';
import { Slots } from './slots.js';

const user = () => ({ pump: jest.fn() });

describe('Slots', () => {
  it('gives out as many as there are', () => {
    const slots = new Slots(2);
    const one = user();
    expect([slots.take(one), slots.take(one), slots.take(one)]).toEqual([true, true, false]);
    expect(slots.free).toBe(0);
  });

  it('offers a freed slot to who has waited longest, and to nobody else before', () => {
    const slots = new Slots(1);
    const [one, two, three] = [user(), user(), user()];
    slots.take(one);
    slots.take(two);
    slots.take(three);
    slots.release();
    expect(two.pump).toHaveBeenCalledTimes(1);
    expect(slots.take(one)).toBe(false);
    expect(slots.take(two)).toBe(true);
  });

  it('passes over who has nothing to run any more', () => {
    const slots = new Slots(1);
    const [one, two, three] = [user(), user(), user()];
    slots.take(one);
    slots.take(two);
    slots.take(three);
    slots.forget(two);
    slots.release();
    expect(two.pump).not.toHaveBeenCalled();
    expect(three.pump).toHaveBeenCalledTimes(1);
  });
});
