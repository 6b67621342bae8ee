import { Fifo } from './fifo.js';

describe('Fifo', () => {
  it('gives its items in their order, some at a time', () => {
    const fifo = new Fifo<number>();
    for (let n = 0; n < 3; n += 1) fifo.push(n);
    expect(fifo.take(2)).toEqual([0, 1]);
    fifo.push(3);
    expect([fifo.length, fifo.at(0), fifo.at(1), fifo.at(2)]).toEqual([2, 2, 3, undefined]);
    expect(fifo.take(10)).toEqual([2, 3]);
    expect(fifo.length).toBe(0);
  });

  it('keeps its order however many went through', () => {
    const fifo = new Fifo<number>();
    const out: number[] = [];
    for (let n = 0; n < 10_000; n += 1) {
      fifo.push(n);
      if (n % 3 === 0) out.push(...fifo.take(2));
    }
    out.push(...fifo.take(10_000));
    expect(out).toEqual(Array.from({ length: 10_000 }, (_, n) => n));
  });
});
