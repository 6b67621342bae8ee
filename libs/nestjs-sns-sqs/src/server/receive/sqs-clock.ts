import { monotonicNow } from '../../async/clock.js';
import type { Delivery } from '../delivery.js';

const NOT_AHEAD = { first: 0, most: 0 };

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
  /** By how much SQS's clock was ahead by the date of its first answer, and by the latest it can be. */
  private aheadByDate: { first: number; most: number } | undefined;
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
   * Learns from the date of an answer that has just come. That is late, never early, and whole seconds, so the highest
   * is the best.
   */
  readonly noteDate = (date: number): void => {
    const ahead = date - this.monotonicNow();
    this.aheadByDate ??= { first: ahead, most: ahead };
    this.aheadByDate.most = Math.max(this.aheadByDate.most, ahead);
  };

  /**
   * Milliseconds that pass for SQS, from any moment; never goes back. The monotonic clock, and what that has missed: it
   * stands still while the machine is suspended, and knows nothing of a test that moves the broker's clock.
   */
  readonly elapsed = (): number => {
    const { first, most } = this.aheadByDate ?? NOT_AHEAD;
    return this.monotonicNow() + most - first;
  };

  /** In milliseconds since the epoch. */
  readonly now = (): number =>
    this.ahead === undefined ? Math.max(this.wallNow(), this.leastNow()) : this.monotonicNow() + this.ahead;

  /** How long ago a stamp of SQS was, in milliseconds. Where the wall clock tells more than `mostMs`, it is wrong. */
  readonly since = (stamp: number, mostMs: number): number => {
    const ms = this.now() - stamp;
    return ms > mostMs && this.ahead === undefined && this.aheadAtLeast > -Infinity ? this.leastNow() - stamp : ms;
  };

  private leastNow(): number {
    return this.monotonicNow() + this.aheadAtLeast;
  }
}
