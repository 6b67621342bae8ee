import type { NewMessage } from '#broker/core/message.js';
import { nameOf, type Fate, type Run } from './fate.ts';
import type { Fates } from './fates.ts';
import { STALL_MS } from './faulty-wire.ts';
import { LONGEST_LATER_SECONDS, USUAL, type Schedule } from './schedule.ts';

const MINUTES = 60_000;
const INJECTED = /^injected ([a-z-]+) of (\S+)\/(\d+) at start (\d+)$/;
const INJECTED_OF_BATCH = /^injected throw of a batch of \d+$/;
/** Where no store counts attempts for all. */
const LATEST_MS = 45 * MINUTES;
/** Of an unknown type, `unknownTypeGraceSeconds`. */
const GRACE_MS = 15 * MINUTES;
/** With the default backoff nothing is dead-lettered sooner after its first attempt. */
const OUTAGE_MS = 15 * MINUTES;
/** Before its queue drops a message, as a share of what that keeps it; and SQS's clock is known to some seconds. */
const EXPIRY = { share: 0.1, mostMs: 60 * MINUTES, clockMs: 10_000 };
/** In a row, for a mark to be the same for a whole lease although its process lives. */
const MIN_TAG_FAILURES = 3;
/** Of the lease: between the time after which a mark is renewed, and the one after which it tells of a death. */
const MARK_SLACK = 0.5;
/** What a letter tells at least, in bytes: name and type of the attribute, and the beginning of a reason. */
const MIN_REASON_BYTES = 'deadletter.reason'.length + 'String'.length + 17;

export interface Letter {
  reason: string | undefined;
  attempts: number;
}

export interface MarkFacts {
  /** Calls about marks that have failed until now. */
  failures(): number;
  /** How often one has stalled, or its answer. */
  stalls(): number;
  /** Processes that have ended and had received a copy of the message. */
  gone(fate: Fate): number;
}

const letterOf = ({ attributes }: NewMessage): Letter => {
  const value = (name: string): string | undefined => attributes?.values.get(`deadletter.${name}`)?.StringValue;
  return { reason: value('reason'), attempts: Number(value('attempts')) };
};

/** Compares what each dead letter says with what has really happened to its message. */
export class Letters {
  readonly #schedule: Schedule;
  readonly #fates: Fates;
  readonly #now: () => number;
  readonly #marks: MarkFacts;

  constructor(schedule: Schedule, fates: Fates, now: () => number, marks: MarkFacts) {
    this.#schedule = schedule;
    this.#fates = fates;
    this.#now = now;
    this.#marks = marks;
  }

  /** @param unheard receives of it that SQS counted and nobody got */
  check(fate: Fate, content: NewMessage, unheard: number): void {
    const { reason, attempts } = letterOf(content);
    const { letterBytes } = this.#schedule;
    const isSmall = letterBytes < USUAL.letterBytes;
    if (reason === undefined) {
      const isFull = isSmall && Buffer.byteLength(content.body) + MIN_REASON_BYTES >= letterBytes;
      if (unheard === 0 && !isFull) this.#blame(fate, 'was dead-lettered by SQS itself, or without its reason');
      return;
    }
    // The beginning of a reason is all that fits.
    if (isSmall && Number.isNaN(attempts)) return;
    this.#checkReason(fate, reason);
    // A mark tells of a death, and receives that nobody settled can have been as many.
    const known = reason.includes('It was received') ? fate.receives : 0;
    // A store counts a start that ended between its claim and its handler, with the process.
    const unseen = this.#schedule.inbox === 'shared' ? this.#marks.gone(fate) : 0;
    const most = Math.max(known, this.#fates.mostStarts(fate) + unseen);
    if (attempts > most)
      this.#blame(fate, `was started ${most} times, and its dead letter says ${attempts}: ${reason}`);
  }

  #checkReason(fate: Fate, reason: string): void {
    const injected = INJECTED.exec(reason);
    if (injected) return this.#checkInjected(fate, injected);
    if (INJECTED_OF_BATCH.test(reason)) return this.#checkWithBatch(fate, reason);
    if (reason.includes('the server is stopping')) return this.#blame(fate, `was dead-lettered by a stop: ${reason}`);
    if (reason.includes('No handler')) return this.#checkUnknown(fate);
    if (reason.includes('handlerTimeoutMs')) return this.#checkOverdue(fate);
    if (reason.includes('no attempts left')) return this.#checkNoneLeft(fate, reason);
    if (reason.includes('would expire')) return this.#checkExpiring(fate, reason);
    this.#blame(fate, `was dead-lettered for a reason that nobody gave: ${reason}`);
  }

  #checkInjected(fate: Fate, [reason = '', outcome, queue, number, start]: string[]): void {
    const run = fate.runs[Number(start) - 1];
    if (queue !== fate.queue || Number(number) !== fate.number || !run)
      return this.#blame(fate, `has another's reason in its dead letter: ${reason}`);
    if (outcome === 'dead-letter') return;
    if (outcome === 'retry-later') return this.#checkLater(fate, reason);
    this.#checkFailed(fate, run);
  }

  /** The last attempt of a message is a call of its own, but where it has only one. */
  #checkWithBatch(fate: Fate, reason: string): void {
    const isSkipped = this.#schedule.fifo && fate.runs.some(({ runner }) => runner.version.skip);
    if (isSkipped) return;
    if (this.#fewestAllowed > 1) this.#blame(fate, `was dead-lettered by its neighbours: ${reason}`);
    this.#checkUsedUp(fate, undefined);
  }

  /** Its processes have died of one other message only, each time, and all deaths and marks are known to all. */
  #isInnocent(fate: Fate): boolean {
    const { messages, faults, crashes, outages, forgets, suspensions, clockSteps, limitByKey } = this.#schedule;
    const kills = (number: number): boolean =>
      messages[number]?.outcomes.some(({ outcome }) => outcome === 'kill') === true;
    const killers = messages.filter((_, number) => kills(number)).length;
    const isTold = !faults.storeError && !faults.storeLost && !faults.lostReply && !faults.error && !faults.throttle;
    const areAlive = [crashes, outages, forgets, suspensions, clockSteps].every(({ length }) => length === 0);
    return !kills(fate.number) && killers <= 1 && this.#fewestAllowed >= 3 && isTold && areAlive && !limitByKey;
  }

  #checkUnknown(fate: Fate): void {
    if (fate.type !== 'new') this.#blame(fate, 'was dead-lettered for want of a handler that each version has');
    else if (this.#now() - fate.sentAt < GRACE_MS)
      this.#blame(fate, `was dead-lettered for want of a handler after ${this.#now() - fate.sentAt} ms`);
  }

  /** Who says that its process died, or that it failed elsewhere, must be right. */
  #checkNoneLeft(fate: Fate, reason: string): void {
    if (reason.includes('never came to an end') && this.#isInnocent(fate))
      this.#blame(fate, `was dead-lettered for what another of its processes' messages did: ${reason}`);
    // It may have gone just before the handler began, or just after it had ended: that looks the same.
    const hasGone = this.#marks.gone(fate) > 0;
    if (reason.includes('It was received')) {
      if (this.#schedule.inbox === 'shared') this.#blame(fate, `was marked beside a store that counts: ${reason}`);
      // A mark that cannot be renewed or taken away for a whole lease looks like a death.
      if (!hasGone && this.#marks.failures() < MIN_TAG_FAILURES && !this.#isMarkLate)
        this.#blame(fate, `killed no process, and its dead letter says so: ${reason}`);
      return;
    }
    // A process that sleeps, or whose store fails, loses its claim and is cut off from the inbox.
    const isCutOff = fate.storeFailures > 0 || fate.sleptInWork;
    if (reason.includes('never came to an end') && !hasGone && !isCutOff)
      this.#blame(fate, `always came to an end, and its dead letter says otherwise: ${reason}`);
    this.#checkUsedUp(fate, undefined);
  }

  /** A moment of its choice before its queue drops it; what it would be put off by is two hours at most. */
  #checkExpiring(fate: Fate, reason: string): void {
    const { retentionSeconds } = this.#schedule;
    const keptMs = retentionSeconds * 1000;
    const marginMs = Math.min(EXPIRY.mostMs, keptMs * EXPIRY.share);
    const waitMs = LONGEST_LATER_SECONDS * 1000;
    if (this.#now() - fate.sentAt + waitMs + EXPIRY.clockMs < keptMs - marginMs)
      this.#blame(fate, `was dead-lettered ${this.#now() - fate.sentAt} ms after it was sent: ${reason}`);
  }

  /** What fails while its circuit is open costs no attempt. `RetryLater` costs none for so long; one that comes after the handler's time is an attempt that has failed. */
  #isFree(fate: Fate, run: Run): boolean {
    const { handlerTimeoutMs, retryLaterForSeconds } = this.#schedule;
    const freeMs = retryLaterForSeconds * 1000;
    const isInTime = ({ end, startedAt, endedAt }: Run): boolean =>
      end === 'retry-later' && endedAt - startedAt < handlerTimeoutMs;
    const first = fate.runs.find(isInTime);
    return run.isFree || (isInTime(run) && run.endedAt - (first?.endedAt ?? run.endedAt) < freeMs);
  }

  #checkLater(fate: Fate, reason: string): void {
    if (!fate.runs.some(run => run.end === 'retry-later' && !this.#isFree(fate, run)))
      this.#blame(fate, `was dead-lettered by RetryLater: ${reason}`);
  }

  /** Which of its runs it was does not show. */
  #checkOverdue(fate: Fate): void {
    const mayBeSkipped = this.#schedule.fifo && fate.runs.some(({ runner }) => runner.version.skip);
    if (!mayBeSkipped) this.#checkUsedUp(fate, undefined);
  }

  #checkFailed(fate: Fate, run: Run | undefined): void {
    if (!(this.#schedule.fifo && run?.runner.version.skip)) this.#checkUsedUp(fate, run);
  }

  /** @param last the run that used up the attempts, where that is known */
  #checkUsedUp(fate: Fate, last: Run | undefined): void {
    // Decided once, by its handler; the copy of then was refused, and another process was told of no decision.
    if (fate.runs.some(({ end }) => end === 'dead-letter') && this.#copiesMayFail) return;
    const { inbox, backoff, limitByKey } = this.#schedule;
    // A copy of an event that has a dead letter, be it one whose delete did nothing, has one attempt more.
    if (inbox === 'shared' && fate.runs.some(({ startedAt }) => startedAt > fate.letterAt)) return;
    const allowed = last?.runner.version.maxReceiveCount ?? this.#fewestAllowed;
    const tried = fate.runs.filter(run => run.end !== 'cut' && !this.#isFree(fate, run)).length;
    const since = this.#now() - (fate.runs[0]?.startedAt ?? 0);
    // Processes that know nothing of each other's attempts end it by its time.
    const isOverdue = inbox !== 'shared' && !limitByKey && since >= LATEST_MS;
    // What was behind another of its batch is free, unless its process ended before it could tell the store.
    const untold = inbox === 'shared' ? this.#marks.gone(fate) : 0;
    if (!isOverdue && this.#fates.mostFailures(fate, tried) + untold < allowed)
      this.#blame(fate, `was dead-lettered after ${tried} of ${allowed} attempts (${fate.receives} receives)`);
    const hasFailedOnly = fate.runs.every(({ end }) => end === 'throw');
    // A start that a store has counted may have ended, with its process or with its answer, before the handler began.
    const isUnseen = this.#marks.gone(fate) > 0 || fate.storeFailures > 0;
    const triedFor = inbox === 'shared' && isUnseen ? this.#now() - fate.claimedAt : since;
    if (backoff === 'default' && allowed >= 5 && hasFailedOnly && triedFor < OUTAGE_MS)
      this.#blame(fate, `was dead-lettered ${since} ms after its first attempt`);
  }

  /** A mark is renewed when the call before has been answered, and the next one can stall too. */
  get #isMarkLate(): boolean {
    const stalledMs = Math.min(this.#marks.stalls(), 2) * STALL_MS;
    return stalledMs >= MARK_SLACK * this.#schedule.leaseSeconds * 1000;
  }

  get #copiesMayFail(): boolean {
    const { letterOutages, letterBytes, faults } = this.#schedule;
    const { throttle, error, lostReply, halfBatch, stall } = faults;
    const isFaulty = Boolean(throttle || error || lostReply || halfBatch || stall);
    return letterOutages.length > 0 || letterBytes < USUAL.letterBytes || isFaulty;
  }

  get #fewestAllowed(): number {
    return Math.min(...this.#schedule.versions.map(({ maxReceiveCount }) => maxReceiveCount));
  }

  #blame(fate: Fate, what: string): void {
    this.#fates.blame(`${nameOf(fate)} ${what}`);
  }
}
