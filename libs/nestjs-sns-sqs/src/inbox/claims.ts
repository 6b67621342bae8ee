import type {
  InboxClaim,
  InboxClaimResult,
  InboxReleaseReason,
  InboxStore,
} from '../interfaces/inbox-store.interface.js';
import { isBrokenRecord } from './broken-records.js';
import type { HeldClaim } from './held-claim.js';
import { placesAfter } from './places.js';
import { LONGEST_IN_WORK_MS } from './put-off.js';
import type { StoreHealth } from './store-health.js';
import type { WaitingRoom } from './waiting-room.js';

export interface ClaimsOptions {
  store: InboxStore;
  health: StoreHealth;
  rules: { leaseMs: number; rememberForMs: number; rememberPositionForMs?: number | undefined };
  room: WaitingRoom;
  now: () => number;
  pause?: ((ms: number) => Promise<void>) | undefined;
}

/** Between two tries to take back a claim that was not used, and for how long beyond its lease, in milliseconds. */
const TAKE_BACK_EVERY_MS = 1_000;
const TAKE_BACK_FOR_MS = 600_000;
/** A look of another early event holds the subject for a moment: pauses before the claim is tried again, in milliseconds. */
const LOOK_PAUSES_MS = [5, 15, 30];

/** One queue's calls about claims to the inbox's store: what is called again, and what follows a failure. */
export class Claims {
  private readonly pause: (ms: number) => Promise<void>;

  constructor(private readonly options: ClaimsOptions) {
    this.pause = options.pause ?? pausing;
  }

  /** Claims the event; where a look of another early event holds its subject, again a few times. Rejects with what the store says. */
  async claim(claim: HeldClaim): Promise<InboxClaimResult> {
    const { store, rules } = this.options;
    let result = await store.claim(claim, rules.leaseMs);
    if (!claim.isSequential) return result;
    for (const ms of LOOK_PAUSES_MS) {
      if (result.status !== 'subject-in-work') break;
      await this.pause(ms);
      claim.leaseEndsAt = this.options.now() + rules.leaseMs;
      result = await store.claim(claim, rules.leaseMs);
    }
    return result;
  }

  /** Marks the event done. Rejects with what the store says. */
  async done(claim: InboxClaim, position?: string): Promise<boolean> {
    const { store, rules } = this.options;
    return store.done(claim, {
      // A duplicate may wait for so long, and would be run if it were forgotten.
      rememberForMs: Math.max(rules.rememberForMs, rules.leaseMs + LONGEST_IN_WORK_MS),
      ...(position !== undefined && { position }),
      ...(rules.rememberPositionForMs !== undefined && { rememberPositionForMs: rules.rememberPositionForMs }),
    });
  }

  /**
   * Renews the leases; gives those that are lost: taken over, or over while the store is away and their handlers still
   * run. Never rejects.
   */
  async renew(claims: readonly HeldClaim[]): Promise<HeldClaim[]> {
    const { store, health, rules } = this.options;
    if (claims.length === 0) return [];
    let held: boolean[] = [];
    try {
      const startedAt = this.options.now();
      held = await store.renew(claims, rules.leaseMs);
      for (const [index, claim] of claims.entries()) {
        if (held[index]) claim.leaseEndsAt = startedAt + rules.leaseMs;
      }
    } catch (error) {
      health.failed(error);
      if (health.mayProceed) return [];
    }
    const now = this.options.now();
    return claims.filter(
      ({ isFinishing, leaseEndsAt }, index) => held[index] === false || (leaseEndsAt <= now && !isFinishing),
    );
  }

  /** Never rejects: a claim that could not be released ends with its lease. */
  async release(claim: HeldClaim, reason: InboxReleaseReason, gapAt?: string, backInMs?: number): Promise<void> {
    const { store, health } = this.options;
    try {
      const releasing = store.release(claim, reason, gapAt, claim.isSequential ? backInMs : undefined);
      this.options.room.callIn(placesAfter(claim, 'released', this.options.now() - claim.claimedAt));
      await releasing;
    } catch (error) {
      if (isBrokenRecord(error)) return;
      health.failed(error);
      if (reason === 'unstarted') void this.takeBack(claim, gapAt);
    }
  }

  /** What nobody has tried must not count as an attempt: tried again until the store has it, or the claim is long over. */
  private async takeBack(claim: HeldClaim, gapAt: string | undefined): Promise<void> {
    const { store, health } = this.options;
    while (!health.isStopped && this.options.now() < claim.leaseEndsAt + TAKE_BACK_FOR_MS) {
      await health.untilAvailable(TAKE_BACK_EVERY_MS);
      await this.pause(TAKE_BACK_EVERY_MS);
      if (health.isStopped || health.isUnavailable) continue;
      try {
        await store.release(claim, 'unstarted', gapAt);
        return;
      } catch (error) {
        if (isBrokenRecord(error)) return;
        health.failed(error);
      }
    }
  }
}

const pausing = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));
