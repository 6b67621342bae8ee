import { monotonicNow } from '../../async/clock.js';
import type { SteeringStore, RateOfLimit } from '../../interfaces/steering-store.interface.js';
import { RateLimit, type Limit, type RateLimitPartners } from './rate-limit.js';
import { StoreOutage, type StoreOutageOptions } from './store-outage.js';
import { bucketRate } from '../../inbox/turn-bucket.js';

export interface SharedRateLimitOptions extends RateLimitPartners, StoreOutageOptions {
  /** `onUnavailable`, while it does not answer: nothing is received, or each process has the whole limit to itself. */
  store: SteeringStore;
}

/** So many times a second a process takes its part, however high the rate is; each time it may ask twice. */
const PARTS_PER_SECOND = 10;
/**
 * Of a full bucket. It is asked again when so much may be there: what comes into a full one is lost, and calls take their
 * time. What is in hand for nearly as long is used although it is little: it would be paid for twice before long.
 */
const SHARE = { asked: 0.5, used: 0.4 };

/** What the store gave at one time, and is not used yet. */
interface Lot {
  count: number;
  at: number;
}

/**
 * A rate limit that all processes share: each takes messages from one bucket in the store before it receives. What a
 * process has in hand for so long that the bucket may have been full since is paid for again when it is used. So a burst
 * after a quiet time is what one second gives, however many processes there are.
 */
export class SharedRateLimit implements Limit {
  private readonly least: number;
  private readonly chunk: number;
  private readonly perMs: number;
  /** What is asked for at one time, at most. */
  private readonly step: number;
  /** An empty bucket is full after so long, in milliseconds. */
  private readonly fillMs: number;
  private readonly now: () => number;
  private readonly outage: StoreOutage;
  private lots: Lot[] = [];
  private granted = 0;
  /** Received by what had been in hand for long, and not paid for. */
  private spent = 0;
  private isAsking = false;
  /** While the store is away, where messages go on without it. */
  private alone: RateLimit | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;

  constructor(
    private readonly rules: RateOfLimit,
    private readonly options: SharedRateLimitOptions,
  ) {
    const perSecond = rules.messages / rules.perSeconds;
    const { perMs, most } = bucketRate(rules);
    this.now = options.now ?? monotonicNow;
    this.outage = new StoreOutage(options);
    this.least = Math.min(options.batchSize, Math.max(1, Math.floor(perSecond)));
    this.chunk = Math.max(this.least, Math.floor(perSecond / PARTS_PER_SECOND));
    this.perMs = perMs;
    this.step = Math.max(1, Math.floor(most * SHARE.asked));
    this.fillMs = most / perMs;
  }

  get room(): number {
    if (this.alone) return this.alone.room;
    if (this.isEnough) return this.granted;
    if (!this.isAsking && !this.timer && !this.isStopped) void this.ask();
    return 0;
  }

  take(count: number): void {
    // What was taken from the store and received while it was away is paid for.
    if (this.alone) return this.alone.take(count);
    this.granted -= count;
    const oldest = this.now() - this.fillMs;
    for (let left = count; left > 0;) {
      const [lot] = this.lots;
      const used = Math.min(left, lot?.count ?? left);
      if (lot && lot.at < oldest) this.spent += used;
      left -= used;
      if (lot && (lot.count -= used) === 0) this.lots.shift();
    }
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.alone?.stop();
  }

  private get isEnough(): boolean {
    if (this.granted >= this.least) return true;
    const [oldest] = this.lots;
    return oldest !== undefined && this.granted > 0 && this.now() - oldest.at >= this.fillMs * SHARE.used;
  }

  private async ask(): Promise<void> {
    this.isAsking = true;
    const { spent } = this;
    this.spent = 0;
    try {
      const { store, queueName } = this.options;
      const { granted, retryAfterMs } = await store.takeRate(queueName, this.chunk - this.granted, this.rules, spent);
      this.onGrant(granted, retryAfterMs);
    } catch (error) {
      // It may have been paid: then it is paid twice, and never too little.
      this.spent += spent;
      this.onAway(error);
    } finally {
      this.isAsking = false;
    }
    if (!this.isStopped && (this.alone || this.isEnough)) this.options.onRoom();
  }

  private onGrant(granted: number, retryAfterMs: number): void {
    this.outage.noteAnswer();
    this.alone?.stop();
    this.alone = undefined;
    if (granted > 0) {
      this.granted += granted;
      this.lots.push({ count: granted, at: this.now() });
    }
    // The bucket is empty: the next call comes when it may have what is missing, so that a call gives more than one.
    const missing = Math.min(this.chunk - this.granted, this.step);
    if (missing > 0) this.again(Math.ceil(Math.max(1, retryAfterMs + (missing - 1) / this.perMs)));
  }

  private onAway(error: unknown): void {
    const waitMs = this.outage.noteFailure(error);
    if (this.options.onUnavailable === 'proceed' && !this.isStopped) {
      this.alone ??= new RateLimit(this.rules, this.options);
    }
    this.again(waitMs);
  }

  private again(ms: number): void {
    if (this.isStopped) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.ask();
    }, ms);
  }
}
