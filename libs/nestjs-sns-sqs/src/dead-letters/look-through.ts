import type { QueueFacts } from './dead-letter-queue.js';
import { readLetter, type Letter } from './letter.js';
import type { LetterTray, Received } from './letter-tray.js';

/** How much of a queue was read. */
export interface Coverage {
  /** Letters that were read. */
  read: number;
  /** Letters that were in the queue at the start. Approximate, as SQS counts them. */
  total: number;
  /**
   * Letters that were not read: others hold them, the limit was reached, or they stand behind the first ten letters of
   * their FIFO group, where SQS shows them to nobody. Approximate.
   */
  unread: number;
}

export interface LookOptions {
  tray: LetterTray;
  queue: QueueFacts;
  /** Letters that are read at most. */
  maxRead: number;
  onProgress?: ((coverage: Coverage) => void) | undefined;
  /** Ends the look early. */
  signal?: AbortSignal | undefined;
}

/** SQS asks some of its servers in a short poll, and all of them in a long one. */
const WAIT_SECONDS = 1;
const PARALLEL_RECEIVES = 8;
/** A queue of so many letters is read by several receives at a time. */
const MANY = 100;
/** SQS may answer with nothing although there are letters. */
const EMPTY_ROUNDS = 3;

const coverageOf = (read: number, { messages }: QueueFacts): Coverage => ({
  read,
  total: Math.max(messages, read),
  unread: Math.max(0, messages - read),
});

/**
 * Reads every letter that SQS shows, once. The letters stay in the tray, hidden, so that SQS does not show them twice.
 * @param visit gets each letter; `'stop'` ends the look
 */
export async function lookThrough(
  { tray, queue, maxRead, onProgress, signal }: LookOptions,
  visit: (letters: Letter[]) => void | 'stop' | Promise<void | 'stop'>,
): Promise<Coverage> {
  const parallel = !queue.fifo && queue.messages > MANY ? PARALLEL_RECEIVES : 1;
  let read = 0;
  let empty = 0;
  while (read < maxRead && empty < (read >= queue.messages ? 1 : EMPTY_ROUNDS) && signal?.aborted !== true) {
    const received = await inParallel(parallel, () => tray.receive(WAIT_SECONDS));
    const letters = received.filter(({ isNew }) => isNew).map(({ message }) => readLetter(message, queue));
    empty = letters.length === 0 ? empty + 1 : 0;
    read += letters.length;
    if (letters.length === 0) continue;
    const verdict = await visit(letters);
    onProgress?.(coverageOf(read, queue));
    if (verdict === 'stop') break;
  }
  return coverageOf(read, queue);
}

async function inParallel(times: number, receive: () => Promise<Received[]>): Promise<Received[]> {
  const results = await Promise.allSettled(Array.from({ length: times }, receive));
  // What the others received is held already: only the failure matters then.
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return results.flatMap(result => (result.status === 'fulfilled' ? result.value : []));
}
