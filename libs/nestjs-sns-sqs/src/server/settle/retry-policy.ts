import { SQS_MAX_VISIBILITY_SECONDS } from '../../constants.js';
import { outcomeOf } from '../../errors/handler-outcomes.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';

export type Settlement =
  | { kind: 'delete'; /** It was not run. */ skipped?: 'duplicate' | 'older' }
  | { kind: 'retry'; seconds: number; error: unknown }
  /** It may not run yet; costs no attempt. */
  | { kind: 'wait'; seconds: number; why: 'in-work' | 'early' | 'unavailable' }
  | { kind: 'dead-letter'; error: unknown };

export interface RetryRules {
  maxReceiveCount: number;
  backoff: { initialSeconds: number; factor: number; maxSeconds: number };
  onGroupFailure: 'block' | 'skip';
}

/** What is known of a failed attempt. */
export interface FailedAttempt {
  error: unknown;
  /** From 1. */
  attempt: number;
  fifo: boolean;
}

/**
 * Seconds until the next attempt: exponential with full jitter, whole, 0 to 43,200 (12 h, AWS's bound).
 * Full jitter after AWS's "Exponential Backoff And Jitter". `random` gives 0 ≤ x < 1.
 */
export function backoffSeconds(attempt: number, backoff: RetryRules['backoff'], random: () => number): number {
  const bound = Math.min(
    backoff.maxSeconds,
    // A power that overflows would make NaN of a first delay of 0.
    backoff.initialSeconds * Math.min(backoff.factor ** Math.max(0, attempt - 1), Number.MAX_VALUE),
    SQS_MAX_VISIBILITY_SECONDS,
  );
  return Math.round(random() * bound);
}

const PERMANENT: ReadonlySet<string> = new Set([
  'UNPARSABLE_MESSAGE',
  'NO_HANDLER',
  'CONTRACT_VIOLATION',
  'INBOX_RECORD_BROKEN',
  'INVALID_INBOX_KEY',
  'INVALID_SEQUENCE',
  'SEQUENCE_GAP',
  'ATTEMPTS_EXHAUSTED',
]);

/** True for what no retry can mend: such a message goes to the dead letter queue at once. */
const isPermanent = (error: unknown): boolean => error instanceof SnsSqsError && PERMANENT.has(error.code);

/**
 * What becomes of a message whose attempt failed. Pure. The last attempt's failure is a dead letter here and now and
 * not left to the queue's redrive policy, which would not know the reason.
 */
export function settlementOfFailure(failed: FailedAttempt, rules: RetryRules, random: () => number): Settlement {
  const { error, attempt } = failed;
  const isLast = isPermanent(error) || attempt >= rules.maxReceiveCount;
  const outcome = outcomeOf(error);
  switch (outcome.kind) {
    case 'discard':
      return { kind: 'delete' };
    case 'dead-letter':
      return { kind: 'dead-letter', error };
    case 'retry-later':
      return isLast ? { kind: 'dead-letter', error } : { kind: 'retry', seconds: Math.ceil(outcome.seconds), error };
    case 'failed':
      return isLast || (failed.fifo && rules.onGroupFailure === 'skip')
        ? { kind: 'dead-letter', error }
        : { kind: 'retry', seconds: backoffSeconds(attempt, rules.backoff, random), error };
    default:
      return outcome satisfies never;
  }
}
