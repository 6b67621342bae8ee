import type {
  InboxClaim,
  InboxClaimResult,
  InboxDone,
  InboxReleaseReason,
  InboxStore,
  MaybePromise,
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

/** Between two tries to end a claim that the store did not end, and for how long beyond its lease, in milliseconds. */
const END_EVERY_MS = 1_000;
const END_FOR_MS = 600_000;
/** A look of another early event holds the subject for a moment: pauses before the claim is tried again, in milliseconds. */
const LOOK_PAUSES_MS = [5, 15, 30];

/** One queue's calls about claims to the inbox's store: what is called again, and what follows a failure. */
export class Claims {
  private readonly pause: (ms: number) => Promise<void>;
  private readonly remembered: InboxDone;
  /** By key: claims that the store has not been able to end. */
  private readonly owed = new Map<string, Set<Ending>>();

  constructor(private readonly options: ClaimsOptions) {
    this.pause = options.pause ?? pausing;
    const { leaseMs, rememberForMs, rememberPositionForMs } = options.rules;
    this.remembered = {
      // A duplicate may wait for so long, and would be run if it were forgotten.
      rememberForMs: Math.max(rememberForMs, leaseMs + LONGEST_IN_WORK_MS),
      ...(rememberPositionForMs !== undefined && { rememberPositionForMs }),
    };
  }

  /** Claims the event; where a look of another early event holds its subject, again a few times. Throws or rejects with what the store says. */
  claim(claim: HeldClaim): MaybePromise<InboxClaimResult> {
    const { store, rules } = this.options;
    const result = store.claim(claim, rules.leaseMs);
    return claim.isSequential ? this.afterLooks(claim, result) : result;
  }

  private async afterLooks(claim: HeldClaim, first: MaybePromise<InboxClaimResult>): Promise<InboxClaimResult> {
    const { store, rules } = this.options;
    let result = await first;
    for (const ms of LOOK_PAUSES_MS) {
      if (result.status !== 'subject-in-work') break;
      await this.pause(ms);
      claim.leaseEndsAt = this.options.now() + rules.leaseMs;
      result = await store.claim(claim, rules.leaseMs);
    }
    return result;
  }

  /** Marks the event done. Throws or rejects with what the store says. */
  done(claim: InboxClaim, position?: string): MaybePromise<boolean> {
    return this.options.store.done(claim, this.doneOf(position));
  }

  /** How an event is done: for how long, and with which position. */
  doneOf(position: string | undefined): InboxDone {
    return position === undefined ? this.remembered : { ...this.remembered, position };
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
      ({ isFinishing, isMarked, leaseEndsAt }, index) =>
        // One that is marked is done, or the store refuses its transaction: its handler need not be told.
        !isMarked && (held[index] === false || (leaseEndsAt <= now && !isFinishing)),
    );
  }

  /**
   * Never rejects. Where the store fails it is told again until it knows, or the claim is long over: it would else count
   * an attempt that nobody made, a wait that was asked for as a gap, or the attempts of a letter that is redriven.
   */
  async release(claim: HeldClaim, reason: InboxReleaseReason, gapAt?: string, backInMs?: number): Promise<void> {
    const { health, room, now } = this.options;
    const backAt = claim.isSequential && backInMs !== undefined ? now() + backInMs : undefined;
    const ending: Ending = { claim, reason, gapAt, backAt };
    try {
      const releasing = this.end(ending);
      room.callIn(placesAfter(claim, 'released', now() - claim.claimedAt));
      await releasing;
    } catch (error) {
      if (isBrokenRecord(error)) return;
      health.failed(error);
      void this.endLater(ending);
    }
  }

  /** Whether a claim of this process on the event is still to be ended. */
  owes({ key }: HeldClaim): boolean {
    return this.owed.size > 0 && this.owed.has(key);
  }

  /** Ends what {@link owes} tells of, so that the next claim does not count it. Rejects with what the store says. */
  async payOff({ key }: HeldClaim): Promise<void> {
    for (const ending of this.owed.get(key) ?? []) {
      await this.end(ending);
      this.forget(ending);
    }
  }

  private async end({ claim, reason, gapAt, backAt }: Ending): Promise<void> {
    const backInMs = backAt === undefined ? undefined : Math.max(0, backAt - this.options.now());
    await this.options.store.release(claim, reason, gapAt, backInMs);
  }

  private async endLater(ending: Ending): Promise<void> {
    const { claim } = ending;
    const { health, now } = this.options;
    this.owed.set(claim.key, new Set(this.owed.get(claim.key)).add(ending));
    while (!health.isStopped && now() < claim.leaseEndsAt + END_FOR_MS) {
      await health.untilAvailable(END_EVERY_MS);
      await this.pause(END_EVERY_MS);
      if (!this.owed.get(claim.key)?.has(ending)) return;
      if (health.isStopped || health.isUnavailable) continue;
      try {
        await this.end(ending);
        break;
      } catch (error) {
        if (isBrokenRecord(error)) break;
        health.failed(error);
      }
    }
    this.forget(ending);
  }

  private forget(ending: Ending): void {
    const { key } = ending.claim;
    const owed = this.owed.get(key);
    owed?.delete(ending);
    if (owed?.size === 0) this.owed.delete(key);
  }
}

/** How a claim ends. */
interface Ending {
  claim: HeldClaim;
  reason: InboxReleaseReason;
  gapAt: string | undefined;
  /** When its message comes again, by this process's clock, in milliseconds. */
  backAt: number | undefined;
}

const pausing = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));
