import type { LoggerService } from '@nestjs/common';
import { backoffMs, type Backoff } from '../../async/backoff.js';
import { thrownText } from '../../errors/thrown.js';
import type { RateLimitOptions } from '../../interfaces/steering-options.interface.js';
import type { SteeringStore } from '../../interfaces/steering-store.interface.js';
import { RateLimit, type Limit, type RateLimitPartners } from './rate-limit.js';

export interface SharedRateLimitOptions extends RateLimitPartners {
  queueName: string;
  store: SteeringStore;
  /** While the store does not answer: nothing is received, or each process has the whole limit to itself. */
  onUnavailable: 'wait' | 'proceed';
  logger: Pick<LoggerService, 'log' | 'warn'>;
  random?: () => number;
}

const RETRY: Backoff = { initial: 250, max: 5_000 };
/** So many times a second a process takes its part, however high the rate is; each time it may ask twice. */
const PARTS_PER_SECOND = 10;

/**
 * A rate limit that all processes share: each takes messages from one bucket in the store before it receives. A process
 * holds at most what it took at once, so a burst after a quiet time is what one second gives, and that of each process.
 */
export class SharedRateLimit implements Limit {
  private readonly least: number;
  private readonly chunk: number;
  private granted = 0;
  private isAsking = false;
  private failures = 0;
  /** While the store is away, where messages go on without it. */
  private alone: RateLimit | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;

  constructor(
    private readonly rules: RateLimitOptions,
    private readonly options: SharedRateLimitOptions,
  ) {
    const perSecond = rules.messages / rules.perSeconds;
    this.least = Math.min(options.batchSize, Math.max(1, Math.floor(perSecond)));
    this.chunk = Math.max(this.least, Math.floor(perSecond / PARTS_PER_SECOND));
  }

  get room(): number {
    if (this.alone) return this.alone.room;
    if (this.granted >= this.least) return this.granted;
    if (!this.isAsking && !this.timer && !this.isStopped) void this.ask();
    return 0;
  }

  take(count: number): void {
    // What was taken from the store and received while it was away is paid for.
    if (this.alone) this.alone.take(count);
    else this.granted -= count;
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.alone?.stop();
  }

  private async ask(): Promise<void> {
    this.isAsking = true;
    try {
      const { store, queueName } = this.options;
      const { granted, retryAfterMs } = await store.takeRate(queueName, this.chunk - this.granted, this.rules);
      this.onGrant(granted, retryAfterMs);
    } catch (error) {
      this.onAway(error);
    } finally {
      this.isAsking = false;
    }
    if (!this.isStopped && (this.alone || this.granted >= this.least)) this.options.onRoom();
  }

  private onGrant(granted: number, retryAfterMs: number): void {
    const { logger, queueName } = this.options;
    if (this.failures > 0) logger.log(`${queueName}: the store answers again, and the rate limit is shared again`);
    this.failures = 0;
    this.alone?.stop();
    this.alone = undefined;
    this.granted += granted;
    // The bucket is empty: the next call comes when it may have all that is missing, so that a call gives more than one.
    const { messages, perSeconds } = this.rules;
    const missingMs = ((this.chunk - this.granted) / messages) * perSeconds * 1000;
    if (missingMs > 0) this.again(Math.ceil(Math.max(1, retryAfterMs, missingMs)));
  }

  private onAway(error: unknown): void {
    const { logger, queueName, onUnavailable, random = Math.random } = this.options;
    if (this.failures === 0 && !this.isStopped) {
      const then = onUnavailable === 'wait' ? 'nothing is received' : 'this process limits itself alone';
      logger.warn(
        `${queueName}: the store of the shared rate limit does not answer, and ${then} until it does: ${thrownText(error)}`,
      );
    }
    this.failures += 1;
    if (onUnavailable === 'proceed' && !this.isStopped) this.alone ??= new RateLimit(this.rules, this.options);
    this.again(backoffMs(RETRY, this.failures, random));
  }

  private again(ms: number): void {
    if (this.isStopped) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.ask();
    }, ms);
  }
}
