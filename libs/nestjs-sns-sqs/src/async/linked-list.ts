/** The place of an item in a {@link LinkedList}. */
export interface Link<T> {
  readonly item: T;
}

interface Place<T> extends Link<T> {
  list: LinkedList<T> | undefined;
  before: Place<T> | undefined;
  after: Place<T> | undefined;
}

/**
 * Items in the order in which they came; each leaves by its link, in the same time for any number of them. For what
 * every message passes through, in place of a `Set`: V8 copies a set's table each time as many have left it as fit in,
 * and the old table refers to the new one. Once an old one has outlived two minor collections, it keeps the next one,
 * and so on: most messages live until the next full collection although nobody needs them. What leaves this list refers
 * to nothing in it.
 */
export class LinkedList<T> implements Iterable<T> {
  private head: Place<T> | undefined;
  private tail: Place<T> | undefined;
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** The one that has been here for longest. */
  get first(): Link<T> | undefined {
    return this.head;
  }

  add(item: T): Link<T> {
    const place: Place<T> = { item, list: this, before: this.tail, after: undefined };
    if (this.tail) this.tail.after = place;
    else this.head = place;
    this.tail = place;
    this.count += 1;
    return place;
  }

  has(link: Link<T> | undefined): boolean {
    return (link as Place<T> | undefined)?.list === this;
  }

  /** False: it had left. */
  remove(link: Link<T> | undefined): boolean {
    const place = link as Place<T> | undefined;
    if (place?.list !== this) return false;
    const { before, after } = place;
    if (before) before.after = after;
    else this.head = after;
    if (after) after.before = before;
    else this.tail = before;
    place.list = place.before = place.after = undefined;
    this.count -= 1;
    return true;
  }

  clear(): void {
    while (this.head) this.remove(this.head);
  }

  *[Symbol.iterator](): Generator<T> {
    for (const { item } of this.links()) yield item;
  }

  /** Of those that are here now; one that leaves before its turn is left out. */
  *links(): Generator<Link<T>> {
    const places: Array<Place<T>> = [];
    for (let place = this.head; place; place = place.after) places.push(place);
    for (const place of places) if (place.list === this) yield place;
  }
}
