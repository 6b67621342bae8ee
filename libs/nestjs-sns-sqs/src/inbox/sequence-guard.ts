import type { InboxGap } from '../interfaces/inbox-store.interface.js';
import { longestLowestWaitMs } from './put-off.js';

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
  /** `isLowest`: none of those that wait is before it, as far as is known; then `leftMs` is left of `gapTimeoutMs`. */
  | { kind: 'early'; expected: string; isLowest: boolean; leftMs?: number }
  | { kind: 'gap-timed-out'; expected: string };

/** 128 bits and more. */
const SEQUENCE = /^\d{1,40}$/;

/** The sequence as canonical decimal text; undefined for what is no whole number from 0 with at most 40 digits. */
export function canonicalSequence(text: string | undefined): string | undefined {
  return text !== undefined && SEQUENCE.test(text) ? BigInt(text).toString() : undefined;
}

/** The lowest of those that wait looks again by then; one that was not seen for half as long again will not come. */
const isGone = ({ lowestSeenMs }: InboxGap, { gapTimeoutMs }: OrderingRules): boolean =>
  lowestSeenMs > 1.5 * longestLowestWaitMs(gapTimeoutMs) + 5_000;

/**
 * Whether an event may run now, by the position of its subject. Pure. `sequence` is canonical. Sequential: when a gap
 * times out under `proceed` the lowest of those that wait goes first, so that it does not make the others old. So it does
 * under every policy where no position is known: the store has forgotten the subject, or it is new and its first events
 * are late, and nobody can tell which. It starts again.
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
  const leftMs = rules.gapTimeoutMs - (gap?.waitedMs ?? 0);
  const early: OrderVerdict = { kind: 'early', expected: expected.toString(), isLowest, ...(isLowest && { leftMs }) };
  if (leftMs > 0) return early;
  const policy = position === undefined ? 'proceed' : rules.onGapTimeout;
  switch (policy) {
    case 'wait':
      return early;
    case 'dead-letter':
      return { kind: 'gap-timed-out', expected: expected.toString() };
    case 'proceed':
      return isLowest ? { kind: 'run', overGap: true } : early;
    default:
      return policy satisfies never;
  }
}
