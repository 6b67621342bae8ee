import type { Accepted, Letter } from './ledger.ts';
import type { Strike } from './fleet.ts';

/** Their handlers, and what checks their payloads, say by these that no retry can help. */
const AT_ONCE = new Set(['DeadLetter', 'BadRequestException']);
/** The library's default. No handler of the services asks for another number. */
const MAX_RECEIVE_COUNT = 5;
/** The least time from the first attempt to the last one: with the default backoff, and with that of the mails. */
const LEAST_MS = { usual: 15 * 60_000, mails: 2_000 };
const MAILS = /^notifications-.*\.fifo$/;

/** A line of what a process has written down. */
export interface WrittenRun {
  what: string;
  at: number;
}

export interface LetterFacts {
  accepted: Accepted;
  letter: Letter;
  /** What its handlers have written down, of all copies of its event in this queue. */
  runs: readonly WrittenRun[];
  kills: readonly Strike[];
}

/** In which way a message was dead-lettered too early; undefined: its attempts and its time were used up, or it was asked for. */
export function earlyLetter({ accepted, letter, runs, kills }: LetterFacts): string | undefined {
  const { error, reason } = letter;
  if (AT_ONCE.has(error ?? '')) return undefined;
  const leastMs = MAILS.test(accepted.queue) ? LEAST_MS.mails : LEAST_MS.usual;
  // The first attempt may have died with its process, and written nothing down.
  const waitedMs = letter.at - accepted.at;
  if (waitedMs < leastMs) return `${waitedMs} ms after it was sent, not ${leastMs}: ${reason}`;
  const failed = runs.filter(({ what, at }) => what === 'failed' && at <= letter.at).length;
  const died = kills.filter(({ at }) => at >= accepted.at && at <= letter.at).length;
  // A handler that outlives its time writes down later that it has ended.
  const isOverdue = reason.includes('handlerTimeoutMs');
  if (!isOverdue && failed + died < MAX_RECEIVE_COUNT)
    return `after ${failed} failures and ${died} kills, not ${MAX_RECEIVE_COUNT}: ${reason}`;
  return undefined;
}
