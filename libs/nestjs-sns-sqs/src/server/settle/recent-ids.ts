/**
 * The latest ids, `limit` of them at least and twice as many at most. Two generations: when one is full the one before
 * it is forgotten as a whole, which costs nothing per id.
 */
export class RecentIds {
  private young = new Set<string>();
  private old: ReadonlySet<string> = new Set<string>();

  constructor(private readonly limit: number) {}

  has(id: string): boolean {
    return this.young.has(id) || this.old.has(id);
  }

  add(id: string): void {
    if (this.young.size >= this.limit) {
      this.old = this.young;
      this.young = new Set();
    }
    this.young.add(id);
  }
}
