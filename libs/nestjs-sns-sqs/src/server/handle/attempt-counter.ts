import { monotonicNow } from '../../async/clock.js';
import { BoundedRecords, type Forgettable } from '../../inbox/bounded-records.js';
import type { Delivery } from '../delivery.js';
import { SqsClock, type Delay } from '../receive/sqs-clock.js';
import { leastScheduleMs, shortestScheduleSeconds, type RetryRules } from '../settle/retry-policy.js';

export interface AttemptCounterOptions {
  fifo: boolean;
  /** Other processes put messages off at no cost, and nothing tells how often. @default false */
  arePutOff?: boolean;
  rules: Pick<RetryRules, 'maxReceiveCount' | 'backoff'>;
  /** Milliseconds that pass for SQS. */
  now?: () => number;
  /** SQS's time, of its stamps, in milliseconds since the epoch. @default Date.now */
  sqsNow?: () => number;
  /** @default by `now` */
  delays?: Pick<SqsClock, 'delayOf' | 'leftMs'>;
}

/** How often a message was tried, the time that is to come included. */
export interface Attempt {
  /** For the handler: rises with each of its calls, from 1. On FIFO receives by unknown processes count as calls where they can have been. */
  number: number;
  /** Of `maxReceiveCount`. */
  counted: number;
  /** Calls that are known of, those that cost no attempt among them. */
  made: number;
}

/** What a store that all processes share knows of an event beside its attempts, in milliseconds; undefined: nothing. */
export interface AttemptTimes {
  /** Since the first of them began. */
  sinceFirstMs?: number | undefined;
  /** Since another message of it was dead-lettered. */
  sinceLetterMs?: number | undefined;
}

/** What was decided of a message whose copy to the dead letter queue failed. It is not run again, only copied. */
export interface Verdict {
  error: unknown;
  attempt: Attempt;
}

/** What this process knows of a message that will come again. */
interface History extends Forgettable {
  /** Receives by this process. SQS counts each, whatever came of it. */
  receives: number;
  /** Attempts of this process that have failed. */
  failed: number;
  /** Calls of the handler that cost no attempt. */
  free: number;
  /** It stood behind another of its FIFO group each time. */
  wasNeverStarted?: boolean;
  firstFailedAt?: number;
  /** Until an attempt may be its last. */
  schedule?: Delay;
  /** When it is to come again. SQS may hand it out before: a delay can fail, a message come twice. */
  delay?: Delay;
  retryLaterSince?: number;
  unknownTypeSince?: number;
  verdict?: Verdict;
}

/** SQS counts a delay in seconds of its own clock. */
const SQS_TOLERANCE_MS = 1_000;
/** By which SQS's clock may be known wrongly, compared with another one: one that is redriven is no copy. */
const CLOCKS_MS = 60_000;
/** A few hundred bytes each, and only of messages that will come again. */
const REMEMBERED = 50_000;
/** Where other processes' attempts cannot be told from their receives: no message fails here for longer, in milliseconds. */
const LATEST_MS = 45 * 60_000;

/**
 * Counts attempts where no store does it for all processes. An attempt is a handler that was started and failed; SQS
 * counts receives, and many are none: behind a failing head, at a shutdown, after `RetryLater`. What this process did it
 * knows. Receives by others, or from before a restart, count on a standard queue as far as they can have been attempts,
 * and never on FIFO, where each receive of a head hands out those behind it, nor where keys have rate limits. Whoever
 * counts, an attempt is the last one only when the store or this process knows that the message has failed for as long
 * as the backoff takes. What is in doubt, or forgotten, is counted in the message's favour.
 */
export class AttemptCounter {
  private readonly histories = new BoundedRecords<History>({ max: REMEMBERED });
  private readonly now: () => number;
  private readonly sqsNow: () => number;
  private readonly delays: Pick<SqsClock, 'delayOf' | 'leftMs'>;

  constructor(private readonly options: AttemptCounterOptions) {
    this.now = options.now ?? monotonicNow;
    this.sqsNow = options.sqsNow ?? Date.now;
    this.delays = options.delays ?? new SqsClock({ now: this.now });
  }

  /**
   * @param stored the attempt by a store that all processes share; undefined: there is none, or it does not know
   * @param times by that store
   */
  attemptOf(delivery: Delivery, stored?: number, times: AttemptTimes = UNKNOWN): Attempt {
    const isNew = delivery.receiveCount === 1;
    if (isNew && (stored === undefined || stored === 1)) return FIRST;
    const history = isNew ? undefined : this.historyOf(delivery.messageId);
    const attempt = stored === undefined ? this.byReceives(delivery, history) : asStored(stored, history);
    const { maxReceiveCount } = this.options.rules;
    if (this.isOldCopy(delivery, times)) return { ...attempt, counted: Math.max(attempt.counted, maxReceiveCount) };
    if (attempt.counted < maxReceiveCount || this.isTimeUp(delivery, history, times)) return attempt;
    return { ...attempt, counted: Math.max(1, maxReceiveCount - 1) };
  }

  /** Receives that SQS counted before this one and this process knows nothing of. */
  unknownReceives({ messageId, receiveCount }: Delivery): number {
    return Math.max(0, receiveCount - 1 - (this.historyOf(messageId)?.receives ?? 0));
  }

  /** It was received behind another of its FIFO group: nobody has started it before. */
  noteBehindAnother(delivery: Delivery): void {
    if (delivery.receiveCount > 1 && !this.historyOf(delivery.messageId)) {
      this.of(delivery.messageId).wasNeverStarted = true;
    }
  }

  /** Its handler asked to be called later, in so many seconds. */
  noteFree(messageId: string, seconds: number): void {
    const history = this.of(messageId);
    history.receives += 1;
    history.free += 1;
    history.delay = this.delays.delayOf(seconds);
  }

  /**
   * How long it has to wait until it may be tried again, in milliseconds; 0: it may. It has to even where SQS has accepted
   * the delay: another copy of it may come meanwhile.
   */
  earlyMs({ messageId, receiveCount }: Delivery): number {
    if (receiveCount === 1) return 0;
    const delay = this.historyOf(messageId)?.delay;
    const earlyMs = delay ? this.delays.leftMs(delay) : 0;
    return earlyMs > SQS_TOLERANCE_MS ? earlyMs : 0;
  }

  /** Its handler was not called, or was cut off. */
  noteUncounted(messageId: string): void {
    this.of(messageId).receives += 1;
  }

  /** @param seconds until it is to be tried again; undefined: that is not decided here */
  noteFailed(messageId: string, seconds?: number): void {
    const now = this.now();
    const history = this.of(messageId);
    history.receives += 1;
    history.failed += 1;
    history.firstFailedAt ??= now;
    history.schedule ??= this.delays.delayOf(leastScheduleMs(this.options.rules) / 1000);
    if (seconds !== undefined) history.delay = this.delays.delayOf(seconds);
  }

  /** Since its first `RetryLater`, in milliseconds. */
  retryLaterMs(messageId: string): number {
    const now = this.now();
    return now - (this.of(messageId).retryLaterSince ??= now);
  }

  /** Since this process first received it without a handler for its type, in milliseconds. */
  unknownTypeMs(messageId: string): number {
    const now = this.now();
    return now - (this.of(messageId).unknownTypeSince ??= now);
  }

  decide(messageId: string, verdict: Verdict): void {
    this.of(messageId).verdict = verdict;
  }

  verdictOf(messageId: string): Verdict | undefined {
    return this.historyOf(messageId)?.verdict;
  }

  forget(messageId: string): void {
    if (this.histories.size > 0) this.histories.delete(messageId);
  }

  private historyOf(messageId: string): History | undefined {
    return this.histories.size === 0 ? undefined : this.histories.get(messageId, 0);
  }

  /** The latest used is forgotten last. */
  private of(messageId: string): History {
    const history = this.historyOf(messageId) ?? { receives: 0, failed: 0, free: 0, forgetAt: Infinity };
    this.histories.put(messageId, history, 0);
    return history;
  }

  /** Others fail no more often than is allowed, and wait between two attempts at least as long as the backoff says. */
  private canHaveBeenAttempts({ firstReceivedAt }: Delivery, failed: number, unknown: number): boolean {
    const { rules } = this.options;
    if (failed + unknown >= rules.maxReceiveCount) return false;
    if (firstReceivedAt === undefined) return true;
    const elapsedSeconds = (this.sqsNow() - firstReceivedAt) / 1000;
    return elapsedSeconds + 1 >= shortestScheduleSeconds(failed + unknown, rules.backoff);
  }

  private byReceives(delivery: Delivery, history: History | undefined): Attempt {
    const { failed = 0, free = 0 } = history ?? {};
    const unknown = this.unknownReceives(delivery);
    const presumed = this.canHaveBeenAttempts(delivery, failed, unknown) ? unknown : 0;
    const known = failed + 1 + (this.options.fifo || this.options.arePutOff ? 0 : presumed);
    // That its time is over makes it the last attempt, and no more of them.
    const counted = this.isOverdue(history, unknown) ? Math.max(known, this.options.rules.maxReceiveCount) : known;
    const number = failed + 1 + (history?.wasNeverStarted ? 0 : presumed);
    return { number: number + free, counted, made: known + free };
  }

  /** It is known to have failed for as long as the backoff takes. Where SQS tells no times, its receives have to do. */
  private isTimeUp(
    { firstReceivedAt }: Delivery,
    history: History | undefined,
    { sinceFirstMs = 0 }: AttemptTimes,
  ): boolean {
    if (firstReceivedAt === undefined || sinceFirstMs >= leastScheduleMs(this.options.rules)) return true;
    return history?.schedule !== undefined && this.delays.leftMs(history.schedule) <= 0;
  }

  /** SQS had handed it out before another message of its event was dead-lettered: the attempts were for all of them. */
  private isOldCopy({ firstReceivedAt }: Delivery, { sinceLetterMs }: AttemptTimes): boolean {
    if (firstReceivedAt === undefined || sinceLetterMs === undefined) return false;
    return this.sqsNow() - firstReceivedAt > sinceLetterMs + CLOCKS_MS;
  }

  private isOverdue(history: History | undefined, unknown: number): boolean {
    if (history?.firstFailedAt === undefined || this.options.arePutOff) return false;
    const { maxReceiveCount, backoff } = this.options.rules;
    if (history.failed + unknown + 1 < maxReceiveCount) return false;
    const latestMs = Math.max(LATEST_MS, 2_500 * shortestScheduleSeconds(maxReceiveCount - 1, backoff));
    return this.now() - history.firstFailedAt >= latestMs;
  }
}

const UNKNOWN: AttemptTimes = {};
const NEW = { failed: 0, free: 0 };

const FIRST: Attempt = { number: 1, counted: 1, made: 1 };

/** What has failed here often enough is at its end too where a copy of it was dead-lettered, and the store began anew. */
const asStored = (stored: number, { failed, free }: Pick<History, 'failed' | 'free'> = NEW): Attempt => ({
  number: stored + free,
  counted: Math.max(stored, failed + 1),
  made: stored + free,
});
