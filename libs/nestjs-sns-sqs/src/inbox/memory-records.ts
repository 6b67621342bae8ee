import type { InboxClaim, InboxGap } from '../interfaces/inbox-store.interface.js';
import type { Forgettable } from './bounded-records.js';

/** What may come again is remembered for as long as SQS keeps a message (14 days), and a day, in milliseconds. */
export const KEEP_MS = 15 * 86_400_000;

/** What a claim holds, or has held. */
export interface Held extends Forgettable {
  token: string | undefined;
  leaseEndsAt: number;
}

export interface EventRecord extends Held {
  isDone: boolean;
  attempts: number;
  /** When the first of them began. */
  firstAt: number;
  /** Claims that were taken over. */
  deaths: number;
  /** When a message of it was dead-lettered. */
  letterAt: number | undefined;
}

export interface SubjectRecord extends Held {
  position: string | undefined;
  gap: { since: number; lowest: string; seenAt: number } | undefined;
  /** When the event that is waited for comes again. */
  backAt?: number | undefined;
}

/** A queue's name has no space. */
export const idOf = (queue: string, key: string): string => `${queue} ${key}`;

export const isHeld = ({ token, leaseEndsAt }: Held, now: number): boolean => token !== undefined && leaseEndsAt > now;

export const isHeldByOther = (held: Held, { token }: InboxClaim, now: number): boolean =>
  held.token !== token && isHeld(held, now);

/** Events wait, and have been seen within the time that SQS keeps them. */
export const isWaitedFor = ({ gap }: SubjectRecord, now: number): boolean =>
  gap !== undefined && now - gap.seenAt < KEEP_MS;

export const gapOf = (
  { since, lowest, seenAt }: NonNullable<SubjectRecord['gap']>,
  backAt: number | undefined,
  now: number,
): InboxGap => ({
  waitedMs: now - Math.max(since, backAt ?? since),
  lowest,
  lowestSeenMs: now - seenAt,
});
