import { monotonicNow } from '../async/clock.js';
import type { LoggerService } from '@nestjs/common';
import { errorText } from '../errors/aws-errors.js';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { InboxStore } from '../interfaces/inbox-store.interface.js';

export interface StoreHealthOptions {
  store: Pick<InboxStore, 'ping'>;
  onUnavailable: 'wait' | 'proceed';
  logger: Pick<LoggerService, 'warn'>;
  onFault: (error: SnsSqsError) => void;
  onRecovery: () => void;
  random?: () => number;
  now?: () => number;
}

const PROBE_BACKOFF_MS = { initial: 200, max: 5_000 };
const SAY_AGAIN_MS = 60_000;

/** Knows whether the inbox's store answers: after a call that failed it is asked, with backoff, until it does. */
export class StoreHealth {
  private readonly random: () => number;
  private readonly now: () => number;
  private readonly waiting = new Set<() => void>();
  private probe: NodeJS.Timeout | undefined;
  private isGone = false;
  private failures = 0;
  private stopped = false;
  private proceeded = 0;
  private saidAt = -Infinity;

  constructor(private readonly options: StoreHealthOptions) {
    this.random = options.random ?? Math.random;
    this.now = options.now ?? monotonicNow;
  }

  get isAway(): boolean {
    return this.isGone;
  }

  /** True: nothing is to be handled, and so nothing received. */
  get isPaused(): boolean {
    return this.isGone && this.options.onUnavailable === 'wait';
  }

  /** True: what the store cannot tell is done without. */
  get mayProceed(): boolean {
    return this.options.onUnavailable === 'proceed';
  }

  /** Asks the store once; resolves whatever the answer. */
  async check(): Promise<void> {
    try {
      await this.options.store.ping();
      this.recovered();
    } catch (error) {
      this.failed(error);
    }
  }

  /** A call has failed. */
  failed(error: unknown): void {
    if (this.stopped) return;
    if (!this.isGone) {
      this.isGone = true;
      this.options.onFault(unavailable(error, this.options.onUnavailable));
    }
    this.probe ??= setTimeout(() => void this.probeNow(), this.backoffMs());
  }

  /** A message was handled without the inbox. Counted, and said once a minute. */
  noteProceeded(): void {
    this.proceeded += 1;
    const now = this.now();
    if (now - this.saidAt < SAY_AGAIN_MS) return;
    this.saidAt = now;
    this.options.logger.warn(`inbox: away; ${this.proceeded} message(s) handled without it so far`);
  }

  /** Resolves when the store answers again, or after `ms`. */
  async whenBack(ms: number): Promise<void> {
    if (!this.isGone || this.stopped) return;
    await new Promise<void>(resolve => {
      const end = (): void => {
        clearTimeout(timer);
        this.waiting.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.waiting.add(end);
    });
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.probe);
    this.letGo();
  }

  private async probeNow(): Promise<void> {
    this.probe = undefined;
    await this.check();
  }

  private backoffMs(): number {
    const bound = Math.min(PROBE_BACKOFF_MS.max, PROBE_BACKOFF_MS.initial * 2 ** this.failures);
    this.failures += 1;
    return (0.5 + this.random() / 2) * bound;
  }

  private recovered(): void {
    clearTimeout(this.probe);
    this.probe = undefined;
    this.failures = 0;
    if (!this.isGone || this.stopped) return;
    this.isGone = false;
    this.letGo();
    this.options.onRecovery();
  }

  private letGo(): void {
    this.waiting.forEach(end => end());
  }
}

function unavailable(cause: unknown, onUnavailable: 'wait' | 'proceed'): SnsSqsError {
  const meanwhile =
    onUnavailable === 'wait'
      ? 'Nothing is received or handled until it answers'
      : 'Messages are handled without it until it answers';
  return new SnsSqsError(
    'INBOX_UNAVAILABLE',
    `The store of the inbox does not answer: ${errorText(cause)}. ${meanwhile}. Remedy: check that it runs, its address and its memory.`,
    { retryable: true, cause, facts: { onUnavailable } },
  );
}
