import { thrownText } from '../../errors/thrown.js';

/** Records of each kind that one step deletes at most: it is a short transaction. */
const STEP = 1_000;

/** A clean-up that fails once may have met an outage, which other calls tell of. */
const TOLD_FROM = 3;

/** Deletes old records from time to time, step by step. */
export class InboxCleaner {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private isStopped = false;
  /** In a row. */
  private failures = 0;

  /** @param step deletes so many of each kind at most, and gives how many of one kind it has deleted */
  constructor(
    private readonly everySeconds: number,
    private readonly step: (most: number) => Promise<number>,
  ) {}

  /** From now on; the timer keeps no process alive. */
  start(): void {
    if (this.timer !== undefined || this.everySeconds === 0 || this.isStopped) return;
    this.timer = setInterval(() => void this.runInTime(), this.everySeconds * 1_000);
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

  /** Without old records being deleted the tables grow, and nothing else fails. */
  private async runInTime(): Promise<void> {
    try {
      await this.run();
      this.failures = 0;
    } catch (error) {
      this.failures += 1;
      if (this.failures !== TOLD_FROM) return;
      process.emitWarning(
        `The inbox could not delete its old records ${TOLD_FROM} times in a row, and its tables grow: ${thrownText(error)}. The inbox tries again every ${this.everySeconds} s. Remedy: check the rights of the database's user, its time limits, and run \`migrate()\` after an update.`,
        { code: 'NESTJS_SNS_SQS_INBOX_CLEAN_UP' },
      );
    }
  }

  private async runSteps(): Promise<void> {
    while (!this.isStopped && (await this.step(STEP)) >= STEP);
  }
}
