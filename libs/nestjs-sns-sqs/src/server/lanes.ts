/**
 * Runs what is submitted: work of one key one at a time, in the order of its submission; different keys, and work
 * without a key, in parallel. When `run` resolves to false the rest of its lane, as far as it has been submitted by
 * then, is handed to `giveBack` and not run. `run` must not reject.
 */
export class Lanes<T> {
  private readonly lanes = new Map<string, T[]>();
  private readonly running = new Set<Promise<void>>();
  private stopped = false;

  constructor(
    private readonly run: (item: T) => Promise<boolean>,
    private readonly giveBack: (items: T[], failed: T | undefined) => void,
    private readonly onIdle: () => void,
  ) {}

  /** Lanes (or items without one) in work. */
  get active(): number {
    return this.running.size;
  }

  /** Items submitted and not started. */
  get waiting(): number {
    let sum = 0;
    for (const lane of this.lanes.values()) sum += lane.length;
    return sum;
  }

  submit(item: T, key: string | undefined): void {
    if (this.stopped) {
      this.giveBack([item], undefined);
      return;
    }
    if (key === undefined) {
      this.track(this.run(item));
      return;
    }
    const lane = this.lanes.get(key);
    if (lane) {
      lane.push(item);
      return;
    }
    this.lanes.set(key, [item]);
    this.track(this.drain(key));
  }

  /** Starts nothing more; hands back what has not started, and resolves when what runs has ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    for (const lane of this.lanes.values()) {
      const unstarted = lane.splice(0);
      if (unstarted.length > 0) this.giveBack(unstarted, undefined);
    }
    while (this.running.size > 0) await Promise.all(this.running);
  }

  private track(work: Promise<unknown>): void {
    const ended: Promise<void> = work.then(
      () => this.end(ended),
      () => this.end(ended),
    );
    this.running.add(ended);
  }

  private end(work: Promise<void>): void {
    this.running.delete(work);
    this.onIdle();
  }

  private async drain(key: string): Promise<void> {
    const lane = this.lanes.get(key) ?? [];
    try {
      for (let item = lane.shift(); item !== undefined; item = lane.shift()) {
        const goOn = await this.run(item);
        if (!goOn && lane.length > 0) this.giveBack(lane.splice(0), item);
      }
    } finally {
      this.lanes.delete(key);
    }
  }
}
