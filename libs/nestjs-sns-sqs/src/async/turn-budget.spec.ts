import { setImmediate as turn } from 'node:timers/promises';
import { TurnBudget } from './turn-budget.js';

function claiming(budget: TurnBudget) {
  const begun: string[] = [];
  const claim = (name: string, cost: number): void => {
    const later = budget.claim(cost);
    if (later) void later.then(() => begun.push(name));
    else begun.push(name);
  };
  return { begun, claim };
}

describe('TurnBudget', () => {
  it('lets work begin at once as long as there is something left', () => {
    const { begun, claim } = claiming(new TurnBudget(10));
    for (const name of ['a', 'b', 'c']) claim(name, 5);
    expect(begun).toEqual(['a', 'b']);
  });

  it('lets the rest begin in the next turns, in its order, a budget each', async () => {
    const { begun, claim } = claiming(new TurnBudget(10));
    for (const name of ['a', 'b', 'c', 'd', 'e']) claim(name, 10);
    const seen: number[] = [];
    while (begun.length < 5) {
      await turn();
      seen.push(begun.length);
    }
    expect(begun).toEqual(['a', 'b', 'c', 'd', 'e']);
    // Each turn lets one begin.
    expect(new Set(seen).size).toBe(seen.length);
    expect(Math.max(...seen.map((count, at) => count - (seen[at - 1] ?? 1)))).toBe(1);
  });

  it('gives work that is larger than a budget a turn for itself', async () => {
    const { begun, claim } = claiming(new TurnBudget(10));
    claim('large', 1_000);
    claim('small', 1);
    expect(begun).toEqual(['large']);
    while (begun.length < 2) await turn();
  });

  it('lets nothing overtake what waits', async () => {
    const budget = new TurnBudget(10);
    const { begun, claim } = claiming(budget);
    for (const name of ['a', 'b', 'c']) claim(name, 10);
    await turn();
    claim('d', 1);
    while (begun.length < 4) await turn();
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
  });

  it('has the whole budget again in a later turn', async () => {
    const budget = new TurnBudget(10);
    expect(budget.claim(10)).toBeUndefined();
    await turn();
    await turn();
    expect(budget.claim(10)).toBeUndefined();
  });
});
