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

  it('goes round by weight, and lets nobody save up', () => {
    const slots = new Slots(1);
    const got: string[] = [];
    const flooded = (name: string, weight: number) => {
      const one = { weight, pump: () => void (slots.take(one) && got.push(name)) };
      return one;
    };
    const [high, low, late] = [flooded('high', 3), flooded('low', 1), flooded('late', 1)];
    slots.take(user());
    const rounds = (count: number, ...users: Array<ReturnType<typeof flooded>>): string[] => {
      got.length = 0;
      for (let round = 0; round < count; round += 1) {
        for (const one of users) slots.take(one);
        slots.release();
      }
      return got;
    };
    const first = rounds(40, high, low);
    expect([first.filter(name => name === 'high').length, first.length]).toEqual([30, 40]);
    const second = rounds(50, high, low, late);
    expect([10, 11]).toContain(second.filter(name => name === 'late').length);
    expect(second.filter(name => name === 'high').length).toBeGreaterThanOrEqual(29);
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
