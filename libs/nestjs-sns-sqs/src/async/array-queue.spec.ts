import { ArrayQueue } from './array-queue.js';

describe('ArrayQueue', () => {
  it('gives its items in their order, some at a time', () => {
    const queue = new ArrayQueue<number>();
    for (let n = 0; n < 3; n += 1) queue.push(n);
    expect(queue.take(2)).toEqual([0, 1]);
    queue.push(3);
    expect([queue.length, queue.at(0), queue.at(1), queue.at(2)]).toEqual([2, 2, 3, undefined]);
    expect(queue.take(10)).toEqual([2, 3]);
    expect(queue.length).toBe(0);
  });

  it('keeps its order however many went through', () => {
    const queue = new ArrayQueue<number>();
    const out: number[] = [];
    for (let n = 0; n < 10_000; n += 1) {
      queue.push(n);
      if (n % 3 === 0) out.push(...queue.take(2));
    }
    out.push(...queue.take(10_000));
    expect(out).toEqual(Array.from({ length: 10_000 }, (_, n) => n));
  });

  it('keeps nothing of what was taken', () => {
    const queue = new ArrayQueue<object>();
    for (let n = 0; n < 100; n += 1) queue.push({ n });
    queue.take(60);
    const { items } = queue as unknown as { items: unknown[] };
    expect(items.filter(item => item !== undefined)).toHaveLength(40);
  });
});
