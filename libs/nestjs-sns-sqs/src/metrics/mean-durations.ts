/** Weight of a new value: the last hundred or so count. */
const WEIGHT = 0.02;

/** The mean time of one delivery of each queue, of late, in seconds. */
export class MeanDurations {
  private readonly means = new Map<string, number>();

  note(queue: string, seconds: number): void {
    const before = this.means.get(queue) ?? seconds;
    this.means.set(queue, before + WEIGHT * (seconds - before));
  }

  /** Undefined: nothing was handled yet. */
  of(queue: string): number | undefined {
    return this.means.get(queue);
  }
}
