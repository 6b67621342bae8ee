import { monotonicNow } from '../../async/clock.js';
import type { Delivery } from '../delivery.js';

/** A `Date` is in whole seconds. */
const DATE_STEP_MS = 1_000;

/** A delay that SQS was asked for. */
export interface Delay {
  ms: number;
  /** By `elapsed()`. */
  endsAt: number;
  /** What the latest answer stated when it was asked for; undefined: none stated a date. */
  date: number | undefined;
  leaps: number;
}

export interface SqsClockOptions {
  now?: () => number;
  /** Until SQS has said what time it is. */
  wallNow?: () => number;
}

/**
 * SQS's own time, to compare its stamps with: how old a message is, and since when it has been tried. The wall clock of
 * this machine may be set back or forward, and then a message would expire unnoticed, or be given up hours too early. A
 * message that is received for the first time carries the time of that receive, so SQS's clock is known by the monotonic
 * one, to a few seconds.
 */
export class SqsClock {
  /** By how much SQS's clock is ahead of the monotonic one, in milliseconds; undefined: SQS has not said. */
  private ahead: number | undefined;
  /** The same by the latest stamp of any receive: SQS's clock is ahead by so much at least. */
  private aheadAtLeast = -Infinity;
  /** Between these SQS's clock is ahead, by the dates of its answers. */
  private byDate: { least: number; most: number } | undefined;
  /** The latest answer's `most`. */
  private latestMost = Infinity;
  private leaptMs = 0;
  /** The least of `leaptMs - most` before each leap. */
  private beforeLeaps = Infinity;
  private leaps = 0;
  private date: number | undefined;
  private readonly monotonicNow: () => number;
  private readonly wallNow: () => number;

  constructor(options: SqsClockOptions = {}) {
    this.monotonicNow = options.now ?? monotonicNow;
    this.wallNow = options.wallNow ?? Date.now;
  }

  /** Learns from a message that has just been received. */
  note(delivery: Pick<Delivery, 'receiveCount' | 'receivedAt' | 'firstReceivedAt'>): void {
    const { firstReceivedAt, receivedAt, receiveCount } = delivery;
    if (firstReceivedAt === undefined) return;
    const ahead = firstReceivedAt - receivedAt;
    // A stamp of an earlier receive tells only what time it is at least: the machine may have been suspended since.
    if (receiveCount === 1 || (this.ahead !== undefined && ahead > this.ahead)) this.ahead = ahead;
    this.aheadAtLeast = Math.max(this.aheadAtLeast, ahead);
  }

  /**
   * Learns from the date of an answer that has just come to a receive of `startedAt`, which is when SQS stated it or
   * before. So there is a leap only where no time between the two explains the date.
   */
  readonly noteDate = (date: number, startedAt: number): void => {
    const least = date - this.monotonicNow();
    const most = date + DATE_STEP_MS - startedAt;
    this.date = date;
    const { byDate } = this;
    const hasLeapt = byDate !== undefined && least > byDate.most;
    if (!byDate || hasLeapt || most < byDate.least) this.byDate = { least, most };
    else Object.assign(byDate, { least: Math.max(byDate.least, least), most: Math.min(byDate.most, most) });
    if (hasLeapt) this.leaps += 1;
    if (hasLeapt && this.ahead !== undefined) this.ahead = Math.max(this.ahead, least);
    this.noteLeap(least, most);
  };

  /**
   * Milliseconds that pass for SQS at least, from any moment; never goes back. The monotonic clock, and what that has
   * missed: it stands still while the machine is suspended, and knows nothing of a test that moves the broker's clock.
   */
  readonly elapsed = (): number => this.monotonicNow() + this.leaptMs;

  /**
   * Counts only what SQS's clock has leapt since the latest answer, at least: what has begun since an earlier one would
   * be older than it is, by a sleep that was too short to be seen. And not more than since any other answer: servers
   * of SQS whose clocks differ answer in turn.
   */
  private noteLeap(least: number, most: number): void {
    const before = Math.min(this.beforeLeaps, this.leaptMs - this.latestMost);
    this.latestMost = most;
    if (before + least <= this.leaptMs) return;
    this.beforeLeaps = before;
    this.leaptMs = before + least;
  }

  delayOf(seconds: number): Delay {
    const ms = seconds * 1000;
    return { ms, endsAt: this.elapsed() + ms, date: this.date, leaps: this.leaps };
  }

  /** Until the delay is over, in milliseconds; not above 0: it is. After a leap SQS's own dates tell. */
  leftMs({ ms, endsAt, date, leaps }: Delay): number {
    const leftMs = endsAt - this.elapsed();
    if (leaps === this.leaps || date === undefined || this.date === undefined) return leftMs;
    return Math.min(leftMs, date + ms - this.date);
  }

  /** In milliseconds since the epoch. */
  readonly now = (): number => (this.ahead === undefined ? this.nowByDate() : this.monotonicNow() + this.ahead);

  /** How long ago a stamp of SQS was, in milliseconds. Where the wall clock tells more than `mostMs`, it is wrong. */
  readonly since = (stamp: number, mostMs: number): number => {
    const ms = this.now() - stamp;
    return ms > mostMs && this.ahead === undefined && this.aheadAtLeast > -Infinity ? this.leastNow() - stamp : ms;
  };

  /** By the wall clock only where no answer has stated a date. */
  private nowByDate(): number {
    const byDate = this.byDate ? this.monotonicNow() + this.byDate.least : this.wallNow();
    return Math.max(byDate, this.leastNow());
  }

  private leastNow(): number {
    return this.monotonicNow() + this.aheadAtLeast;
  }
}
