import fc from 'fast-check';
import { WaitingTurns } from './waiting-turns.js';

/** As it is meant: those that wait in the order of their coming, and a look at each of them. */
class Plain {
  private readonly waiting: Array<{ item: number; turn: number }> = [];

  get first(): number | undefined {
    const lowest = Math.min(...this.waiting.map(({ turn }) => turn));
    return this.waiting.find(({ turn }) => turn === lowest)?.item;
  }

  turnOf(item: number): number | undefined {
    return this.waiting.find(each => each.item === item)?.turn;
  }

  add(item: number, turn: number): void {
    this.waiting.push({ item, turn });
  }

  delete(item: number): void {
    const at = this.waiting.findIndex(each => each.item === item);
    if (at >= 0) this.waiting.splice(at, 1);
  }
}

describe('WaitingTurns', () => {
  it('gives the lowest turn first, and of equal ones who came first', () => {
    const turns = new WaitingTurns<string>();
    turns.add('late', 2);
    turns.add('one', 1);
    turns.add('other', 1);
    const order: Array<string | undefined> = [];
    while (turns.size > 0) {
      const { first = '' } = turns;
      order.push(first);
      expect(turns.delete(first)).toBe(true);
    }
    expect([order, turns.first, turns.delete('one')]).toEqual([['one', 'other', 'late'], undefined, false]);
  });

  it('does as a plain list does, whoever comes and goes', () => {
    const step = fc.record({ item: fc.nat(150), turn: fc.nat(6), leaves: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 600 }), steps => {
        const turns = new WaitingTurns<number>();
        const plain = new Plain();
        for (const { item, turn, leaves } of steps) {
          if (leaves) {
            turns.delete(item);
            plain.delete(item);
          } else if (turns.turnOf(item) === undefined) {
            turns.add(item, turn);
            plain.add(item, turn);
          }
          expect([turns.first, turns.turnOf(item)]).toEqual([plain.first, plain.turnOf(item)]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('keeps no place for those that came and went behind one that stays', () => {
    const turns = new WaitingTurns<object>();
    turns.add({}, 0);
    for (let count = 0; count < 10_000; count += 1) {
      const guest = {};
      turns.add(guest, 1);
      turns.delete(guest);
    }
    expect((turns as unknown as { heap: unknown[] }).heap.length).toBeLessThan(100);
  });
});
