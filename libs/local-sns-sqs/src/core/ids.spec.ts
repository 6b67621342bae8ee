import { Ids } from './ids.js';

describe('Ids', () => {
  it('gives the same ids for the same seed, others for another', () => {
    const three = (seed: number): string[] => {
      const ids = new Ids(seed);
      return [ids.uuid(), ids.uuid(), ids.uuid()];
    };
    expect(three(1)).toEqual(three(1));
    expect(three(1)).not.toEqual(three(2));
  });

  it('gives random UUIDs (version 4) that do not repeat', () => {
    const ids = new Ids(7);
    const given = Array.from({ length: 5_000 }, () => ids.uuid());
    expect(new Set(given).size).toBe(given.length);
    for (const id of given) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('seals numbers so that none can be changed, and differently for each seed', () => {
    const ids = new Ids(7);
    const seal = ids.seal(1, 2, 3);
    expect(ids.seal(1, 2, 3)).toBe(seal);
    expect([ids.seal(2, 2, 3), ids.seal(1, 3, 3), ids.seal(1, 2, 4), new Ids(8).seal(1, 2, 3)]).not.toContain(seal);
  });
});
