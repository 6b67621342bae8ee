export interface Forgettable {
  /** By the store's clock, in milliseconds; Infinity: never. */
  forgetAt: number;
  /** Of the records: how many were put behind before it. */
  place?: number;
}

export interface BoundedRecordsOptions<T> {
  max: number;
  /** True: it may not be forgotten to make room. @default none is in use */
  isInUse?: (record: T, now: number) => boolean;
  /** One was forgotten to make room. */
  onForget?: () => void;
}

/** Records that are looked at for each one that is put: those in use are put behind, so each is looked at once in a while. */
const LOOKS = 16;
/** Of `max`: one that has so few behind it need not be put behind them when it is used again. */
const NEWEST = 1 / 8;

/**
 * Records by key, in the order of their last use, but for an eighth of `max`. Beyond `max` those that were not used for
 * longest are forgotten, in a time that does not depend on how many there are.
 */
export class BoundedRecords<T extends Forgettable> {
  private readonly records = new Map<string, T>();
  /**
   * Stands before the record that was not used for longest. A new iterator would walk over the place of each record that
   * was deleted since the map last grew.
   */
  private oldest: Iterator<[string, T]> | undefined;
  private putsWithRoom = 0;
  private places = 0;

  constructor(private readonly options: BoundedRecordsOptions<T>) {}

  get size(): number {
    return this.records.size;
  }

  /** Undefined: unknown, or its time is over. */
  get(id: string, now: number): T | undefined {
    const record = this.records.get(id);
    if (record === undefined || record.forgetAt > now) return record;
    this.records.delete(id);
    return undefined;
  }

  /** Puts it behind all others. */
  put(id: string, record: T, now: number): void {
    this.records.delete(id);
    this.add(id, record, now);
  }

  /** One that is known is used: what was put a moment ago stays where it is, which is most of what is used again. */
  use(id: string, record: T, now: number): void {
    if (this.places - (record.place ?? 0) >= this.options.max * NEWEST) this.put(id, record, now);
  }

  /** Puts one whose key is not known behind all others. */
  add(id: string, record: T, now: number): void {
    record.place = this.places += 1;
    this.records.set(id, record);
    if (this.records.size > this.options.max) this.makeRoom(now);
    else this.dropIdleIterator();
  }

  delete(id: string): void {
    this.records.delete(id);
  }

  private makeRoom(now: number): void {
    const { max, isInUse, onForget } = this.options;
    this.putsWithRoom = 0;
    for (let looks = 0; this.records.size > max && looks < LOOKS; looks += 1) {
      const [id, record] = this.takeOldest();
      this.records.delete(id);
      if (isInUse?.(record, now)) {
        record.place = this.places += 1;
        this.records.set(id, record);
      } else if (record.forgetAt > now) onForget?.();
    }
  }

  private takeOldest(): [string, T] {
    this.oldest ??= this.records.entries();
    const next = this.oldest.next();
    if (!next.done) return next.value;
    this.oldest = undefined;
    return this.takeOldest();
  }

  /** An iterator that does not move keeps the memory of each table that the map has outgrown. */
  private dropIdleIterator(): void {
    if (this.oldest === undefined) return;
    this.putsWithRoom += 1;
    if (this.putsWithRoom > this.options.max) this.oldest = undefined;
  }
}
