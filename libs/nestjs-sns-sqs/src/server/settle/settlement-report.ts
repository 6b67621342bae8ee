import type { LoggerService } from '@nestjs/common';
import { outcomeOf } from '../../errors/handler-outcomes.js';
import { printableStack } from '../../logging/printable.js';
import type { SettledEvent, StartedEvent } from '../../events/diagnostics.js';
import type { Delivery } from '../delivery.js';
import { reportError } from './error-report.js';
import type { Settlement } from './retry-policy.js';

/** Says once in the log what went wrong, and what becomes of the message. */
export function logFailure(
  logger: Pick<LoggerService, 'log' | 'warn' | 'error'>,
  { queue, messageId, attempt }: StartedEvent,
  maxReceiveCount: number,
  error: unknown,
  settlement: Settlement,
): void {
  const { reason, details } = reportError(error);
  const next =
    settlement.kind === 'retry'
      ? `next attempt in ${settlement.seconds} s`
      : settlement.kind === 'dead-letter'
        ? 'goes to the dead letter queue'
        : 'is discarded';
  const text = `${queue}: attempt ${attempt} of ${maxReceiveCount} of message ${messageId} failed: ${reason}${details ? ` ${details}` : ''}; it ${next}`;
  const outcome = outcomeOf(error);
  switch (outcome.kind) {
    case 'discard':
      return logger.log(text);
    case 'retry-later':
    case 'dead-letter':
      return logger.warn(text);
    case 'failed':
      return logger.error(text, printableStack(error));
    default:
      return outcome satisfies never;
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
