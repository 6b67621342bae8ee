/** What an emit has at least, in milliseconds: the app may have used up the time before it. */
const GRACE_MS = 2_000;

/** Emits that have no result yet, and the time that they have for it once the app ends. */
export class PendingEmits {
  private readonly pending = new Map<(result: unknown) => void, NodeJS.Timeout | undefined>();
  private limitedAt: number | undefined;

  /**
   * @param timeoutMs from {@link limit} on, for all
   * @param tooLate gives the result of one whose time is up
   */
  constructor(
    private readonly timeoutMs: number,
    private readonly tooLate: () => unknown,
  ) {}

  /** How long an answer may take from now on, in milliseconds, when there is a limit. */
  get rest(): number {
    if (this.limitedAt === undefined) return this.timeoutMs;
    const grace = Math.min(GRACE_MS, this.timeoutMs);
    return Math.max(grace, this.limitedAt + this.timeoutMs - performance.now());
  }

  /** Resolves as `sent` does, which never rejects, or to what `tooLate` gives. */
  resultOf(sent: Promise<unknown>): Promise<unknown> {
    return new Promise(resolve => {
      this.pending.set(resolve, this.limitedAt === undefined ? undefined : this.timerOf(resolve));
      void sent.then(result => this.end(resolve, result));
    });
  }

  /** In `timeoutMs` from now all are to have ended; what begins later than 2 s before that has 2 s. Idempotent. */
  limit(): void {
    if (this.limitedAt !== undefined) return;
    this.limitedAt = performance.now();
    for (const resolve of this.pending.keys()) this.pending.set(resolve, this.timerOf(resolve));
  }

  /** All that are left are too late. */
  giveUp(): void {
    for (const resolve of this.pending.keys()) this.end(resolve, this.tooLate());
  }

  private timerOf(resolve: (result: unknown) => void): NodeJS.Timeout {
    return setTimeout(() => this.end(resolve, this.tooLate()), this.rest);
  }

  private end(resolve: (result: unknown) => void, result: unknown): void {
    clearTimeout(this.pending.get(resolve));
    this.pending.delete(resolve);
    resolve(result);
  }
}
