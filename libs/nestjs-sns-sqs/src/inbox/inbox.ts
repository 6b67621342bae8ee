import { monotonicNow } from '../async/clock.js';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { EventEnvelope } from '../interfaces/envelope.interface.js';
import type { InboxClaim, InboxClaimResult, InboxStore } from '../interfaces/inbox-store.interface.js';
import { BrokenRecords, isBrokenRecord } from './broken-records.js';
import { claimOf, type ClaimRules, type HeldClaim } from './held-claim.js';
import { earlyWaitBoundSeconds, orderVerdict, type OrderingRules } from './sequence-guard.js';
import type { StoreHealth } from './store-health.js';

/** Rules of one queue. */
export interface InboxRules extends ClaimRules, OrderingRules {
  rememberForMs: number;
  rememberPositionForMs?: number | undefined;
}

export interface InboxOptions {
  /** Full name of the queue. */
  queue: string;
  store: InboxStore;
  health: StoreHealth;
  rules: InboxRules;
  now?: () => number;
}

/** What the inbox did, since the server started. */
export interface InboxCounts {
  /** Not run, since done before. */
  duplicate: number;
  /** Put off, since the event, or another one of its subject, was in work elsewhere. */
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
  | { kind: 'run'; claim?: HeldClaim; attempt?: number }
  | { kind: 'skip'; why: 'duplicate' | 'older' }
  /** `boundSeconds`: put off by so much at most; `seconds`: by exactly so much. */
  | { kind: 'wait'; why: 'in-work' | 'early' | 'unavailable' | 'broken'; seconds?: number; boundSeconds?: number }
  | { kind: 'failed'; error: unknown; claim?: HeldClaim };

const UNAVAILABLE_WAIT_BOUND_SECONDS = 30;
const SUBJECT_WAIT_BOUND_SECONDS = 10;
/** Between two tries to mark an event done while the store is away, in milliseconds. */
const DONE_RETRY_MS = 500;

/** One queue's inbox: decides for each event whether it is run, skipped or put off, and marks it done. */
export class Inbox {
  readonly counts: InboxCounts = {
    duplicate: 0,
    inWork: 0,
    older: 0,
    early: 0,
    overGap: 0,
    unavailable: 0,
    leaseLost: 0,
  };
  private readonly now: () => number;
  private readonly brokenRecords: BrokenRecords;

  constructor(private readonly options: InboxOptions) {
    this.now = options.now ?? monotonicNow;
    this.brokenRecords = new BrokenRecords(this.now);
  }

  /** True: nothing would be run now. */
  get isPaused(): boolean {
    return this.options.health.isPaused;
  }

  /** Claims the event if it may run now. Never rejects. */
  async admit(event: EventEnvelope): Promise<Admission> {
    const { queue, store, health, rules } = this.options;
    if (health.isAway) return this.withoutStore();
    let claim: HeldClaim;
    try {
      claim = claimOf(event, queue, rules, this.now());
    } catch (error) {
      return { kind: 'failed', error };
    }
    let result: InboxClaimResult;
    try {
      result = await store.claim(claim, rules.leaseMs);
    } catch (error) {
      if (isBrokenRecord(error)) return this.withBrokenRecord(claim, error);
      health.failed(error);
      // It may have been claimed, or will be when the store wakes up: what is sent behind it undoes that.
      void this.release(claim, 'unstarted');
      return this.withoutStore();
    }
    switch (result.status) {
      case 'done':
        this.counts.duplicate += 1;
        return { kind: 'skip', why: 'duplicate' };
      case 'in-work':
        this.counts.inWork += 1;
        return { kind: 'wait', why: 'in-work', seconds: Math.max(1, Math.ceil(result.retryAfterMs / 1000)) };
      case 'subject-in-work':
        this.counts.inWork += 1;
        return { kind: 'wait', why: 'in-work', boundSeconds: SUBJECT_WAIT_BOUND_SECONDS };
      case 'claimed':
        return this.inOrder(claim, result);
    }
  }

  /**
   * Marks the event done; while the store is away again and again, as long as `mayGoOn`, beyond the claim's lease too:
   * nobody can take it over meanwhile, and a store that is back refuses what was taken over. False: the message must not
   * be settled. Somebody else has the event, or what the store knows of it is unknown.
   */
  async finish(claim: HeldClaim, mayGoOn: () => boolean): Promise<boolean> {
    const { health } = this.options;
    claim.isFinishing = true;
    for (;;) {
      try {
        const isDone = await this.markDone(claim, claim.sequence);
        if (!isDone) this.counts.leaseLost += 1;
        return isDone;
      } catch (error) {
        if (isBrokenRecord(error)) {
          this.counts.leaseLost += 1;
          return false;
        }
        health.failed(error);
        if (health.mayProceed) {
          this.counts.unavailable += 1;
          health.noteProceeded();
          return true;
        }
        await health.whenBack(DONE_RETRY_MS);
        if (!mayGoOn()) {
          this.counts.leaseLost += 1;
          return false;
        }
      }
    }
  }

  /** Never rejects: a claim that could not be released ends with its lease. */
  async release(claim: InboxClaim, reason: 'failed' | 'unstarted' | 'dead-lettered', gapAt?: string): Promise<void> {
    const { store, health } = this.options;
    try {
      await store.release(claim, reason, gapAt);
    } catch (error) {
      if (!isBrokenRecord(error)) health.failed(error);
    }
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
      const startedAt = this.now();
      held = await store.renew(claims, rules.leaseMs);
      for (const [index, claim] of claims.entries()) {
        if (held[index]) claim.leaseEndsAt = startedAt + rules.leaseMs;
      }
    } catch (error) {
      health.failed(error);
      if (health.mayProceed) return [];
    }
    const now = this.now();
    return claims.filter(
      ({ isFinishing, leaseEndsAt }, index) => held[index] === false || (leaseEndsAt <= now && !isFinishing),
    );
  }

  private async inOrder(claim: HeldClaim, found: InboxClaimResult & { status: 'claimed' }): Promise<Admission> {
    const { queue, rules } = this.options;
    if (claim.sequence === undefined) return { kind: 'run', claim, attempt: found.attempt };
    const verdict = orderVerdict(claim.sequence, found, rules);
    switch (verdict.kind) {
      case 'run':
        if (verdict.overGap) this.counts.overGap += 1;
        return { kind: 'run', claim, attempt: found.attempt };
      case 'older':
        return this.skipOlder(claim);
      case 'early':
        this.counts.early += 1;
        await this.release(claim, 'unstarted', verdict.isLowest ? claim.sequence : undefined);
        return { kind: 'wait', why: 'early', boundSeconds: earlyWaitBoundSeconds(rules) };
      case 'gap-timed-out': {
        const text = `Sequence ${verdict.expected} of the subject has not come within gapTimeoutMs (${rules.gapTimeoutMs} ms), and ${claim.sequence} waits for it`;
        const facts = { queue, expected: verdict.expected, sequence: claim.sequence };
        return { kind: 'failed', claim, error: new SnsSqsError('SEQUENCE_GAP', text, { facts }) };
      }
    }
  }

  private async skipOlder(claim: HeldClaim): Promise<Admission> {
    try {
      if (await this.markDone(claim)) {
        this.counts.older += 1;
        return { kind: 'skip', why: 'older' };
      }
    } catch (error) {
      if (isBrokenRecord(error)) return this.withBrokenRecord(claim, error);
      this.options.health.failed(error);
    }
    return { kind: 'wait', why: 'unavailable', boundSeconds: UNAVAILABLE_WAIT_BOUND_SECONDS };
  }

  private async markDone(claim: InboxClaim, position?: string): Promise<boolean> {
    const { store, rules } = this.options;
    return store.done(claim, {
      rememberForMs: rules.rememberForMs,
      ...(position !== undefined && { position }),
      ...(rules.rememberPositionForMs !== undefined && { rememberPositionForMs: rules.rememberPositionForMs }),
    });
  }

  /** The fault is this event's own: it waits without an attempt, for 15 minutes. */
  private withBrokenRecord({ key }: HeldClaim, error: unknown): Admission {
    this.counts.unavailable += 1;
    return this.brokenRecords.isGivenUp(key) ? { kind: 'failed', error } : { kind: 'wait', why: 'broken' };
  }

  private withoutStore(): Admission {
    const { health } = this.options;
    this.counts.unavailable += 1;
    if (!health.mayProceed) {
      return { kind: 'wait', why: 'unavailable', boundSeconds: UNAVAILABLE_WAIT_BOUND_SECONDS };
    }
    health.noteProceeded();
    return { kind: 'run' };
  }
}
