import { LineLimit } from './line-limit.js';

function limited() {
  const lines: string[] = [];
  let now = 0;
  const limit = new LineLimit(
    text => lines.push(text),
    () => now,
  );
  const tell = (kind: string, times: number): void => {
    for (let n = 0; n < times; n += 1) limit.tell(kind, `${kind} ${n}`);
  };
  return { lines, tell, pass: (ms: number) => (now += ms) };
}

describe('LineLimit', () => {
  it('lets five lines of a kind through in a minute, and says that it leaves out the others', () => {
    const { lines, tell } = limited();
    tell('a', 1_000);
    expect(lines).toEqual([
      'a 0',
      'a 1',
      'a 2',
      'a 3',
      'a 4. Further lines of this kind are left out until a minute is over',
    ]);
  });

  it('tells how many it has left out as soon as the minute is over', () => {
    const { lines, tell, pass } = limited();
    tell('a', 8);
    pass(60_000);
    tell('a', 2);
    pass(60_000);
    tell('a', 1);
    expect(lines.slice(5)).toEqual(['a 0 (3 such lines were left out before)', 'a 1', 'a 0']);
  });

  it('counts each kind by itself', () => {
    const { lines, tell } = limited();
    tell('a', 9);
    tell('b', 1);
    expect(lines.at(-1)).toBe('b 0');
  });
});
