import { monotonicNow } from '../../async/clock.js';
import { LinkedList, type Link } from '../../async/linked-list.js';

/** What an emit has at least, in milliseconds: the app may have used up the time before it. */
const GRACE_MS = 2_000;

interface Pending {
  resolve: (error: unknown) => void;
  /** By the monotonic clock. */
  endsAt: number;
}

export interface PendingEmitsOptions {
  /** What an emit may take, in milliseconds. */
  totalMs: number;
  /** From {@link PendingEmits.limit} on, for all, in milliseconds. */
  closingMs: number;
  /** Error of an emit whose total time is up. */
  timedOut: () => unknown;
  /** Error of one that the end of the client or its app has overtaken. */
  tooLate: () => unknown;
}

/** Emits that have no result yet, and the time that they have for it: their own, and less once the app ends. */
export class PendingEmits {
  /** What begins later never ends earlier: the first is the next to be too late. */
  private readonly pending = new LinkedList<Pending>();
  private limitedAt: number | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: PendingEmitsOptions) {}

  get size(): number {
    return this.pending.size;
  }

  /** How long an answer may take from now on, in milliseconds, once the client or its app ends. */
  get rest(): number {
    const { closingMs } = this.options;
    if (this.limitedAt === undefined) return closingMs;
    const grace = Math.min(GRACE_MS, closingMs);
    return Math.max(grace, this.limitedAt + closingMs - monotonicNow());
  }

  /** Until when an emit that begins now must have its result, by the monotonic clock, in milliseconds. */
  endOfNow(): number {
    const { totalMs } = this.options;
    return monotonicNow() + (this.limitedAt === undefined ? totalMs : Math.min(totalMs, this.rest));
  }

  /**
   * Resolves to what `start` ends the emit with, its error or undefined, or to the error of one that is too late.
   * @param endsAt of {@link endOfNow}
   */
  errorOf(start: (end: (error: unknown) => void) => void, endsAt = this.endOfNow()): Promise<unknown> {
    return new Promise(resolve => {
      const link = this.pending.add({ resolve, endsAt });
      if (this.timer === undefined) this.watch(endsAt);
      start(error => this.end(link, error));
    });
  }

  /** In `closingMs` from now all are to have ended; what begins less than 2 s before that, or later, has 2 s. Idempotent. */
  limit(): void {
    if (this.limitedAt !== undefined) return;
    this.limitedAt = monotonicNow();
    const latest = this.endOfNow();
    for (const emit of this.pending) emit.endsAt = Math.min(emit.endsAt, latest);
    this.watchFirst();
  }

  /** All that are left are too late. */
  giveUp(): void {
    for (const link of this.pending.links()) this.end(link, this.options.tooLate());
    this.watchFirst();
  }

  /** One timer for all, and none for each: most have their result long before it. */
  private watch(endsAt: number): void {
    this.timer = setTimeout(() => this.endLateOnes(), Math.max(0, endsAt - monotonicNow()));
    // It alone keeps no process alive that has nothing else to do.
    if (this.limitedAt === undefined) this.timer.unref();
  }

  private watchFirst(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { first } = this.pending;
    if (first) this.watch(first.item.endsAt);
  }

  private endLateOnes(): void {
    const { tooLate, timedOut } = this.options;
    // A timer may fire a fraction of a millisecond early.
    const now = monotonicNow() + 1;
    for (const link of this.pending.links()) {
      if (link.item.endsAt > now) break;
      this.end(link, this.limitedAt === undefined ? timedOut() : tooLate());
    }
    this.watchFirst();
  }

  private end(link: Link<Pending>, error: unknown): void {
    this.pending.remove(link);
    if (this.pending.size === 0 && this.limitedAt !== undefined) this.watchFirst();
    link.item.resolve(error);
  }
}
