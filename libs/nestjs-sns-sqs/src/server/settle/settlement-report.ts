import type { LoggerService } from '@nestjs/common';
import { outcomeOf } from '../../errors/handler-outcomes.js';
import { LogLine } from '../../logging/log-line.js';
import type { EventMetadata } from '../../interfaces/envelope.interface.js';
import type { SettledEvent, StartedEvent } from '../../events/diagnostics.js';
import type { Delivery } from '../delivery.js';
import { reportError } from './error-report.js';
import type { Settlement } from './retry-policy.js';

/** A failed attempt, as far as the log tells of it. */
export interface FailedAttempt extends StartedEvent {
  maxReceiveCount: number;
  /** Undefined: its body cannot be read. */
  metadata: EventMetadata | undefined;
  /** Of the attempt's span; undefined: it is not traced. */
  traceparent: string | undefined;
}

/** The sentence goes on behind it. */
const withoutStop = (text: string): string => text.replace(/\.$/, '');

/** Says once in the log what went wrong, and what happens to the message: WARN for an attempt that is repeated, ERROR for the last. */
export function logFailure(
  logger: Pick<LoggerService, 'log' | 'warn' | 'error'>,
  { queue, messageId, attempt, maxReceiveCount, metadata, traceparent }: FailedAttempt,
  error: unknown,
  settlement: Settlement,
): void {
  const { reason, name, details } = reportError(error);
  const isOutcome = outcomeOf(error).kind !== 'failed';
  // RetryLater costs no attempt, and Discard and DeadLetter are decisions: a person would look for a fault.
  const ending = isOutcome ? `ended with ${name}` : 'failed';
  const text = `${queue}: attempt ${attempt} of ${maxReceiveCount} of message ${messageId} ${ending}: ${withoutStop(details ? `${reason} ${details}` : reason)}; ${nextOf(settlement)}`;
  const fields = {
    queue,
    type: metadata?.type,
    eventId: metadata?.id,
    messageId,
    attempt,
    maxReceiveCount,
    nextAttemptInSeconds: settlement.kind === 'retry' ? settlement.seconds : undefined,
    outcome: settlement.kind,
    traceparent: traceparent ?? metadata?.traceparent,
    correlationId: metadata?.correlationId,
  };
  // What a handler says by RetryLater, DeadLetter and Discard needs no stack.
  const line = new LogLine(text, fields, isOutcome ? undefined : error);
  switch (settlement.kind) {
    case 'delete':
      return logger.log(line);
    case 'retry':
    case 'wait':
      return logger.warn(line);
    case 'dead-letter':
      return logger.error(line);
    default:
      return settlement satisfies never;
  }
}

function nextOf(settlement: Settlement): string {
  switch (settlement.kind) {
    case 'retry':
    case 'wait':
      return `the next attempt is in ${settlement.seconds} s`;
    case 'dead-letter':
      return 'the message goes to the dead-letter queue';
    case 'delete':
      return 'the message is discarded';
    default:
      return settlement satisfies never;
  }
}

export function settledEvent(
  named: StartedEvent,
  { envelope }: Delivery,
  settlement: Settlement,
  startedAt: number,
): SettledEvent {
  return {
    ...named,
    type: envelope?.metadata.type,
    data: envelope?.data,
    outcome: settlement.kind,
    durationMs: startedAt === 0 ? 0 : performance.now() - startedAt,
    ...('error' in settlement && { error: settlement.error }),
    ...(settlement.kind === 'delete' && settlement.skipped && { skipped: settlement.skipped }),
    ...(settlement.kind === 'wait' && { why: settlement.why }),
    ...(settlement.kind === 'dead-letter' && { rule: settlement.rule }),
  };
}
