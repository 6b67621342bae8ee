import type { LoggerService } from '@nestjs/common';
import type { Delivery } from '../delivery.js';
import type { SqsClock } from '../receive/sqs-clock.js';
import {
  backoffSeconds,
  beforeExpiry,
  mayBeOver,
  sparingReceives,
  settlementOfFailure,
  type RetryRules,
  type Settlement,
} from '../settle/retry-policy.js';
import { logFailure } from '../settle/settlement-report.js';
import type { CircuitBreaker } from '../steer/circuit-breaker.js';
import type { Attempt, AttemptCounter } from './attempt-counter.js';

export interface FailuresOptions {
  queue: { name: string; fifo: boolean };
  rules: RetryRules;
  attempts: Pick<AttemptCounter, 'retryLaterMs'>;
  /** Undefined: none. */
  breaker?: Pick<CircuitBreaker, 'noteFailure'> | undefined;
  logger: Pick<LoggerService, 'log' | 'warn' | 'error'>;
  sqsClock: Pick<SqsClock, 'since'>;
}

const STOPPED: Settlement = { kind: 'wait', why: 'stopped', seconds: 0 };

/** Decides what becomes of a failed attempt, and says it once in the log. */
export class Failures {
  constructor(private readonly options: FailuresOptions) {}

  /** @param isThrown false: its handler was told to stop and returned, which says nothing of what it needs */
  settlementOf(delivery: Delivery, { counted }: Attempt, error: unknown, isThrown = true): Settlement {
    const { queue, rules, logger, attempts } = this.options;
    // It was cut off, which is no failure of its own.
    if (delivery.isStopped) return STOPPED;
    const retryLaterMs = (): number => attempts.retryLaterMs(delivery.messageId);
    const failed =
      (isThrown ? this.whileOpen(delivery, error) : undefined) ??
      settlementOfFailure({ error, attempt: counted, fifo: queue.fifo, retryLaterMs }, rules, Math.random);
    const settlement = this.inTime(delivery, failed);
    const failure = {
      queue: queue.name,
      messageId: delivery.messageId,
      attempt: counted,
      maxReceiveCount: rules.maxReceiveCount,
      metadata: delivery.envelope?.metadata,
      traceparent: delivery.trace?.traceparent,
    };
    // The failure of a batch is told once, as far as its messages are tried again.
    if (!delivery.isFailureTold || settlement.kind !== 'retry') logFailure(logger, failure, error, settlement);
    return settlement;
  }

  /** A request was answered with an error, and is done; the breaker looks at it as at any other failure. */
  noteRefused(delivery: Delivery, error: unknown): void {
    if (error !== undefined) this.whileOpen(delivery, error);
  }

  /** Its failure would be the last one. False where there is one attempt only: each is the last then. */
  isLastAttempt({ counted }: Attempt): boolean {
    const { maxReceiveCount } = this.options.rules;
    return maxReceiveCount > 1 && counted >= maxReceiveCount;
  }

  /** Undefined: the circuit is closed, or the failure is none of what it watches. */
  private whileOpen(delivery: Delivery, error: unknown): Settlement | undefined {
    const { breaker, rules } = this.options;
    if (!breaker || !mayBeOver(error, rules)) return undefined;
    const seconds = breaker.noteFailure(error, delivery);
    return seconds === undefined ? undefined : { kind: 'retry', seconds, error, isFree: true };
  }

  /**
   * Of a fault of our own on a message's way. It looks at nothing that may have been the cause, and asks no code of the
   * user's. Never throws.
   */
  lastResort({ receiveCount }: Delivery, { counted }: Attempt, error: unknown): Settlement {
    const { rules } = this.options;
    if (counted >= rules.maxReceiveCount) return { kind: 'dead-letter', rule: 'attempts-used-up', error };
    return { kind: 'retry', seconds: backoffSeconds(receiveCount, rules.backoff, Math.random), error };
  }

  /** The settlement, later where SQS has handed the message out very often, or a dead letter where it would put the message off beyond what its queue keeps it. */
  inTime(delivery: Delivery, settlement: Settlement): Settlement {
    const { sentAt, receiveCount } = delivery;
    const spared = sparingReceives(settlement, receiveCount);
    if (sentAt === undefined) return spared;
    const { sqsClock, rules } = this.options;
    return beforeExpiry(spared, sqsClock.since(sentAt, rules.retentionSeconds * 1000) / 1000, rules);
  }
}
