/** Weight of a new value: the last hundred or so count. */
const WEIGHT = 0.02;

/** How long a slot is busy for one message of each queue, on average and of late, in seconds. */
export class MeanDurations {
  private readonly means = new Map<string, { seconds: number }>();
  /** Queues whose handlers are called for many messages at once: a message's own time is that of its whole batch. */
  private readonly ofBatches = new Set<string>();

  /** A message was handled, alone or with others. */
  note(queue: string, seconds: number): void {
    if (!this.ofBatches.has(queue)) this.add(queue, seconds);
  }

  /** A handler was called for so many messages. */
  noteBatch(queue: string, seconds: number, count: number): void {
    if (!this.ofBatches.has(queue)) this.means.delete(queue);
    this.ofBatches.add(queue);
    if (count > 0) this.add(queue, seconds / count);
  }

  private add(queue: string, seconds: number): void {
    const mean = this.means.get(queue);
    if (mean) mean.seconds += WEIGHT * (seconds - mean.seconds);
    else this.means.set(queue, { seconds });
  }

  /** Undefined: nothing was handled yet. */
  of(queue: string): number | undefined {
    return this.means.get(queue)?.seconds;
  }
}
