/** A mark of another process, as it was found. */
interface Sighting {
  value: string;
  at: number;
}

/** Marks of others that are remembered. */
const REMEMBERED = 1_000;

/** Tells marks that processes renew from those whose process has died: these stay as they are. */
export class MarkSightings {
  /** By name of the mark. */
  private readonly sightings = new Map<string, Sighting>();

  /** @param deadAfterMs for so long a mark stays the same that is of a process that has died */
  constructor(
    private readonly deadAfterMs: number,
    private readonly now: () => number,
  ) {}

  /** It was the same so long ago. */
  isDead(name: string, value: string): boolean {
    const now = this.now();
    const seen = this.sightings.get(name);
    if (seen?.value === value) return now - seen.at >= this.deadAfterMs;
    this.sightings.delete(name);
    this.sightings.set(name, { value, at: now });
    if (this.sightings.size > REMEMBERED) this.sightings.delete(this.sightings.keys().next().value ?? name);
    return false;
  }

  forget(names: readonly string[]): void {
    for (const name of names) this.sightings.delete(name);
  }
}
