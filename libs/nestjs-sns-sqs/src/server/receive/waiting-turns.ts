interface Waiting<T> {
  readonly item: T;
  readonly turn: number;
  /** Of those with the same turn, the one that came first is before the others. */
  readonly order: number;
  isGone: boolean;
}

/** Places of those that are gone are taken out when there are more of them than of the others, and more than this. */
const SLACK = 64;

/** Those that wait, by their turns: the first is found in a time that hardly grows with how many wait. */
export class WaitingTurns<T> {
  private readonly waiting = new Map<T, Waiting<T>>();
  /** A binary heap; those that are gone stay until they are at its top. */
  private heap: Array<Waiting<T>> = [];
  private added = 0;

  get size(): number {
    return this.waiting.size;
  }

  /** Undefined: it does not wait. */
  turnOf(item: T): number | undefined {
    return this.waiting.get(item)?.turn;
  }

  /** The one with the lowest turn, and of these the one that has waited longest. */
  get first(): T | undefined {
    while (this.heap[0]?.isGone) this.dropTop();
    return this.heap[0]?.item;
  }

  /** It must not wait already. */
  add(item: T, turn: number): void {
    const entry: Waiting<T> = { item, turn, order: (this.added += 1), isGone: false };
    this.waiting.set(item, entry);
    this.heap.push(entry);
    this.rise(this.heap.length - 1);
  }

  /** False: it did not wait. */
  delete(item: T): boolean {
    const entry = this.waiting.get(item);
    if (!entry) return false;
    this.waiting.delete(item);
    entry.isGone = true;
    if (this.heap.length > SLACK && this.heap.length > 2 * this.waiting.size) this.sweep();
    return true;
  }

  private dropTop(): void {
    const last = this.heap.pop();
    if (!last || this.heap.length === 0) return;
    this.heap[0] = last;
    this.sink(0);
  }

  /** A sorted list is a heap. */
  private sweep(): void {
    this.heap = this.heap.filter(({ isGone }) => !isGone).sort((one, other) => (isBefore(one, other) ? -1 : 1));
  }

  private rise(from: number): void {
    for (let at = from; at > 0;) {
      const above = (at - 1) >> 1;
      if (!this.swapUnlessBefore(above, at)) return;
      at = above;
    }
  }

  private sink(from: number): void {
    for (let at = from; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      const [one, other] = [this.heap[left], this.heap[right]];
      const below = one && other && isBefore(other, one) ? right : left;
      if (!this.swapUnlessBefore(at, below)) return;
      at = below;
    }
  }

  /** False: what is above comes first, or there is nothing below. */
  private swapUnlessBefore(above: number, below: number): boolean {
    const [upper, lower] = [this.heap[above], this.heap[below]];
    if (!upper || !lower || isBefore(upper, lower)) return false;
    this.heap[above] = lower;
    this.heap[below] = upper;
    return true;
  }
}

const isBefore = (one: Waiting<unknown>, other: Waiting<unknown>): boolean =>
  one.turn < other.turn || (one.turn === other.turn && one.order < other.order);
