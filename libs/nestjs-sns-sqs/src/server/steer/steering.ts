import type { LoggerService } from '@nestjs/common';
import { announce } from '../../events/diagnostics.js';
import type { RateLimitOptions, SteeringOptions } from '../../interfaces/steering-options.interface.js';
import { CircuitBreaker, type Circuit, type Received } from './circuit-breaker.js';
import type { SteeringStore } from '../../interfaces/steering-store.interface.js';
import { KeyTurns, type Turns } from './key-turns.js';
import { RateLimit, type Limit } from './rate-limit.js';
import { SharedKeyTurns } from './shared-key-turns.js';
import { SharedRateLimit } from './shared-rate-limit.js';

/** Who receives, as its steering sees it. */
export interface SteeredIntake {
  /** Handlers run, or wait for a slot. */
  readonly isBusy: boolean;
  /** What was received and has not ended. */
  readonly inFlight: Iterable<Received>;
  /** What was not started goes back, and receives that wait end. */
  handBack(): void;
  /** Messages may be received again. */
  reopen(): void;
  /** There may be room again. */
  wake(): void;
}

export interface QueueSteeringOptions {
  queueName: string;
  rules: SteeringOptions;
  /** A receive asks for so many when it may. */
  batchSize: number;
  intake: SteeredIntake;
  logger: Pick<LoggerService, 'log' | 'warn'>;
  /** For limits that all processes share. Undefined: there is none, and no limit asks for it. */
  store?: SteeringStore | undefined;
  /** While that does not answer. @default 'wait' */
  onUnavailable?: 'wait' | 'proceed' | undefined;
}

/** Whether one queue is received now, and how much of it: its pause, its circuit breaker and its rate limit. */
export class Steering implements Circuit {
  /** Undefined: the queue has none. */
  readonly breaker: CircuitBreaker | undefined;
  /** Of the keys of the queue's messages. Undefined: they have no limits of their own. */
  readonly turns: Turns | undefined;
  private readonly limit: Limit | undefined;
  private readonly holds = new Set<'paused' | 'circuit-open'>();
  /** Told when their pause is over. */
  private readonly pauses = new Set<() => void>();
  /** Told when nothing runs any more, or the pause is over. */
  private readonly idle = new Set<() => void>();

  constructor(private readonly options: QueueSteeringOptions) {
    const { rules } = options;
    this.breaker = rules.circuitBreaker && new CircuitBreaker(rules.circuitBreaker, this);
    const keyed = rules.rateLimit?.key ? turnsOf(rules.rateLimit, options) : undefined;
    this.turns = keyed;
    this.limit = keyed instanceof SharedKeyTurns ? keyed : keyed ? undefined : limitOf(options);
  }

  /** Nothing is received now. */
  get isHeld(): boolean {
    return this.holds.size > 0;
  }

  /** Why nothing is received although the server is up; undefined: it is. */
  get reason(): string | undefined {
    if (this.holds.has('paused')) return 'It is paused';
    const open = this.breaker?.reason;
    return open && `Its circuit breaker is open: ${open}`;
  }

  /** Of `wanted` messages, those that may be received. */
  allow(wanted: number): number {
    const { breaker, options } = this;
    const most = breaker ? Math.min(wanted, breaker.roomFor(options.intake.inFlight)) : wanted;
    return most > 0 && this.limit ? Math.min(most, this.limit.room) : most;
  }

  noteReceived(count: number): void {
    this.limit?.take(count);
  }

  /**
   * Resolves when no handler runs any more and `settled` has resolved, or this pause is over, though another may have
   * begun by then.
   * @param settled what has ended is settled
   */
  async pause(settled: () => Promise<void>): Promise<void> {
    this.hold('paused');
    let end = (): void => undefined;
    const over = new Promise<void>(resolve => (end = resolve));
    this.pauses.add(end);
    if (this.options.intake.isBusy) await new Promise<void>(resolve => void this.idle.add(resolve));
    if (this.pauses.has(end)) await Promise.race([settled(), over]);
    this.pauses.delete(end);
  }

  resume(): void {
    this.release('paused');
    for (const end of this.pauses) end();
    this.pauses.clear();
    this.onIdle();
  }

  /** No handler runs any more. */
  onIdle(): void {
    if (this.idle.size === 0) return;
    for (const resolve of this.idle) resolve();
    this.idle.clear();
  }

  onOpen(reason: string, pauseSeconds: number): void {
    const { logger, queueName } = this.options;
    logger.warn(`${queueName}: the circuit breaker is open for ${pauseSeconds} s: ${reason}`);
    announce('circuit', { queue: queueName, state: 'open', pauseSeconds });
    this.hold('circuit-open');
  }

  onTrial(): void {
    announce('circuit', { queue: this.options.queueName, state: 'trial' });
    this.release('circuit-open');
  }

  onClose(): void {
    const { logger, queueName, intake } = this.options;
    logger.log(`${queueName}: a message was handled, and the circuit breaker is closed again`);
    announce('circuit', { queue: queueName, state: 'closed' });
    intake.wake();
  }

  stop(): void {
    this.breaker?.stop();
    this.limit?.stop();
    this.onIdle();
  }

  private hold(reason: 'paused' | 'circuit-open'): void {
    const wasHeld = this.isHeld;
    this.holds.add(reason);
    if (!wasHeld) this.options.intake.handBack();
  }

  private release(reason: 'paused' | 'circuit-open'): void {
    if (this.holds.delete(reason) && !this.isHeld) this.options.intake.reopen();
  }
}

function turnsOf(
  rateLimit: RateLimitOptions,
  { store, onUnavailable = 'wait', intake, logger, queueName }: QueueSteeringOptions,
): KeyTurns | SharedKeyTurns {
  if (!rateLimit.shared || !store) return new KeyTurns(rateLimit);
  return new SharedKeyTurns(rateLimit, { queueName, store, onUnavailable, logger, onRoom: () => intake.wake() });
}

function limitOf({
  rules: { rateLimit },
  store,
  onUnavailable = 'wait',
  ...options
}: QueueSteeringOptions): Limit | undefined {
  if (!rateLimit) return undefined;
  const { batchSize, intake, logger, queueName } = options;
  const partners = { batchSize, onRoom: () => intake.wake() };
  return rateLimit.shared && store
    ? new SharedRateLimit(rateLimit, { ...partners, queueName, store, onUnavailable, logger })
    : new RateLimit(rateLimit, partners);
}
