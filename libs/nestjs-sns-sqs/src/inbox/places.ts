import type { HeldClaim } from './held-claim.js';

/** Who waits for what. `s:<subject>:<sequence>` for its turn in an order, `s:<subject>` for its subject, `e:<event>` for its event to be free. */
export type Place = string;

/** A claim that was in work for less, in milliseconds, needs to wake no duplicate: the first delay of one is as long. */
const LONG_MS = 1_000;

export const eventPlace = ({ key }: Pick<HeldClaim, 'key'>): Place => `e:${key}`;

export const orderPlace = (subject: string, sequence: bigint | string | undefined): Place =>
  sequence === undefined ? `s:${subject}` : `s:${subject}:${sequence}`;

/** Whose turn it may be when a claim ends: with the event done, or without. `heldMs`: how long it was in work. */
export function placesAfter(claim: HeldClaim, end: 'done' | 'released', heldMs: number): Place[] {
  const places = heldMs >= LONG_MS ? [eventPlace(claim)] : [];
  const { subject, sequence, expected, isSequential } = claim;
  if (subject === undefined || sequence === undefined) return places;
  if (!isSequential) places.push(orderPlace(subject, undefined));
  else if (end === 'done') places.push(orderPlace(subject, BigInt(sequence) + 1n));
  else if (expected !== undefined && expected !== sequence) places.push(orderPlace(subject, expected));
  return places;
}
