import type { MaybePromise } from './inbox-store.interface.js';
import type { SqlExecutor } from './sql.interface.js';

/** A message as the outbox keeps it until it is published. */
export interface OutboxMessage {
  /** The topic or queue: `sns:<name>`, `sqs:<name>`, or the ARN or URL that the client was given. */
  destination: string;
  /**
   * Messages of one lane are published one after the other, in the order of their commits: the message group on FIFO,
   * the subject elsewhere. At most 200 characters. Undefined: the message has no order.
   */
  lane?: string;
  /** The event's id. */
  id: string;
  /** The event's type. */
  type: string;
  /** The message as it travels, written by the client that emitted it. The store does not look into it. */
  entry: string;
}

/** A message of the outbox whose turn has come. */
export interface OutboxRow extends OutboxMessage {
  /** The store's own id of the message. */
  row: string;
}

/** A message that is published later. */
export interface OutboxSchedule {
  dueAt: Date;
  /** A later message with the same key, for the same destination, replaces this one. */
  key?: string;
}

export interface OutboxClaimRequest {
  /** Only messages for these. */
  destinations: readonly string[];
  /** Unique for every claim that was ever made. */
  token: string;
  leaseMs: number;
  /** Maximum number of messages. */
  rows: number;
  /** `<destination> <lane>` of messages that are left where they are. */
  exceptLanes: readonly string[];
}

/** A message that AWS will never accept. */
export interface OutboxRefusal {
  row: string;
  /** Code of the SnsSqsError. */
  code: string;
  reason: string;
}

export interface OutboxResults {
  /** Rows that AWS has accepted. */
  sent: readonly string[];
  refused: readonly OutboxRefusal[];
}

/** The messages of one destination that wait. */
export interface OutboxStatus {
  destination: string;
  /** Messages that are due; from 10,001 on it is not counted further. */
  waiting: number;
  /** Age of the oldest of them, in milliseconds by the store's clock; 0 without any. */
  oldestMs: number;
  /** Messages that AWS has refused for good, since the last requeue. */
  refused: number;
  /** Messages that are to be published later. */
  scheduled: number;
}

/** How the relay of this process works. */
export interface OutboxRelayOptions {
  /**
   * Longest time until the relay looks for messages, in milliseconds, 50 to 60,000. The relay finds messages that this
   * process has written much sooner. @default 1000
   */
  pollMs?: number | undefined;
  /**
   * How long the messages of a relay that died wait for another relay, in milliseconds, 5,000 to 600,000, by the
   * database's clock. @default 30000
   */
  leaseMs?: number | undefined;
  /** Maximum number of messages of one claim, 10 to 10,000. @default 400 */
  maxRows?: number | undefined;
}

/**
 * The table of messages that are to be published once the user's transaction has committed. Methods that take a
 * transaction write in it and nowhere else; the others are atomic each. An error of the database is passed on as it is.
 * `outboxStoreContract` of `nestjs-sns-sqs/testing` is the suite that an implementation has to pass.
 */
export interface OutboxStore {
  /** The options of the relay; false: this process only writes, and others relay. @default {} */
  readonly relay?: OutboxRelayOptions | false | undefined;

  /** The transaction that the calling code runs in, where something keeps it; undefined: none. */
  transaction?(): SqlExecutor | undefined;

  /**
   * The next number of a subject at a destination, from 1 on. The number is taken in the transaction: after a rollback
   * it is free again, so that there is no gap. A caller that takes a number of the same subject waits until the transaction
   * has ended.
   */
  nextSequence(tx: SqlExecutor, destination: string, subject: string): Promise<string>;

  /** Takes a number back within the transaction that took it, unless a later one was taken since. */
  returnSequence(tx: SqlExecutor, destination: string, subject: string, sequence: string): Promise<void>;

  /**
   * Writes the message. Messages of one lane get the order of their commits: who writes one waits until every other
   * transaction that wrote one to the same lane has ended.
   * @param holdsLane this transaction has just taken the message's number by {@link nextSequence}, for the subject that
   * is the lane too: other writers of the lane wait already
   */
  add(tx: SqlExecutor, message: OutboxMessage, holdsLane: boolean): Promise<void>;

  /**
   * Takes the next number of the message's lane and writes the message, in one step: {@link nextSequence} with the lane as
   * the subject, then {@link add} of the entry with the number in place of `placeholder`. @default the client calls both
   */
  addNext?(tx: SqlExecutor, message: OutboxMessage, placeholder: string): Promise<void>;

  /** Writes a message that is published from `dueAt` on. Undefined: outside of any transaction, in a step of its own. */
  schedule(tx: SqlExecutor | undefined, message: OutboxMessage, schedule: OutboxSchedule): Promise<void>;

  /** Removes the scheduled message of a key. False: there is none, or it is due and no longer scheduled. */
  cancel(tx: SqlExecutor | undefined, destination: string, key: string): Promise<boolean>;

  /** This process relays messages for these from now on. Called before the first claim. May be repeated. */
  open(destinations: readonly string[]): Promise<void>;

  /**
   * Committed messages whose turn has come, oldest first, which no other claim holds. A lane belongs to one claim at a
   * time; the claim ends with {@link settle}, or `leaseMs` after it was made or renewed. The result holds every message
   * of its lanes up to its last one.
   */
  claim(request: OutboxClaimRequest): Promise<OutboxRow[]>;

  /** The claim lasts `leaseMs` from now. False: it has ended, and another one may hold its messages. */
  renew(token: string, leaseMs: number): Promise<boolean>;

  /**
   * Ends the claim: removes what was sent, and keeps what was refused elsewhere, with its reason. The rest may be
   * claimed again at once. May be repeated, and may come after the claim has ended.
   */
  settle(token: string, results: OutboxResults): Promise<void>;

  status(destinations: readonly string[]): Promise<OutboxStatus[]>;

  /**
   * Destinations whose messages have waited for longer than this, but for these: no process may relay them any more, for
   * example after a queue got another name. Called about once a minute by every relay, which logs them.
   */
  neglected?(
    except: readonly string[],
    olderThanMs: number,
  ): Promise<Array<Pick<OutboxStatus, 'destination' | 'oldestMs'>>>;

  /** Calls `wake` when another process has written something, as far as the store can tell; gives what ends it. */
  watch?(wake: () => void): () => MaybePromise<void>;

  /** Housekeeping in bounded steps, called about once a minute by every relay. */
  tidy?(): Promise<void>;
}
