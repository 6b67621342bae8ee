import { TurnBudget } from '../async/turn-budget.js';

/** From so many bytes on a batch takes its turn: it costs milliseconds to write, and so do the emits that wait for it. */
const LARGE_BYTES = 128 * 1024;

/** Of all clients, for writing and for telling alike: both keep the one event loop busy, and each waits for its place in turn. */
const budget = new TurnBudget(512 * 1024);

/** When a batch of so many bytes may be written, or its results be told. Undefined: at once. */
export const turnFor = (bytes: number): Promise<void> | undefined =>
  bytes < LARGE_BYTES ? undefined : budget.claim(bytes);
