/** Doubles with each early answer after the second. */
const PAUSE_MS = { initial: 20, max: 1_000 };
/** A long poll that ends empty before this share of its time has not waited. */
const EARLY_SHARE = 0.5;

/** Counts the receives in a row that found nothing at once, as short polls do. Each costs money, so a pause follows. */
export class EmptyAnswers {
  private inARow = 0;

  constructor(private readonly waitTimeSeconds: number) {}

  /** A receive found messages. */
  forget(): void {
    this.inARow = 0;
  }

  /** How long to wait before the next receive, in milliseconds, after one that found nothing for `tookMs`. 0: not at all. */
  pauseMsAfter(tookMs: number): number {
    const hasWaited = this.waitTimeSeconds > 0 && tookMs > this.waitTimeSeconds * 1000 * EARLY_SHARE;
    this.inARow = hasWaited ? 0 : this.inARow + 1;
    return this.inARow < 2 ? 0 : Math.min(PAUSE_MS.max, PAUSE_MS.initial * 2 ** (this.inARow - 2));
  }
}
