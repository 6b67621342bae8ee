/** So many empty places may lie before the first; then the list is cut. */
const SLACK = 1_024;

/** First in, first out. Taking from the front of a long array would move all the rest each time. */
export class ArrayQueue<T> {
  private items: Array<T | undefined> = [];
  private first = 0;

  get length(): number {
    return this.items.length - this.first;
  }

  push(item: T): void {
    this.items.push(item);
  }

  at(index: number): T | undefined {
    return this.items[this.first + index];
  }

  shift(): T | undefined {
    const [item] = this.take(1);
    return item;
  }

  /** Takes out the one at `index`, and moves those behind it. */
  remove(index: number): void {
    this.items.splice(this.first + index, 1);
  }

  take(count: number): T[] {
    const end = Math.min(this.first + count, this.items.length);
    const taken = this.items.slice(this.first, end) as T[];
    // Left there, it would be kept for as long as the list is: through several runs of the garbage collector.
    this.items.fill(undefined, this.first, end);
    this.first = end;
    if (this.first >= SLACK || this.first === this.items.length) {
      this.items = this.items.slice(this.first);
      this.first = 0;
    }
    return taken;
  }
}
