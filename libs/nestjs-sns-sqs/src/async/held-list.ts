/** Where an item stands in a {@link HeldList}. */
export interface Place<T> {
  readonly item: T;
  before: Place<T> | undefined;
  after: Place<T> | undefined;
}

/**
 * Items in the order in which they came, to be taken out one by one: what is in work for a moment. A Map or a Set would
 * do, but for the garbage collector: with each few hundred changes it moves to a new table, and the table that is left
 * leads to the new one. Once the collector counts one table as old, all that has been in any table since is kept until
 * its next full run: with 500 emits at one time that is most of its work. A place that was taken out leads nowhere.
 */
export class HeldList<T> implements Iterable<T> {
  private firstPlace: Place<T> | undefined;
  private lastPlace: Place<T> | undefined;
  private count = 0;

  get size(): number {
    return this.count;
  }

  get first(): T | undefined {
    return this.firstPlace?.item;
  }

  add(item: T): Place<T> {
    const last = this.lastPlace;
    const place: Place<T> = { item, before: last, after: undefined };
    if (last) last.after = place;
    else this.firstPlace = place;
    this.lastPlace = place;
    this.count += 1;
    return place;
  }

  /** False: it was taken out before. */
  remove(place: Place<T>): boolean {
    const { before, after } = place;
    if (!before && this.firstPlace !== place) return false;
    if (before) before.after = after;
    else this.firstPlace = after;
    if (after) after.before = before;
    else this.lastPlace = before;
    place.before = place.after = undefined;
    this.count -= 1;
    return true;
  }

  clear(): void {
    for (let place = this.firstPlace; place;) {
      const { after } = place;
      place.before = place.after = undefined;
      place = after;
    }
    this.firstPlace = this.lastPlace = undefined;
    this.count = 0;
  }

  *[Symbol.iterator](): Generator<T> {
    for (const { item } of this.places()) yield item;
  }

  /** The one that was just given may be taken out meanwhile, and no other. */
  *places(): Generator<Place<T>> {
    for (let place = this.firstPlace; place;) {
      const { after } = place;
      yield place;
      place = after;
    }
  }
}
