/** While messages are in work a receive waits that long, in milliseconds, for room for a full one: calls cost money and CPU. */
const BATCH_WAIT_MS = 5;

/** The moment that a receive waits for a fuller batch. */
export class BatchWait {
  private timer: NodeJS.Timeout | undefined;
  private over = false;

  /** @param onOver called when the time is up */
  constructor(private readonly onOver: () => void) {}

  get isRunning(): boolean {
    return this.timer !== undefined;
  }

  /** It has been waited for long enough since the last receive. */
  get isOver(): boolean {
    return this.over;
  }

  start(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.over = true;
      this.onOver();
    }, BATCH_WAIT_MS);
  }

  /** A receive begins: the next one may wait again. */
  reset(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.over = false;
  }
}
