import type { HeldClaim } from './held-claim.js';

/** Who waits for what. `s:<subject>:<sequence>` for its turn in an order, `s:<subject>` for its subject, `e:<event>` for its event to be free. `r:<subject>:<sequence>`: {@link sparePlace}. */
export type Place = string;

/** A claim that was in work for less, in milliseconds, needs to wake no duplicate: the first delay of one is as long. */
const LONG_MS = 1_000;

export const eventPlace = ({ key }: Pick<HeldClaim, 'key'>): Place => `e:${key}`;

/** Where who waits for its turn is noted a second time, until it is known to be visible. */
export const sparePlace = (place: Place): Place => `r${place.slice(1)}`;

export const orderPlace = (subject: string, sequence: bigint | string | undefined): Place =>
  sequence === undefined ? `s:${subject}` : `s:${subject}:${sequence}`;

const NOWHERE: readonly Place[] = [];

/** Whose turn it may be when a claim ends: with the event done, or without. `heldMs`: how long it was in work. */
export function placesAfter(claim: HeldClaim, end: 'done' | 'released', heldMs: number): readonly Place[] {
  const isLong = heldMs >= LONG_MS;
  const { subject, sequence, expected, isSequential } = claim;
  if (subject === undefined || sequence === undefined) return isLong ? [eventPlace(claim)] : NOWHERE;
  const places = isLong ? [eventPlace(claim)] : [];
  if (!isSequential) places.push(orderPlace(subject, undefined));
  else if (end === 'done') places.push(orderPlace(subject, BigInt(sequence) + 1n));
  else if (expected !== undefined && expected !== sequence) places.push(orderPlace(subject, expected));
  return places;
}

/** Where copies of this event may wait, and the one after it, in an order that has no gaps. */
export function placesFrom({ subject, sequence, isSequential }: HeldClaim): Place[] {
  return isSequential && subject !== undefined && sequence !== undefined
    ? [orderPlace(subject, sequence), orderPlace(subject, BigInt(sequence) + 1n)]
    : [];
}
