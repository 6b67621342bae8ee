/** So many taken ones may lie before the first; then the list is cut. */
const SLACK = 1_024;

/** First in, first out. Taking from the front of a long array would move all the rest each time. */
export class ArrayQueue<T> {
  private items: T[] = [];
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

  take(count: number): T[] {
    const taken = this.items.slice(this.first, this.first + count);
    this.first += taken.length;
    if (this.first >= SLACK || this.first === this.items.length) {
      this.items = this.items.slice(this.first);
      this.first = 0;
    }
    return taken;
  }
}
