/** Weight of the latest observation in the running averages. */
const WEIGHT = 0.2;
/** The rate is looked at once in so many milliseconds. */
const WINDOW_MS = 20;
/** Of the concurrency: an estimate that is wrong must not fill a buffer. */
const MAX_SHARE = 0.4;
/** Asking for what ends would hold the rate where it is: a little more finds out whether it can rise. */
const MARGIN = 1.2;
/** Receives are made for ten: so many may have ended before one is worth making. */
const ONE_RECEIVE = 9;

/**
 * How many messages to ask for beyond the free slots. A receive takes its time, and slots that wait for its answer are
 * idle: so it is made that much earlier, by as many messages as end while it is under way (rate of ends × duration of
 * a receive). Messages then arrive as slots get free; where handlers are slow beside a receive, that is none at all.
 */
export class Lookahead {
  private ended = 0;
  private windowFrom: number;
  private ratePerMs = 0;
  private receiveMs = 0;

  constructor(
    private readonly concurrency: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.windowFrom = now();
  }

  /** A message has left its slot. */
  noteEnd(): void {
    this.ended += 1;
  }

  /** A receive that was answered at once took that long, in milliseconds. */
  noteReceive(ms: number): void {
    this.receiveMs = this.receiveMs === 0 ? ms : this.receiveMs + (ms - this.receiveMs) * WEIGHT;
  }

  get messages(): number {
    const elapsed = this.now() - this.windowFrom;
    if (elapsed >= WINDOW_MS) {
      this.ratePerMs += (this.ended / elapsed - this.ratePerMs) * (elapsed > 10 * WINDOW_MS ? 1 : WEIGHT);
      this.ended = 0;
      this.windowFrom += elapsed;
    }
    const during = this.ratePerMs * this.receiveMs;
    if (during < 1) return 0;
    return Math.min(Math.ceil(during * MARGIN) + ONE_RECEIVE, Math.floor(this.concurrency * MAX_SHARE));
  }
}
