import { monotonicNow } from '../async/clock.js';
import { isThenable } from '../events/user-code.js';
import type { EventEnvelope } from '../interfaces/envelope.interface.js';
import type {
  InboxClaimResult,
  InboxReleaseReason,
  InboxStore,
  MaybePromise,
} from '../interfaces/inbox-store.interface.js';
import { BrokenRecords, isBrokenRecord } from './broken-records.js';
import type { Admission, InboxCounts } from './admission.js';
import { Claims } from './claims.js';
import { DoneMarker } from './done-marker.js';
import { claimOf, type ClaimRules, type HeldClaim } from './held-claim.js';
import { MarkedDone } from './marked-done.js';
import { Order } from './order.js';
import { placesFrom } from './places.js';
import type { OrderingRules } from './sequence-guard.js';
import type { StoreHealth } from './store-health.js';
import { WaitingRoom, type TurnReason } from './waiting-room.js';
import { Wakers, type Wake } from './wakers.js';

/** Rules of one queue. */
export interface InboxRules extends ClaimRules, OrderingRules {
  rememberForMs: number;
  rememberPositionForMs?: number | undefined;
}

export interface InboxOptions {
  /** Full name of the queue. */
  queue: string;
  /** What the store's keys are named by. @default the queue's name */
  namespace?: string | undefined;
  store: InboxStore;
  health: StoreHealth;
  rules: InboxRules;
  /** Asked when a gap has timed out: versions without an order consume the queue too, and leave no positions. @default no */
  isMixed?: (() => Promise<boolean | undefined>) | undefined;
  /** Of all queues with this namespace. @default of this queue */
  wakers?: Wakers | undefined;
  now?: () => number;
  pause?: (ms: number) => Promise<void>;
}

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
  /** Events that handlers mark done in their own transactions. */
  readonly marks: MarkedDone;
  private readonly now: () => number;
  private readonly brokenRecords: BrokenRecords;
  private readonly room: WaitingRoom;
  private readonly claims: Claims;
  private readonly order: Order;
  private readonly doneMarker: DoneMarker;
  private readonly namespace: string;
  /** What one process remembers is gone with it. */
  private readonly isSharedOrder: boolean;
  private readonly wakers: Wakers;

  constructor(private readonly options: InboxOptions) {
    const { queue, namespace = queue, store, health, rules, pause } = options;
    this.namespace = namespace;
    this.isSharedOrder = store.isShared && rules.ordering === 'sequential';
    this.now = options.now ?? monotonicNow;
    this.wakers = options.wakers ?? new Wakers(namespace);
    this.room = new WaitingRoom({
      queue,
      namespace,
      store,
      health,
      wakers: this.wakers,
      notesTwice: this.isSharedOrder,
    });
    this.claims = new Claims({ store, health, rules, room: this.room, now: this.now, pause });
    this.marks = new MarkedDone({ queue, store, health, claims: this.claims });
    this.brokenRecords = new BrokenRecords(this.now);
    this.doneMarker = new DoneMarker({
      claims: this.claims,
      room: this.room,
      health,
      counts: this.counts,
      now: this.now,
      isSharedOrder: this.isSharedOrder,
    });
    this.order = new Order({
      queue,
      rules,
      claims: this.claims,
      room: this.room,
      health,
      counts: this.counts,
      isMixed: options.isMixed,
      onBrokenRecord: (claim, error) => this.withBrokenRecord(claim, error),
    });
  }

  /** Who makes messages visible whose turn has come; without it nobody is woken. */
  set onWake(wake: Wake) {
    this.wakers.set(this.options.queue, wake);
  }

  /** True: nothing would be run now. */
  get isPaused(): boolean {
    return this.options.health.isPaused;
  }

  /** Claims the event if it may run now: at once where its store answers at once. Never throws or rejects. */
  admit(event: EventEnvelope): MaybePromise<Admission> {
    const { queue, health, rules } = this.options;
    if (health.isUnavailable) return this.withoutStore();
    let claim: HeldClaim;
    try {
      claim = claimOf(event, { queue, namespace: this.namespace }, rules, this.now());
    } catch (error) {
      return { kind: 'failed', error };
    }
    return this.claims.owes(claim) ? this.admitOwing(claim) : this.admitClaim(claim);
  }

  private async admitOwing(claim: HeldClaim): Promise<Admission> {
    try {
      await this.claims.payOff(claim);
    } catch (error) {
      if (!isBrokenRecord(error)) this.options.health.failed(error);
      return this.withoutStore();
    }
    return this.admitClaim(claim);
  }

  private admitClaim(claim: HeldClaim): MaybePromise<Admission> {
    try {
      const result = this.claims.claim(claim);
      if (!isThenable(result)) return this.afterClaim(claim, result);
      return Promise.resolve(result).then(
        found => this.afterClaim(claim, found),
        (error: unknown) => this.unclaimed(claim, error),
      );
    } catch (error) {
      return this.unclaimed(claim, error);
    }
  }

  private unclaimed(claim: HeldClaim, error: unknown): Admission {
    if (isBrokenRecord(error)) return this.withBrokenRecord(claim, error);
    this.options.health.failed(error);
    // It may have been claimed, or will be when the store wakes up: what is sent behind it undoes that.
    void this.release(claim, 'unstarted');
    return this.withoutStore();
  }

  private afterClaim(claim: HeldClaim, result: InboxClaimResult): MaybePromise<Admission> {
    switch (result.status) {
      case 'done':
        this.counts.duplicate += 1;
        // Its message may come again since its process has died, and the wake of the next, or of a copy, with it.
        if (this.isSharedOrder) this.room.callInAgain(placesFrom(claim));
        return { kind: 'skip', why: 'duplicate' };
      case 'in-work':
        this.counts.inWork += 1;
        return { kind: 'wait', why: 'in-work', claim, leftMs: result.retryAfterMs };
      case 'subject-in-work':
        this.counts.inWork += 1;
        return { kind: 'wait', why: 'subject-in-work', claim, ...this.untilSeen(claim) };
      case 'claimed':
        claim.attempt = result.attempt;
        return this.order.place(claim, result);
    }
  }

  /** True: the store has answered so late that the claim may be another's. Such a store does not do what the queue needs. */
  isOver(claim: HeldClaim): boolean {
    const isOver = claim.leaseEndsAt <= this.now();
    if (isOver) this.options.health.failed(answeredLate(this.options.rules.leaseMs));
    return isOver;
  }

  /** Never rejects: a claim that could not be released ends with its lease. */
  release(claim: HeldClaim, reason: InboxReleaseReason, gapAt?: string, backInMs?: number): Promise<void> {
    return this.claims.release(claim, reason, gapAt, backInMs);
  }

  /** SQS is about to hide a message that waits: see {@link putOff}. Never rejects. */
  announcePutOff(claim: HeldClaim, why: TurnReason, receiptHandle: string, seconds: number): Promise<void> {
    return this.room.announce(claim, why, receiptHandle, seconds * 1_000);
  }

  /** Once SQS has hidden a message that waits: it is made visible before its time when its turn comes. Never rejects. */
  putOff(claim: HeldClaim, why: TurnReason, receiptHandle: string, seconds: number): Promise<void> {
    return this.room.enter(claim, why, receiptHandle, seconds * 1_000);
  }

  /** For the time of closing: resolves when whoever is to be woken is. */
  idle(): Promise<void> {
    return this.room.idle();
  }

  /** As {@link DoneMarker.finish}. */
  finish(claim: HeldClaim, mayGoOn: () => boolean): MaybePromise<boolean> {
    return this.doneMarker.finish(claim, mayGoOn);
  }

  /** As {@link Claims.renew}. */
  renew(claims: readonly HeldClaim[]): Promise<HeldClaim[]> {
    return this.claims.renew(claims);
  }

  /**
   * An early event that met another of its subject is not known to wait: it looks again long before others could take it
   * for gone. Where nobody would wake it, sooner.
   */
  private untilSeen({ isSequential }: HeldClaim): { leftMs?: number } {
    return isSequential && this.room.isOpen ? { leftMs: this.options.rules.gapTimeoutMs / 4 } : {};
  }

  /** The fault is this event's own: it waits without an attempt, for 15 minutes. */
  private withBrokenRecord({ key }: HeldClaim, error: unknown): Admission {
    this.counts.unavailable += 1;
    return this.brokenRecords.isGivenUp(key) ? { kind: 'failed', error } : { kind: 'wait', why: 'broken' };
  }

  private withoutStore(): Admission {
    const { health } = this.options;
    this.counts.unavailable += 1;
    if (!health.mayProceed) return { kind: 'wait', why: 'unavailable' };
    health.noteProceeded();
    return { kind: 'run' };
  }
}

const answeredLate = (leaseMs: number): Error =>
  new Error(
    `its answer to a claim took as long as the lease of the claim (${leaseMs} ms), so the claim may be another's`,
  );
