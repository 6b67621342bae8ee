/**
 * The latest `limit` ids. A ring knows the oldest: to look for it in a Set that lost its first entries one by one is to
 * walk over all their holes.
 */
export class RecentIds {
  private readonly ids = new Set<string>();
  private readonly ring: string[] = [];
  private oldest = 0;

  constructor(private readonly limit: number) {}

  has(id: string): boolean {
    return this.ids.has(id);
  }

  add(id: string): void {
    if (this.ids.has(id)) return;
    this.ids.add(id);
    const forgotten = this.ring[this.oldest];
    if (forgotten !== undefined) this.ids.delete(forgotten);
    this.ring[this.oldest] = id;
    this.oldest = (this.oldest + 1) % this.limit;
  }
}
