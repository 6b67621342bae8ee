/** Records of each kind that one step deletes at most: it is a short transaction. */
const STEP = 1_000;

/** Deletes old records from time to time, step by step. */
export class InboxCleaner {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private isStopped = false;

  /** @param step deletes so many of each kind at most, and gives how many of one kind it has deleted */
  constructor(
    private readonly everySeconds: number,
    private readonly step: (most: number) => Promise<number>,
  ) {}

  /** From now on; the timer keeps no process alive. */
  start(): void {
    if (this.timer !== undefined || this.everySeconds === 0 || this.isStopped) return;
    // A store that is away is told of by the calls that need it.
    this.timer = setInterval(() => void this.run().catch(() => undefined), this.everySeconds * 1_000);
    this.timer.unref();
  }

  /** Until nothing old is left, or this is stopped. Rejects with what the database says. */
  run(): Promise<void> {
    this.running ??= this.runSteps().finally(() => (this.running = undefined));
    return this.running;
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    clearInterval(this.timer);
    await this.running?.catch(() => undefined);
  }

  private async runSteps(): Promise<void> {
    while (!this.isStopped && (await this.step(STEP)) >= STEP);
  }
}
