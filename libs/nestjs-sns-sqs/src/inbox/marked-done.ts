import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { InboxStore } from '../interfaces/inbox-store.interface.js';
import type { SqlExecutor } from '../interfaces/sql.interface.js';
import type { Admission } from './admission.js';
import { storeName } from './checked-store.js';
import type { Claims } from './claims.js';
import type { HeldClaim } from './held-claim.js';
import type { StoreHealth } from './store-health.js';

export interface MarkedDoneOptions {
  queue: string;
  store: InboxStore;
  health: Pick<StoreHealth, 'failed'>;
  claims: Claims;
}

/**
 * What became of an event that its handler marked done before it failed. `done`: its transaction was committed, or
 * another consumer did it; `not-done`: it was rolled back, and the claim is held; `never-lost`: as `not-done`, and nobody
 * else had the event meanwhile; else it waits: another one has the
 * event, the transaction is still open, or the store does not say.
 */
export type MarkFate = 'done' | 'not-done' | 'never-lost' | (Admission & { kind: 'wait' });

/** Events that are marked done in their handlers' own transactions. */
export class MarkedDone {
  constructor(private readonly options: MarkedDoneOptions) {}

  /** Rejects with CLAIM_LOST, MARK_DONE_UNSUPPORTED, or what the database says. */
  async mark(claim: HeldClaim, tx: SqlExecutor): Promise<void> {
    const { queue, store, claims } = this.options;
    if (!store.doneIn) throw unsupported(queue, `its inbox is a ${storeName(store)}`);
    // Before the call: an answer that is lost does not say that it was not carried out.
    claim.isMarked = true;
    await store.doneIn(tx, claim, claims.doneOf(claim.sequence));
  }

  /** Never rejects. A claim that is held is renewed by that, and counts no attempt. */
  async fateOf(claim: HeldClaim): Promise<MarkFate> {
    const { health, claims } = this.options;
    try {
      const result = await claims.claim(claim);
      switch (result.status) {
        case 'done':
          return 'done';
        case 'claimed':
          return result.isTakenOver !== true && result.attempt === claim.attempt ? 'never-lost' : 'not-done';
        case 'in-work':
          return { kind: 'wait', why: 'in-work', claim, leftMs: result.retryAfterMs };
        case 'subject-in-work':
          return { kind: 'wait', why: 'subject-in-work', claim };
      }
    } catch (error) {
      health.failed(error);
      return { kind: 'wait', why: 'unavailable' };
    }
  }
}

/** @param why what the queue has instead */
export const unsupported = (queue: string, why: string): SnsSqsError =>
  new SnsSqsError('MARK_DONE_UNSUPPORTED', {
    problem: `context.markDoneIn() cannot mark an event of ${queue} as done in a transaction: ${why}`,
    remedy: 'give the server a PostgresInboxStore of nestjs-sns-sqs/postgres, on the database of the transaction',
    facts: { queue },
  });
