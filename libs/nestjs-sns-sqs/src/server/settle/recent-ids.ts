/** Bits of a generation, by the hash of an id: with 10,000 ids one new id in 26 looks known, and is looked up. */
const BITS = 2 ** 18;
/** Of SQS's ids, which are UUIDs, the last characters differ. */
const HASHED_CHARACTERS = 8;
/** Before there are so many, a set is in the CPU's cache, and the bits would only take memory: 32 KB for each queue. */
const MANY = 500;

/** Ids, and a bit for the hash of each where there are many. */
class Generation {
  readonly ids = new Set<string>();
  private bits: Uint32Array | undefined;

  add(id: string): void {
    this.ids.add(id);
    if (this.bits) mark(this.bits, bitOf(id));
    else if (this.ids.size >= MANY) {
      this.bits = new Uint32Array(BITS / 32);
      for (const each of this.ids) mark(this.bits, bitOf(each));
    }
  }

  has(id: string, bit: number): boolean {
    const { bits } = this;
    return (bits === undefined || ((bits[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0) && this.ids.has(id);
  }
}

/**
 * The latest ids, `limit` of them at least and twice as many at most. Two generations: when one is full the one before
 * it is forgotten as a whole, which costs nothing per id. Nearly every message is new, and a look into two large sets
 * for it goes to main memory several times, so that a bit answers first.
 */
export class RecentIds {
  private young = new Generation();
  private old = new Generation();

  constructor(private readonly limit: number) {}

  has(id: string): boolean {
    const bit = bitOf(id);
    return this.young.has(id, bit) || this.old.has(id, bit);
  }

  add(id: string): void {
    if (this.young.ids.size >= this.limit) {
      this.old = this.young;
      this.young = new Generation();
    }
    this.young.add(id);
  }
}

function mark(bits: Uint32Array, bit: number): void {
  bits[bit >>> 5] = (bits[bit >>> 5] ?? 0) | (1 << (bit & 31));
}

/** FNV-1a. */
function bitOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = Math.max(0, id.length - HASHED_CHARACTERS); at < id.length; at += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  }
  return (hash ^ (hash >>> 15)) & (BITS - 1);
}
