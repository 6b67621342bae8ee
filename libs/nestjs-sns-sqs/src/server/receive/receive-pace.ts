import { AWS_BATCH_MAX_ENTRIES } from '../../constants.js';

/** Weight of the latest observation in the running averages. */
const WEIGHT = 0.2;
/** The rate is looked at once in so many milliseconds. */
const WINDOW_MS = 20;
/**
 * Messages ahead for each slot: an estimate that is wrong must not fill a buffer. Handlers of a fifth of a receive need
 * as many: slots, and four times as many messages that are on their way.
 */
const MAX_AHEAD_PER_SLOT = 4;
/** Asking for what ends would hold the rate where it is: a little more finds out whether it can rise. */
const MARGIN = 1.2;
/** Receives are made for ten: so many may have ended before one is worth making. */
const ONE_RECEIVE = 9;

/** Receives at one time, of the least that would carry what is handled: more than twice as many leave room to rise. */
const WIDTH_GAIN = 2.5;
/** So many receives may be under way while nothing is known. */
const MIN_RECEIVES = 10;
/** The quickest receive is looked for among those of the last 10 to 20 s. */
const QUICKEST_WINDOW_MS = 10_000;

/** How far ahead and how wide to receive, by what was measured: how many messages end, and how long a receive takes. */
export class ReceivePace {
  private ended = 0;
  private windowFrom: number;
  private ratePerMs = 0;
  private receiveMs = 0;
  private quickestFrom: number;
  private quickest = { before: Infinity, now: Infinity };

  constructor(
    private readonly concurrency: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.windowFrom = this.quickestFrom = now();
  }

  /** A message has left its slot. */
  noteEnd(): void {
    this.ended += 1;
  }

  /** A receive that was answered at once took that long, in milliseconds. */
  noteReceive(ms: number): void {
    this.receiveMs = this.receiveMs === 0 ? ms : this.receiveMs + (ms - this.receiveMs) * WEIGHT;
    const now = this.now();
    if (now - this.quickestFrom >= QUICKEST_WINDOW_MS) {
      this.quickest = { before: this.quickest.now, now: Infinity };
      this.quickestFrom = now;
    }
    this.quickest.now = Math.min(this.quickest.now, ms);
  }

  /**
   * How many messages to ask for beyond the free slots. A receive takes its time, and slots that wait for its answer
   * are idle: so it is made that much earlier, by as many messages as end while it is under way (rate of ends ×
   * duration of a receive). Messages then arrive as slots get free; where handlers are slow beside a receive, that is
   * none at all.
   */
  get prefetch(): number {
    this.measure();
    const during = this.ratePerMs * this.receiveMs;
    if (during < 1) return 0;
    return Math.min(Math.ceil(during * MARGIN) + ONE_RECEIVE, this.concurrency * MAX_AHEAD_PER_SLOT);
  }

  /**
   * How many receives may be under way at one time. Where the CPU is the bound more of them only wait, each with its
   * objects for the garbage collector to copy; so there are two and a half times those that carry what is handled: rate of ends × the
   * quickest receive, which says how long one takes when it waits for nobody here (as BBR bounds a window).
   */
  get receives(): number {
    this.measure();
    const quickestMs = Math.min(this.quickest.before, this.quickest.now);
    if (quickestMs === Infinity) return MIN_RECEIVES;
    return Math.max(MIN_RECEIVES, Math.ceil((WIDTH_GAIN * this.ratePerMs * quickestMs) / AWS_BATCH_MAX_ENTRIES));
  }

  private measure(): void {
    const elapsed = this.now() - this.windowFrom;
    if (elapsed < WINDOW_MS) return;
    this.ratePerMs += (this.ended / elapsed - this.ratePerMs) * (elapsed > 10 * WINDOW_MS ? 1 : WEIGHT);
    this.ended = 0;
    this.windowFrom += elapsed;
  }
}
