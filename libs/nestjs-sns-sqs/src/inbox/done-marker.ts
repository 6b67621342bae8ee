import { isThenable } from '../events/user-code.js';
import type { MaybePromise } from '../interfaces/inbox-store.interface.js';
import type { InboxCounts } from './admission.js';
import { isBrokenRecord } from './broken-records.js';
import type { Claims } from './claims.js';
import type { HeldClaim } from './held-claim.js';
import { placesAfter, placesFrom } from './places.js';
import type { StoreHealth } from './store-health.js';
import type { WaitingRoom } from './waiting-room.js';

export interface DoneMarkerOptions {
  claims: Pick<Claims, 'done'>;
  room: Pick<WaitingRoom, 'callIn' | 'callInAgain'>;
  health: StoreHealth;
  counts: Pick<InboxCounts, 'leaseLost' | 'unavailable'>;
  now: () => number;
  /** What other processes do counts for the order too. */
  isSharedOrder: boolean;
}

/** Between two tries to mark an event done while the store is away, in milliseconds. */
const DONE_RETRY_MS = 500;

/** Tells the store of one queue's inbox that events are done, until it knows. */
export class DoneMarker {
  constructor(private readonly options: DoneMarkerOptions) {}

  /**
   * Marks the event done; while the store is away again and again, as long as `mayGoOn`, beyond the claim's lease too:
   * nobody can take it over meanwhile, and a store that is back refuses what was taken over. False: the message must not
   * be settled. Somebody else has the event, or what the store knows of it is unknown. At once where the store answers
   * at once.
   */
  finish(claim: HeldClaim, mayGoOn: () => boolean): MaybePromise<boolean> {
    claim.isFinishing = true;
    const marking = this.mark(claim);
    return isThenable(marking) ? this.finishInTime(claim, marking, mayGoOn) : this.counted(marking);
  }

  /** Never throws: rejects with what the store says. */
  private mark(claim: HeldClaim): MaybePromise<boolean> {
    const { claims, room, now, isSharedOrder } = this.options;
    try {
      const marking = claims.done(claim, claim.sequence);
      // In the same turn, and so in the same round trip.
      room.callIn(placesAfter(claim, 'done', now() - claim.claimedAt));
      // The next one, or a copy, may have been hidden by a process that died before it noted that, or before it woke it.
      if (isSharedOrder) room.callInAgain(placesFrom(claim));
      return marking;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  private counted(isDone: boolean): boolean {
    if (!isDone) this.options.counts.leaseLost += 1;
    return isDone;
  }

  private async finishInTime(claim: HeldClaim, first: MaybePromise<boolean>, mayGoOn: () => boolean): Promise<boolean> {
    const { health, counts } = this.options;
    for (let marking = first; ; marking = this.mark(claim)) {
      try {
        return this.counted(await marking);
      } catch (error) {
        if (isBrokenRecord(error)) {
          counts.leaseLost += 1;
          return false;
        }
        health.failed(error);
        if (health.mayProceed) {
          counts.unavailable += 1;
          health.noteProceeded();
          return true;
        }
        await health.untilAvailable(DONE_RETRY_MS);
        if (!mayGoOn()) {
          counts.leaseLost += 1;
          return false;
        }
      }
    }
  }
}
