import { BoundedRecords, type Forgettable } from './bounded-records.js';

interface PlaceRecord extends Forgettable {
  waiting: Array<{ handle: string; until: number }>;
}

/** Messages that one place keeps, copies of one event. */
const MAX_WAITING = 5;

/** Where messages wait for their turn, in the memory of one process. */
export class MemoryPlaces {
  private readonly places: BoundedRecords<PlaceRecord>;

  /** @param max places that are known; who is pushed out is not woken, and comes when its delay ends */
  constructor(max: number) {
    this.places = new BoundedRecords<PlaceRecord>({ max });
  }

  /** `handle` waits there for so long, in milliseconds. */
  note(place: string, handle: string, forMs: number, now: number): void {
    const known = this.places.get(place, now)?.waiting ?? [];
    const waiting = [...known, { handle, until: now + forMs }].slice(-MAX_WAITING);
    this.places.put(place, { waiting, forgetAt: Math.max(...waiting.map(({ until }) => until)) }, now);
  }

  /** Those that still wait there, and do no more. */
  take(place: string, now: number): string[] {
    const found = this.places.get(place, now)?.waiting ?? [];
    this.places.delete(place);
    return found.filter(({ until }) => until > now).map(({ handle }) => handle);
  }
}
