import { TurnBudget } from './turn-budget.js';

/** From so many bytes or characters on an answer, or a body, takes its turn: it costs a millisecond or more to read. */
export const LARGE_BODY = 64 * 1024;

/** Of all consumers, since they share the event loop: an answer, or a body of 250 KB, has a turn for itself. */
const budget = new TurnBudget(128 * 1024);

/** When something of this length that was received may be read. Undefined: at once. Never rejects. */
export const turnToRead = (length: number): Promise<void> | undefined =>
  length < LARGE_BODY ? undefined : budget.claim(length);
