import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { InboxClaim, InboxClaimResult, InboxStore, MaybePromise } from '../interfaces/inbox-store.interface.js';

/** Defines a test with a store and a queue of its own. */
export type ContractTest = (what: string, run: (store: InboxStore, claim: ClaimFactory) => Promise<void>) => void;

export const LONG_MS = 60_000;
export const SHORT_MS = 30;
const DEADLINE_MS = 10_000;
export const REMEMBER = { rememberForMs: LONG_MS };

export const claimed = (attempt: number, more: object = {}): object => ({ status: 'claimed', attempt, ...more });

/** Without what a store need not tell. */
export function required(result: InboxClaimResult): object {
  const { isTakenOver: _, sinceFirstMs: __, sinceLetterMs: ___, deaths: ____, ...others } = result as Claimed;
  return others;
}

type Claimed = InboxClaimResult & { status: 'claimed' };

/** Asks again until `isSo`; rejects when that takes too long. */
export async function until<T>(ask: () => MaybePromise<T>, isSo: (answer: T) => boolean): Promise<T> {
  const endsAt = performance.now() + DEADLINE_MS;
  for (;;) {
    const answer = await ask();
    if (isSo(answer)) return answer;
    if (performance.now() > endsAt)
      assert.fail(`it did not come to it within ${DEADLINE_MS} ms: ${JSON.stringify(answer)}`);
    await pass(5);
  }
}

/** Resolves when so many milliseconds have passed, for store and caller alike. */
export const pass = (ms: number): Promise<void> =>
  new Promise(resolve => {
    setTimeout(resolve, ms);
  });

/** A time of a test, and what has to happen within it. */
export interface Moment {
  ms: number;
  /** The calls have to come to their end within the time. */
  within: <T>(calls: () => Promise<T>) => Promise<T>;
}

class TooSlow extends Error {}

/**
 * `run` needs calls within a short time. On a machine where they take longer, neither a success nor a failure of the
 * store shows: then the test is repeated on another queue, with four times the time.
 */
export async function inMoments(
  firstMs: number,
  run: (moment: Moment, claim: ClaimFactory) => Promise<void>,
): Promise<void> {
  for (let ms = firstMs; ; ms *= 4) {
    try {
      await run({ ms, within: calls => within(ms, calls) }, claimFactory());
      return;
    } catch (error) {
      if (!(error instanceof TooSlow) || 4 * ms > DEADLINE_MS) throw error;
    }
  }
}

async function within<T>(ms: number, calls: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  const [outcome] = await Promise.allSettled([calls()]);
  const tookMs = performance.now() - startedAt;
  if (tookMs >= ms) throw new TooSlow(`a few calls of the store took ${tookMs} ms`);
  if (outcome.status === 'rejected') throw outcome.reason;
  return outcome.value;
}

export const isClaimed = ({ status }: InboxClaimResult): boolean => status === 'claimed';

export type ClaimFactory = (key: string, subject?: string) => InboxClaim;

/** Claims on one queue, each with a token of its own. */
export function claimFactory(): ClaimFactory {
  const queue = `contract-${randomUUID()}`;
  return (key, subject) => ({ queue, key, token: randomUUID(), ...(subject !== undefined && { subject }) });
}
