import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { InboxClaimResult, MaybePromise } from '../interfaces/inbox-store.interface.js';
import type { Admission, InboxCounts } from './admission.js';
import { isBrokenRecord } from './broken-records.js';
import type { Claims } from './claims.js';
import type { HeldClaim } from './held-claim.js';
import { placesAfter } from './places.js';
import { orderVerdict, type OrderingRules } from './sequence-guard.js';
import type { StoreHealth } from './store-health.js';
import type { WaitingRoom } from './waiting-room.js';

export interface OrderOptions {
  /** Full name of the queue. */
  queue: string;
  rules: OrderingRules;
  claims: Pick<Claims, 'done' | 'release'>;
  room: Pick<WaitingRoom, 'callIn'>;
  health: Pick<StoreHealth, 'failed'>;
  counts: Pick<InboxCounts, 'older' | 'early' | 'overGap' | 'unavailable'>;
  /** As of `InboxOptions`. */
  isMixed: (() => Promise<boolean | undefined>) | undefined;
  /** What comes of an event whose own record is broken. */
  onBrokenRecord: (claim: HeldClaim, error: unknown) => Admission;
}

type Claimed = InboxClaimResult & { status: 'claimed' };

/** Gives an event that was claimed its place in the order of its subject: it runs now, waits, or is skipped. */
export class Order {
  constructor(private readonly options: OrderOptions) {}

  /** At once where no order is asked for. Never rejects for what the store does. */
  place(claim: HeldClaim, found: Claimed): MaybePromise<Admission> {
    const { sequence } = claim;
    return sequence === undefined ? runOf(claim, found) : this.placeBySequence(claim, sequence, found);
  }

  private async placeBySequence(claim: HeldClaim, sequence: string, found: Claimed): Promise<Admission> {
    const { queue, rules, counts, claims } = this.options;
    claim.expected = expectedAfter(found.position, claim);
    const verdict = orderVerdict(sequence, found, rules);
    switch (verdict.kind) {
      case 'run':
        if (verdict.overGap) counts.overGap += 1;
        return runOf(claim, found);
      case 'older':
        // Where another version handles them in any order, the first one seen was not the first: it is not lost for that.
        if (rules.ordering === 'sequential') {
          const isMixed = await this.isMixed();
          if (isMixed === undefined) return this.undecided(claim);
          if (isMixed) return runOf({ ...claim, sequence: undefined }, found);
        }
        return this.skipOlder(claim);
      case 'early':
        counts.early += 1;
        await claims.release(claim, 'unstarted', verdict.isLowest ? sequence : undefined);
        return { kind: 'wait', why: 'early', claim, ...(verdict.isLowest && { leftMs: verdict.leftMs }) };
      case 'gap-timed-out': {
        // What is missing may have been handled, by a version that keeps no order: then it must not be waited for.
        const isMixed = await this.isMixed();
        if (isMixed === undefined) return this.undecided(claim);
        if (isMixed) return this.overGap(claim, found);
        const text = `Sequence ${verdict.expected} of the subject has not come within gapTimeoutMs (${rules.gapTimeoutMs} ms), and ${sequence} waits for it`;
        const facts = { queue, expected: verdict.expected, sequence };
        return { kind: 'failed', claim, error: new SnsSqsError('SEQUENCE_GAP', text, { facts }) };
      }
    }
  }

  private async isMixed(): Promise<boolean | undefined> {
    const { isMixed } = this.options;
    return isMixed ? isMixed() : false;
  }

  /** Nobody can tell now whether another version has handled what is missing here. */
  private async undecided(claim: HeldClaim): Promise<Admission> {
    this.options.counts.unavailable += 1;
    await this.options.claims.release(claim, 'unstarted');
    return { kind: 'wait', why: 'unavailable' };
  }

  private async overGap(claim: HeldClaim, found: Claimed): Promise<Admission> {
    const { counts, claims } = this.options;
    const rules = { ...this.options.rules, onGapTimeout: 'proceed' as const };
    const verdict = orderVerdict(claim.sequence ?? '', found, rules);
    if (verdict.kind !== 'run') {
      counts.early += 1;
      await claims.release(claim, 'unstarted');
      return { kind: 'wait', why: 'early', claim };
    }
    counts.overGap += 1;
    return runOf(claim, found);
  }

  private async skipOlder(claim: HeldClaim): Promise<Admission> {
    const { counts, claims, room, health, onBrokenRecord } = this.options;
    try {
      const marking = claims.done(claim);
      room.callIn(placesAfter(claim, 'released', 0));
      if (await marking) {
        counts.older += 1;
        return { kind: 'skip', why: 'older' };
      }
    } catch (error) {
      if (isBrokenRecord(error)) return onBrokenRecord(claim, error);
      health.failed(error);
    }
    return { kind: 'wait', why: 'unavailable' };
  }
}

const runOf = (claim: HeldClaim, found: Claimed): Admission => ({
  kind: 'run',
  claim,
  attempt: found.attempt,
  isTakenOver: found.isTakenOver ?? false,
  sinceFirstMs: found.sinceFirstMs,
  sinceLetterMs: found.sinceLetterMs,
  deaths: found.deaths,
});

/** The sequence that is next of the subject, as far as the store knows. */
const expectedAfter = (position: string | undefined, { startAt }: HeldClaim): string | undefined =>
  (position === undefined ? startAt : BigInt(position) + 1n)?.toString();
