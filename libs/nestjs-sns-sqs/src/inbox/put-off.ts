/** Until when one that waits is woken is not known; these delays are for a wake that is lost. All in seconds, 1 at least. */
const EARLY = { first: 30, factor: 4, most: 900 };
const IN_WORK = { factor: 1.15, most: 120 };
const SUBJECT_FIRST_BOUND = 10;

/** No duplicate waits longer for an event in work, in milliseconds, so that it is remembered as done when it comes. */
export const LONGEST_IN_WORK_MS = IN_WORK.most * 1_000;

/** The longest that the lowest of a subject's early events waits at once, in milliseconds. */
export const longestLowestWaitMs = (gapTimeoutMs: number): number => Math.min(EARLY.most * 1_000, gapTimeoutMs);

/**
 * An early event: 30 s, 2 min, 8 min, 15 min. `leftMs`: what is left of `gapTimeoutMs` for the lowest that waits, which
 * has to be there when it is over; undefined for the others. `receiveCount` is from 1.
 */
export function earlySeconds(receiveCount: number, leftMs: number | undefined): number {
  const growing = Math.min(EARLY.most, EARLY.first * EARLY.factor ** Math.min(10, receiveCount - 1));
  return Math.max(1, Math.ceil(leftMs === undefined || leftMs <= 0 ? growing : Math.min(growing, leftMs / 1_000)));
}

/** A duplicate of an event in work: a job of hours takes it a few hundred receives. `leftMs`: of the claim's lease. */
export function inWorkSeconds(receiveCount: number, leftMs: number): number {
  const growing = Math.min(IN_WORK.most, IN_WORK.factor ** Math.min(100, receiveCount));
  return Math.max(1, Math.min(Math.round(growing), Math.ceil(leftMs / 1_000)));
}

/** An event whose subject is in work: 1 to 10 s, and longer the longer that lasts. `random` gives 0 ≤ x < 1. */
export function subjectInWorkSeconds(receiveCount: number, random: () => number): number {
  const bound = Math.min(SUBJECT_FIRST_BOUND, 2 ** Math.min(10, receiveCount - 1));
  const growing = Math.min(IN_WORK.most, IN_WORK.factor ** Math.min(100, receiveCount));
  return Math.max(1, Math.round((0.5 + random() / 2) * Math.max(bound, growing)));
}
