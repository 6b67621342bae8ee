import type { HeldClaim } from '../../inbox/held-claim.js';
import type { TurnReason } from '../../inbox/waiting-room.js';
import { SQS_MAX_VISIBILITY_SECONDS } from '../../constants.js';
import { outcomeOf } from '../../errors/handler-outcomes.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { silenced } from '../../events/user-code.js';
import { isInstance } from '../../errors/thrown.js';

/** A claim that was refused, and why: the message is made visible before its time when that has changed. */
export interface Turn {
  claim: HeldClaim;
  why: TurnReason;
}

/** Why a message is put off that was not run to its end; costs no attempt. */
export type WaitReason = 'in-work' | 'early' | 'unavailable' | 'unknown-type' | 'backoff' | 'rate-limit' | 'stopped';

export type Settlement =
  | { kind: 'delete'; /** It was not run. */ skipped?: 'duplicate' | 'older' | 'unwanted' }
  | { kind: 'retry'; seconds: number; error: unknown; /** It asked to be tried later: no attempt. */ isFree?: boolean }
  | { kind: 'wait'; seconds: number; why: WaitReason; /** What it waits for, if it can be woken. */ turn?: Turn }
  | { kind: 'dead-letter'; rule: DeadLetterRule; error: unknown };

/** Every rule by which a message goes to the dead letter queue; `docs/retries.md` has the same list, and a spec compares. */
export const DEAD_LETTER_RULES = [
  /** The handler threw `DeadLetter`. */
  'asked-for',
  /** The error is of a kind that no retry can mend, or the option `isPermanent` says so. */
  'permanent',
  /** The last of `maxReceiveCount` attempts failed. */
  'attempts-used-up',
  /** FIFO with `onGroupFailure: 'skip'`: the group must not wait. */
  'skipped-for-its-group',
  /** It would be put off beyond what its queue keeps it. */
  'expiring',
  /** Decided before, and its copy was refused: it is only copied again. */
  'copied-again',
] as const;

export type DeadLetterRule = (typeof DEAD_LETTER_RULES)[number];

export interface RetryRules {
  maxReceiveCount: number;
  backoff: { initialSeconds: number; factor: number; maxSeconds: number };
  onGroupFailure: 'block' | 'skip';
  retryLaterForSeconds: number;
  unknownTypeGraceSeconds: number;
  retentionSeconds: number;
  isPermanent: (error: unknown) => boolean;
}

/** What is known of a failed attempt. */
export interface FailedAttempt {
  error: unknown;
  /** From 1. */
  attempt: number;
  fifo: boolean;
  /** Since the message's first `RetryLater`, in milliseconds. */
  retryLaterMs: () => number;
}

/** A delay is at least so much of its bound: the sum of all must not fall short of an outage. */
const MIN_SHARE = 0.8;

/** The bound of the delay after an attempt, in seconds, 0 to 43,200 (12 h, AWS's bound). */
function boundSeconds(attempt: number, { initialSeconds, factor, maxSeconds }: RetryRules['backoff']): number {
  // A power that overflows would make NaN of a first delay of 0.
  const power = Math.min(factor ** Math.max(0, attempt - 1), Number.MAX_VALUE);
  return Math.min(maxSeconds, initialSeconds * power, SQS_MAX_VISIBILITY_SECONDS);
}

/** Seconds until the next attempt, whole: exponential, 80 to 100 % of its bound. `random` gives 0 ≤ x < 1. */
export function backoffSeconds(attempt: number, backoff: RetryRules['backoff'], random: () => number): number {
  return Math.round(boundSeconds(attempt, backoff) * (MIN_SHARE + (1 - MIN_SHARE) * random()));
}

/** Seconds that lie at least between a first attempt and the one after `failures` of them. */
export function shortestScheduleSeconds(failures: number, backoff: RetryRules['backoff']): number {
  let seconds = 0;
  for (let attempt = 1; attempt <= Math.min(failures, 1_000); attempt += 1) {
    seconds += Math.round(boundSeconds(attempt, backoff) * MIN_SHARE);
  }
  return seconds;
}

/**
 * Milliseconds that lie at least between a message's first attempt and its last. Attempts that come quicker than the
 * backoff lets them come (a delay that failed, copies of an event) use up none: as many as come are made, each with its
 * own delay, and none is the last before. SQS may end each delay up to a second early. Pure.
 */
export const leastScheduleMs = ({
  maxReceiveCount,
  backoff,
}: Pick<RetryRules, 'maxReceiveCount' | 'backoff'>): number =>
  1000 * Math.max(0, shortestScheduleSeconds(maxReceiveCount - 1, backoff) - (maxReceiveCount - 1));

/** A tenth of what it has waited, 1 to 30 s: another version takes it soon, or only after its deploy. */
export const unknownTypeWaitSeconds = (unknownTypeMs: number): number =>
  Math.min(30, Math.max(1, Math.ceil(unknownTypeMs / 10_000)));

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
function isPermanent(error: unknown, rules: RetryRules): boolean {
  try {
    return (
      (isInstance(error, SnsSqsError) && PERMANENT.has(error.code)) ||
      silenced<unknown>(rules.isPermanent(error)) === true
    );
  } catch {
    // The user's own function: when in doubt it is tried again. So it is where that gives a promise.
    return false;
  }
}

/**
 * What becomes of a message whose attempt failed. Pure. The last attempt's failure is a dead letter here and now and
 * not left to the queue's redrive policy, which would not know the reason.
 */
export function settlementOfFailure(failed: FailedAttempt, rules: RetryRules, random: () => number): Settlement {
  const { error, attempt } = failed;
  const isLast = attempt >= rules.maxReceiveCount;
  const outcome = outcomeOf(error);
  switch (outcome.kind) {
    case 'discard':
      return { kind: 'delete' };
    case 'dead-letter':
      return { kind: 'dead-letter', rule: 'asked-for', error };
    case 'retry-later': {
      const seconds = Math.ceil(outcome.seconds);
      if (failed.retryLaterMs() < rules.retryLaterForSeconds * 1000)
        return { kind: 'retry', seconds, error, isFree: true };
      return isLast ? { kind: 'dead-letter', rule: 'attempts-used-up', error } : { kind: 'retry', seconds, error };
    }
    case 'failed':
      if (isLast) return { kind: 'dead-letter', rule: 'attempts-used-up', error };
      if (isPermanent(error, rules)) return { kind: 'dead-letter', rule: 'permanent', error };
      if (failed.fifo && rules.onGroupFailure === 'skip') {
        return { kind: 'dead-letter', rule: 'skipped-for-its-group', error };
      }
      return { kind: 'retry', seconds: backoffSeconds(attempt, rules.backoff, random), error };
    default:
      return outcome satisfies never;
  }
}

/** True: the handler failed, and neither asked for what it got nor met what no retry can mend. */
export const mayBeOver = (error: unknown, rules: RetryRules): boolean =>
  outcomeOf(error).kind === 'failed' && !isPermanent(error, rules);

/** From so many receives on, a message is put off for so many seconds at least. */
const SPARING: ReadonlyArray<readonly [receives: number, seconds: number]> = [
  [980, SQS_MAX_VISIBILITY_SECONDS],
  [900, 3_600],
  [700, 600],
  [500, 60],
];

/**
 * What a message that comes again has to wait at least, in seconds: SQS itself moves one to the dead letter queue at its
 * 1,000th receive, without a reason. So the receives that are left last for the 14 days that a queue keeps it.
 */
export const leastDelaySeconds = (receiveCount: number): number =>
  SPARING.find(([receives]) => receiveCount >= receives)?.[1] ?? 0;

/** The settlement, later where {@link leastDelaySeconds} says so. Pure. */
export function sparingReceives(settlement: Settlement, receiveCount: number): Settlement {
  if (settlement.kind !== 'wait' && settlement.kind !== 'retry') return settlement;
  const seconds = leastDelaySeconds(receiveCount);
  return settlement.seconds >= seconds ? settlement : { ...settlement, seconds };
}

/** A message that would be put off beyond what its queue keeps it is a dead letter before, this long before, in seconds. */
const EXPIRY_MARGIN_SECONDS = 3_600;

/**
 * The settlement, or a dead letter where the message would expire in its queue meanwhile. Pure.
 * @param ageSeconds since it was sent; undefined where SQS did not say
 */
export function beforeExpiry(settlement: Settlement, ageSeconds: number | undefined, rules: RetryRules): Settlement {
  if (ageSeconds === undefined || (settlement.kind !== 'wait' && settlement.kind !== 'retry')) return settlement;
  // SQS would not have it any more: the two clocks have nothing to do with each other.
  if (ageSeconds > rules.retentionSeconds) return settlement;
  const margin = Math.min(EXPIRY_MARGIN_SECONDS, rules.retentionSeconds / 10);
  if (ageSeconds + settlement.seconds < rules.retentionSeconds - margin) return settlement;
  const why = settlement.kind === 'wait' ? ` (it waited: ${settlement.why})` : '';
  const text = `The message would expire: its queue keeps it for ${rules.retentionSeconds} s, and it was sent ${Math.round(ageSeconds)} s ago${why}`;
  const cause = settlement.kind === 'retry' ? settlement.error : undefined;
  return { kind: 'dead-letter', rule: 'expiring', error: new SnsSqsError('MESSAGE_EXPIRING', text, { cause }) };
}

/**
 * Why a message has no attempts left although its handler is not called now. `died`: the last start never came to an end.
 * `elsewhere`: a process of another `maxReceiveCount` tried it, or could not copy it. `marked`: nobody counted, and a
 * mark was left behind.
 */
export type Exhaustion = 'died' | 'elsewhere' | 'marked';

/** @param starts how often it was started, or for `marked` received */
export function attemptsExhausted(
  messageId: string,
  starts: number,
  { maxReceiveCount }: Pick<RetryRules, 'maxReceiveCount'>,
  how: Exhaustion,
): SnsSqsError {
  const text = `Message ${messageId} has no attempts left (maxReceiveCount: ${maxReceiveCount}). ${exhaustions[how](starts)}`;
  return new SnsSqsError('ATTEMPTS_EXHAUSTED', text, { facts: { messageId, starts, how } });
}

const exhaustions: Record<Exhaustion, (times: number) => string> = {
  died: starts =>
    `Its handler was started ${starts} times, and the last start never came to an end: the process died, or was cut off from the inbox`,
  elsewhere: starts =>
    `Its handler was started ${starts} times by other processes, where it failed or its process died; their logs have the reason`,
  marked: receives =>
    `It was received ${receives} times by processes that did not settle it, and the last start never came to an end: the process died while its handler ran`,
};
