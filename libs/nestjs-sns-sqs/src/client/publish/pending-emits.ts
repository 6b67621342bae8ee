/** What an emit has at least, in milliseconds: the app may have used up the time before it. */
const GRACE_MS = 2_000;

/** Emits that have no result yet, and the time that they have for it once the app ends. */
export class PendingEmits {
  private readonly pending = new Map<(error: unknown) => void, NodeJS.Timeout | undefined>();
  private limitedAt: number | undefined;

  /**
   * @param timeoutMs from {@link limit} on, for all
   * @param tooLate gives the error of one whose time is up
   */
  constructor(
    private readonly timeoutMs: number,
    private readonly tooLate: () => unknown,
  ) {}

  /** How long an answer may take from now on, in milliseconds, once the client or its app ends. */
  get rest(): number {
    if (this.limitedAt === undefined) return this.timeoutMs;
    const grace = Math.min(GRACE_MS, this.timeoutMs);
    return Math.max(grace, this.limitedAt + this.timeoutMs - performance.now());
  }

  /** Resolves to the error of what `sent` resolves to, to what it rejects with, or to what `tooLate` gives. */
  errorOf<T>(sent: Promise<T>, toError: (outcome: T) => unknown): Promise<unknown> {
    return new Promise(resolve => {
      this.pending.set(resolve, this.limitedAt === undefined ? undefined : this.timerOf(resolve));
      sent.then(
        outcome => this.end(resolve, toError(outcome)),
        (thrown: unknown) => this.end(resolve, thrown),
      );
    });
  }

  /** In `timeoutMs` from now all are to have ended; what begins less than 2 s before that, or later, has 2 s. Idempotent. */
  limit(): void {
    if (this.limitedAt !== undefined) return;
    this.limitedAt = performance.now();
    for (const resolve of this.pending.keys()) this.pending.set(resolve, this.timerOf(resolve));
  }

  /** All that are left are too late. */
  giveUp(): void {
    for (const resolve of this.pending.keys()) this.end(resolve, this.tooLate());
  }

  private timerOf(resolve: (error: unknown) => void): NodeJS.Timeout {
    return setTimeout(() => this.end(resolve, this.tooLate()), this.rest);
  }

  private end(resolve: (error: unknown) => void, error: unknown): void {
    clearTimeout(this.pending.get(resolve));
    this.pending.delete(resolve);
    resolve(error);
  }
}
