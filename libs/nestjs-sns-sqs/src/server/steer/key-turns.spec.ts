import { KeyTurns } from './key-turns.js';

describe('KeyTurns', () => {
  it('gives each key a limit of its own', () => {
    const turns = new KeyTurns({ messages: 1, perSeconds: 2 }, { now: () => 0 });
    expect(['a', 'b', 'a', 'a', 'b'].map(key => turns.takeTurn(key, false))).toEqual([0, 0, 1_000, 3_000, 1_000]);
  });

  it('remembers ten thousand keys, those that were asked for last', () => {
    let now = 0;
    const turns = new KeyTurns({ messages: 1, perSeconds: 86_400 }, { now: () => now });
    for (let n = 0; n < 20_000; n += 1) turns.takeTurn(`${n}`, false);
    now = 1;
    expect(turns.takeTurn('19999', false)).toBeGreaterThan(0);
    expect(turns.takeTurn('0', false)).toBe(0);
  });
});
