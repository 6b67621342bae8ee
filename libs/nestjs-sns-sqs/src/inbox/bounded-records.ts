export interface Forgettable {
  /** By the store's clock, in milliseconds; Infinity: never. */
  forgetAt: number;
}

export interface BoundedRecordsOptions<T> {
  max: number;
  /** True: it may not be forgotten to make room. */
  isInUse: (record: T, now: number) => boolean;
  /** One was forgotten to make room. */
  onForget: () => void;
}

/** Records that are looked at for each one that is put: those in use are put behind, so each is looked at once in a while. */
const LOOKS = 16;

/** Records by key, in the order of their last use. Beyond `max` those that were not used for longest are forgotten. */
export class BoundedRecords<T extends Forgettable> {
  private readonly records = new Map<string, T>();

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
    this.records.set(id, record);
    if (this.records.size > this.options.max) this.makeRoom(now);
  }

  delete(id: string): void {
    this.records.delete(id);
  }

  private makeRoom(now: number): void {
    const { max, isInUse, onForget } = this.options;
    let looks = 0;
    for (const [id, record] of this.records) {
      if (this.records.size <= max || looks === LOOKS) return;
      looks += 1;
      this.records.delete(id);
      if (isInUse(record, now)) this.records.set(id, record);
      else if (record.forgetAt > now) onForget();
    }
  }
}
