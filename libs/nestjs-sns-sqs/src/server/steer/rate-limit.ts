import { monotonicNow } from '../../async/clock.js';

/** How many messages may be received now. */
export interface Limit {
  /** Those that receives in flight have asked for among them. The partner is woken when there are more. */
  readonly room: number;
  /** So many were received. */
  take(count: number): void;
  /** For good. */
  stop(): void;
}

export interface RateLimitRules {
  messages: number;
  perSeconds: number;
}

export interface RateLimitPartners {
  /** A receive asks for so many when it may: it is not woken for fewer, as far as the rate gives them within a second. */
  batchSize: number;
  /** There is room again. */
  onRoom: () => void;
  now?: () => number;
}

/** Of a full bucket: what comes into a full one while a receive is under way is lost. */
const WOKEN_AT = 0.8;

/**
 * How many messages may be received now, at a steady rate: a bucket that fills by `messages` in `perSeconds`, and holds
 * what one second gives, one at least. So a minute sees at most a sixtieth more than the rate says.
 */
export class RateLimit implements Limit {
  private readonly perMs: number;
  private readonly most: number;
  private readonly least: number;
  private readonly now: () => number;
  private filled: number;
  private filledAt: number;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    { messages, perSeconds }: RateLimitRules,
    private readonly partners: RateLimitPartners,
  ) {
    this.now = partners.now ?? monotonicNow;
    this.perMs = messages / perSeconds / 1000;
    this.most = Math.max(1, this.perMs * 1000);
    this.least = Math.min(partners.batchSize, Math.max(1, Math.floor(this.most * WOKEN_AT)));
    this.filled = this.most;
    this.filledAt = this.now();
  }

  /** Messages that may be received, those that receives in flight have asked for among them. Wakes when there is more. */
  get room(): number {
    this.fill();
    if (this.filled >= this.least) return Math.floor(this.filled);
    const waitMs = (this.least - this.filled) / this.perMs;
    this.timer ??= setTimeout(() => this.onTime(), Math.max(1, Math.ceil(waitMs)));
    return 0;
  }

  /** So many were received. */
  take(count: number): void {
    this.fill();
    this.filled -= count;
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private onTime(): void {
    this.timer = undefined;
    this.partners.onRoom();
  }

  private fill(): void {
    const now = this.now();
    this.filled = Math.min(this.most, this.filled + (now - this.filledAt) * this.perMs);
    this.filledAt = now;
  }
}
