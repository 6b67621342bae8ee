import type { HeldClaim } from './held-claim.js';
import type { TurnReason } from './waiting-room.js';

/** Counts of the inbox since the server started. */
export interface InboxCounts {
  /** Not run, since done before. */
  duplicate: number;
  /** Messages that waited, because another instance handled the event, or another event of its subject. */
  inWork: number;
  /** Not run, since a later one of its subject was done. */
  older: number;
  /** Put off, since one before it is missing. */
  early: number;
  /** Run although one before it is missing: `gapTimeoutMs` was over. */
  overGap: number;
  /** Put off or run without the inbox, since its store did not answer or could not read the event's record. */
  unavailable: number;
  /** Finished too late: the claim had been taken over, or the store did not answer while its lease lasted. */
  leaseLost: number;
}

export type Admission =
  /** `attempt`: as far as the store knows of all processes; undefined: it does not. */
  | {
      kind: 'run';
      claim?: HeldClaim;
      attempt?: number;
      /** Whoever claimed it before has never ended that. */ isTakenOver?: boolean;
      /** As of {@link InboxClaimResult}. */
      sinceFirstMs?: number | undefined;
      sinceLetterMs?: number | undefined;
      deaths?: number | undefined;
    }
  | { kind: 'skip'; why: 'duplicate' | 'older' }
  /** Its turn may come by a wake. `leftMs`: it looks again by then at the latest, in milliseconds. */
  | { kind: 'wait'; why: TurnReason; claim: HeldClaim; leftMs?: number }
  | { kind: 'wait'; why: 'unavailable' | 'broken' }
  | { kind: 'failed'; error: unknown; claim?: HeldClaim };
