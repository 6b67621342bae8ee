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

/** Where a claim that has a place for it keeps the id of its event. */
export const EVENT_ID = Symbol('event id');

/** The id, and of what it is: a store around this one may have copied the claim, and named another queue in it. */
export interface EventId {
  readonly id: string;
  readonly queue: string;
  readonly key: string;
}

/**
 * The same text each time where the claim can keep it: a text that is written anew costs a map more than all the rest of
 * a call, since its hash is not known.
 */
export function eventIdOf(claim: InboxClaim & { [EVENT_ID]?: EventId | undefined }): string {
  const { queue, key, [EVENT_ID]: known } = claim;
  if (known?.queue === queue && known.key === key) return known.id;
  const id = idOf(queue, key);
  if (EVENT_ID in claim) claim[EVENT_ID] = { id, queue, key };
  return id;
}

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
