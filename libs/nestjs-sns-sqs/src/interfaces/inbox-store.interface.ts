import type { SqlExecutor } from './sql.interface.js';
import type { SteeringStore } from './steering-store.interface.js';

/** An answer that a store in memory gives at once, and a store behind a network gives later. */
export type MaybePromise<T> = T | Promise<T>;

/** One consumer's hold on one event. Made by the caller, so that a call whose answer was lost can be repeated. */
export interface InboxClaim {
  /** Full name of the queue: nothing is shared between two queues. */
  queue: string;
  /** The key of a duplicate: printable ASCII, at most 100 characters, without spaces and braces. */
  key: string;
  /** Fencing token: unique for every claim that was ever made, of A-Z a-z 0-9 - _. */
  token: string;
  /**
   * With it the claim is on the subject (of its source) too: the library handles one event of a subject at a time. Same
   * alphabet as `key`.
   */
  subject?: string;
}

/** An event of a subject is missing, and later ones wait for it. */
export interface InboxGap {
  /** Since the first of them began to wait, or since the expected event was due again; negative before. In milliseconds. */
  waitedMs: number;
  /** The lowest waiting sequence. */
  lowest: string;
  /** Since the last wait of this event began, in milliseconds. */
  lowestSeenMs: number;
}

export type InboxClaimResult =
  | {
      status: 'claimed';
      /** How often the event was claimed to be run, this time included; from 1. */
      attempt: number;
      /** The claim before this one was never ended: whoever made it has died, or was cut off from the store. @default unknown */
      isTakenOver?: boolean;
      /**
       * Since the first of these attempts began, in milliseconds by the store's clock. A store that does not know it
       * exactly tells less, and counts from when it was asked first. Attempt 1 needs none. @default unknown
       */
      sinceFirstMs?: number;
      /**
       * Since a message of the event was dead-lettered, in milliseconds; told for a day. A message that SQS has handed out
       * before that is another copy. @default none was, or unknown
       */
      sinceLetterMs?: number;
      /** How many claims of the event were never ended, those before an attempt that was taken back among them. @default 1 for one that is taken over */
      deaths?: number;
      /** Sequence of the last event of the subject that is done. */
      position?: string;
      gap?: InboxGap;
    }
  | { status: 'done' }
  /** The event, or another one of its subject, is claimed by another token for so long at least. */
  | { status: 'in-work' | 'subject-in-work'; retryAfterMs: number };

export interface InboxDone {
  /** How long the store remembers the event as done, in milliseconds. */
  rememberForMs: number;
  /** The subject's new position; the gap before it, if there was one, is closed. */
  position?: string;
  /**
   * How long the position is kept, in milliseconds; longer while an event of the subject is claimed, comes again after a
   * failure, or waits: what is in use is not forgotten. @default for ever
   */
  rememberPositionForMs?: number;
}

/** A message that is hidden at SQS until its turn comes, and the handle by which anybody can make it visible before. */
export interface InboxWaiting {
  queue: string;
  /** Key of its event, and of its subject where it has one: as in the claim that was refused. */
  key: string;
  subject?: string;
  /** The place where it waits: printable ASCII, at most 150 characters, without spaces and braces. */
  place: string;
  /** At most 2,000 characters. */
  handle: string;
  /** The handle serves for so long, in milliseconds. */
  forMs: number;
}

/** The state of the store when a message enters the waiting room. */
export interface InboxOutlook {
  /** The event is claimed, and the claim's lease is not over. */
  isInWork: boolean;
  /** The subject is, by this event or another one. */
  isSubjectInWork: boolean;
  /** Sequence of the last event of the subject that is done. */
  position?: string;
}

/**
 * `failed`: it was run, and comes again; `unstarted`: it was not run, and the attempt is taken back; `dead-lettered`:
 * nothing is remembered of it, so that one that is redriven is new, but when that was.
 */
export type InboxReleaseReason = 'failed' | 'unstarted' | 'dead-lettered';

/**
 * Memory of what the consumers of a queue have processed. Every method is atomic, and rejects when the store cannot
 * answer; then the call may have happened, and it may be repeated. Where only the record of this event or its subject is
 * at fault it rejects with the SnsSqsError `INBOX_RECORD_BROKEN`: that message waits, and the others continue.
 * `inboxStoreContract` of `nestjs-sns-sqs/testing` is the suite that an implementation has to pass.
 */
export interface InboxStore {
  /** True: its claims hold across processes. */
  readonly isShared: boolean;

  /**
   * Optional: names what the store remembers, the same in each process. Versions of a service whose stores have different
   * names run beside each other: an event that only the other one has seen is no gap. Stores without a name count as one.
   */
  readonly identity?: string | undefined;

  /**
   * Claims the event for `leaseMs`; exactly one live claimant, across processes where the store is shared. A claim
   * whose lease ran out is taken over. Repeated with the token that holds it, it renews and counts no further attempt.
   */
  claim(claim: InboxClaim, leaseMs: number): MaybePromise<InboxClaimResult>;

  /** For each claim whether it is still its token's; its lease then ends `leaseMs` from now. All are of one queue. */
  renew(claims: readonly InboxClaim[], leaseMs: number): MaybePromise<boolean[]>;

  /**
   * Marks the event done, advances the subject's position and ends the claim, all or nothing. False: the claim is not
   * its token's any more, and nothing was changed. True again when repeated.
   */
  done(claim: InboxClaim, done: InboxDone): MaybePromise<boolean>;

  /**
   * Optional: as {@link done}, in a transaction of the caller's, with which it commits or rolls back. Until then nobody
   * else can claim the event, or another one of its subject. Rejects with the SnsSqsError `CLAIM_LOST` where the claim is
   * not its token's any more; the transaction cannot commit then.
   */
  doneIn?(tx: SqlExecutor, claim: InboxClaim, done: InboxDone): Promise<void>;

  /**
   * Ends the claim; the event may be claimed again at once. `gapAt`: this sequence waits as the lowest known.
   * `backInMs`: the event was run, and its message comes again after so long. A gap of its subject counts from then at the
   * earliest, until the position advances: the event that others wait for exists.
   * False: another token has the claim, and nothing was changed.
   */
  release(claim: InboxClaim, reason: InboxReleaseReason, gapAt?: string, backInMs?: number): MaybePromise<boolean>;

  /**
   * Optional, with {@link callIn}: a waiting room, which makes a message visible as soon as its turn comes. Records that
   * the message waits at its place. A place keeps at least 5 messages, and a message may wait at two places. In the same step the method returns the state of
   * the event and its subject. A later `callIn()` therefore finds the message, and the answer shows an earlier one.
   */
  putOff?(waiting: InboxWaiting): MaybePromise<InboxOutlook>;

  /** The handles of those that wait at these places and whose time is not over; they wait there no more. */
  callIn?(queue: string, places: readonly string[]): MaybePromise<string[]>;

  /** Optional: what the processes of a service know together to steer their queues, for shared limits and pauses. */
  readonly steering?: SteeringStore | undefined;

  /** Resolves when the store answers. */
  ping(): MaybePromise<void>;

  /** Called when the last server that uses it has closed. */
  close?(): MaybePromise<void>;
}
