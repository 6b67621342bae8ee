import type { InboxGap } from '../interfaces/inbox-store.interface.js';

export type Ordering = 'none' | 'latest' | 'sequential';

export interface OrderingRules {
  ordering: Ordering;
  gapTimeoutMs: number;
  onGapTimeout: 'proceed' | 'dead-letter' | 'wait';
  /** Sequence of a subject's first event. Undefined: the first one seen. */
  startAt?: number | bigint | undefined;
}

/** What the store knows of the event's subject. */
export interface SubjectState {
  /** Sequence of the last event done. */
  position?: string;
  gap?: InboxGap;
}

export type OrderVerdict =
  | { kind: 'run'; /** Why it runs although one before it is missing. */ overGap?: boolean }
  | { kind: 'older' }
  /** `isLowest`: none of those that wait is before it, as far as is known. */
  | { kind: 'early'; expected: string; isLowest: boolean }
  | { kind: 'gap-timed-out'; expected: string };

/** 128 bits and more. */
const SEQUENCE = /^\d{1,40}$/;

/** The sequence as canonical decimal text; undefined for what is no whole number from 0 with at most 40 digits. */
export function canonicalSequence(text: string | undefined): string | undefined {
  return text !== undefined && SEQUENCE.test(text) ? BigInt(text).toString() : undefined;
}

/**
 * Who waits is looked at again within a quarter of `gapTimeoutMs` (see {@link earlyWaitBoundSeconds}); one that was
 * not for half of it will not come.
 */
const isGone = ({ lowestSeenMs }: InboxGap, { gapTimeoutMs }: OrderingRules): boolean =>
  lowestSeenMs > Math.max(gapTimeoutMs / 2, 5_000);

/**
 * The longest that an early event may be put off at once, in seconds, 1 at least: a minute, since a gap that is closed
 * should not be waited for. Longer only where gaps are waited for so long that SQS would count more than a few hundred
 * receives: its redrive policy stands at 1,000 there, the most that AWS takes.
 */
export const earlyWaitBoundSeconds = ({ gapTimeoutMs }: Pick<OrderingRules, 'gapTimeoutMs'>): number =>
  Math.max(1, Math.floor(Math.min(gapTimeoutMs / 4_000, Math.max(60, gapTimeoutMs / 200_000))));

/**
 * Whether an event may run now, by the position of its subject. Pure. `sequence` is canonical. Sequential: when a gap
 * times out under `proceed` the lowest of those that wait goes first, so that it does not make the others old.
 */
export function orderVerdict(sequence: string, state: SubjectState, rules: OrderingRules): OrderVerdict {
  const at = BigInt(sequence);
  const position = state.position === undefined ? undefined : BigInt(state.position);
  if (rules.ordering === 'none') return { kind: 'run' };
  if (rules.ordering === 'latest') {
    return position !== undefined && at < position ? { kind: 'older' } : { kind: 'run' };
  }
  const start = rules.startAt === undefined ? undefined : BigInt(rules.startAt);
  const expected = position === undefined ? start : position + 1n;
  if (expected === undefined || at === expected) return { kind: 'run' };
  if (at < expected) return { kind: 'older' };
  const { gap } = state;
  const isLowest = gap === undefined || isGone(gap, rules) || at <= BigInt(gap.lowest);
  const early: OrderVerdict = { kind: 'early', expected: expected.toString(), isLowest };
  if (gap === undefined || gap.waitedMs < rules.gapTimeoutMs || rules.onGapTimeout === 'wait') return early;
  if (rules.onGapTimeout === 'dead-letter') return { kind: 'gap-timed-out', expected: expected.toString() };
  return isLowest ? { kind: 'run', overGap: true } : early;
}
