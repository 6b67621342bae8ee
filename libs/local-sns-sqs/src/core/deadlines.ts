import type { Clock, ClockTimer } from './clock.js';

/** Something that happens at a time: a delay or a visibility timeout ends, a long poll gives up. */
export abstract class Due {
  dueAt = 0;
  /** Position in the heap; -1 when nothing is scheduled. */
  heapIndex = -1;

  abstract onDue(now: number): void;
}

/** All that is scheduled, in one indexed heap (O(log n) to add or cancel) behind one timer of the clock. */
export class Deadlines {
  private readonly heap: Due[] = [];
  private timer: ClockTimer | undefined;
  private armedFor = Infinity;

  constructor(
    private readonly clock: Clock,
    private readonly afterRun: () => void,
  ) {}

  get size(): number {
    return this.heap.length;
  }

  schedule(item: Due, at: number): void {
    item.dueAt = at;
    if (item.heapIndex < 0) {
      item.heapIndex = this.heap.length;
      this.heap.push(item);
      this.up(item);
    } else {
      this.up(item);
      this.down(item);
    }
    if (this.heap[0].dueAt < this.armedFor) this.arm();
  }

  cancel(item: Due): void {
    const index = item.heapIndex;
    if (index < 0) return;
    item.heapIndex = -1;
    const last = this.heap.pop();
    if (last === undefined || last === item) return;
    this.heap[index] = last;
    last.heapIndex = index;
    this.up(last);
    this.down(last);
  }

  /** Runs what is due; operations call it first, so that time is exact even when the timer is late. */
  runDue(): void {
    const now = this.clock.now();
    if (this.heap.length === 0 || this.heap[0].dueAt > now) return;
    while (this.heap.length > 0 && this.heap[0].dueAt <= now) {
      const item = this.heap[0];
      this.cancel(item);
      item.onDue(now);
    }
    this.afterRun();
  }

  clear(): void {
    this.timer?.cancel();
    this.timer = undefined;
    this.armedFor = Infinity;
    for (const item of this.heap) item.heapIndex = -1;
    this.heap.length = 0;
  }

  private arm(): void {
    this.timer?.cancel();
    this.armedFor = this.heap[0].dueAt;
    this.timer = this.clock.setTimer(this.armedFor, () => {
      this.timer = undefined;
      this.armedFor = Infinity;
      this.runDue();
      if (this.heap.length > 0 && this.heap[0].dueAt < this.armedFor) this.arm();
    });
  }

  private up(item: Due): void {
    const { heap } = this;
    let index = item.heapIndex;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex];
      if (parent.dueAt <= item.dueAt) break;
      heap[index] = parent;
      parent.heapIndex = index;
      index = parentIndex;
    }
    heap[index] = item;
    item.heapIndex = index;
  }

  private down(item: Due): void {
    const { heap } = this;
    let index = item.heapIndex;
    for (;;) {
      let childIndex = 2 * index + 1;
      if (childIndex >= heap.length) break;
      if (childIndex + 1 < heap.length && heap[childIndex + 1].dueAt < heap[childIndex].dueAt) childIndex++;
      const child = heap[childIndex];
      if (child.dueAt >= item.dueAt) break;
      heap[index] = child;
      child.heapIndex = index;
      index = childIndex;
    }
    heap[index] = item;
    item.heapIndex = index;
  }
}
