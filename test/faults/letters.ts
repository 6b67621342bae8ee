import type { NewMessage } from '#broker/core/message.js';
import { nameOf, type Fate, type Fates, type Run } from './fates.ts';
import { RETRY_LATER_FOR_SECONDS, type Schedule } from './schedule.ts';

const MINUTES = 60_000;
const INJECTED = /^injected ([a-z-]+) of (\S+)\/(\d+) at start (\d+)$/;
const RETRY_LATER_FOR_MS = RETRY_LATER_FOR_SECONDS * 1000;
/** Where no store counts attempts for all. */
const FIFO_LATEST_MS = 45 * MINUTES;
/** Of an unknown type, `unknownTypeGraceSeconds`. */
const GRACE_MS = 15 * MINUTES;
/** With the default backoff nothing is dead-lettered sooner after its first attempt. */
const OUTAGE_MS = 15 * MINUTES;

export interface Letter {
  reason: string | undefined;
  attempts: number;
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

  constructor(schedule: Schedule, fates: Fates, now: () => number) {
    this.#schedule = schedule;
    this.#fates = fates;
    this.#now = now;
  }

  /** @param unheard receives of it that SQS counted and nobody got */
  check(fate: Fate, content: NewMessage, unheard: number): void {
    const { reason, attempts } = letterOf(content);
    if (reason === undefined) {
      if (unheard === 0) this.#blame(fate, 'was dead-lettered by SQS itself');
      return;
    }
    // Without a shared store a mark in the queue's tags tells of a death, or of a run that still goes on elsewhere.
    if (this.#schedule.inbox !== 'shared' && reason.includes('never came to an end')) return;
    this.#checkReason(fate, reason);
    // Without a handler the last attempt is one that found none.
    const found = fate.runs.length + (reason.includes('No handler') ? 1 : 0);
    const most = Math.max(1, this.#fates.mostStarts(fate, found));
    if (attempts > most)
      this.#blame(fate, `was started ${most} times, and its dead letter says ${attempts}: ${reason}`);
  }

  #checkReason(fate: Fate, reason: string): void {
    const injected = INJECTED.exec(reason);
    if (injected) return this.#checkInjected(fate, injected);
    if (reason.includes('the server is stopping')) return this.#blame(fate, `was dead-lettered by a stop: ${reason}`);
    if (reason.includes('No handler')) return this.#checkUnknown(fate);
    if (reason.includes('handlerTimeoutMs')) return this.#checkOverdue(fate);
    if (reason.includes('started')) return this.#checkUsedUp(fate, undefined);
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

  #checkUnknown(fate: Fate): void {
    if (fate.type !== 'new') this.#blame(fate, 'was dead-lettered for want of a handler that each version has');
    else if (this.#now() - fate.sentAt < GRACE_MS)
      this.#blame(fate, `was dead-lettered for want of a handler after ${this.#now() - fate.sentAt} ms`);
  }

  /** `RetryLater` costs no attempt for so long. */
  #isFree(fate: Fate, { end, endedAt }: Run): boolean {
    const first = fate.runs.find(run => run.end === 'retry-later');
    return end === 'retry-later' && endedAt - (first?.endedAt ?? endedAt) < RETRY_LATER_FOR_MS;
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
    // Decided once, by its handler; the copy of then was refused.
    if (fate.runs.some(({ end }) => end === 'dead-letter')) return;
    const allowed = last?.runner.version.maxReceiveCount ?? this.#fewestAllowed;
    const tried = fate.runs.filter(run => run.end !== 'cut' && !this.#isFree(fate, run)).length;
    const since = this.#now() - (fate.runs[0]?.startedAt ?? 0);
    // Processes that know nothing of each other's attempts end it by its time.
    const isOverdue = this.#schedule.fifo && since >= FIFO_LATEST_MS;
    if (!isOverdue && this.#fates.mostStarts(fate, tried) < allowed)
      this.#blame(fate, `was dead-lettered after ${tried} of ${allowed} attempts (${fate.receives} receives)`);
    const hasFailedOnly = fate.runs.every(({ end }) => end === 'throw');
    const { backoff, leaseSeconds, faults } = this.#schedule;
    // What could not be put off, or is handed out again all the same, is tried again when its lease ends.
    const { duplicate, stall, throttle, error, lostReply, halfBatch } = faults;
    const isInTime = leaseSeconds >= 29 && !(duplicate || stall || throttle || error || lostReply || halfBatch);
    if (backoff === 'default' && isInTime && allowed >= 5 && hasFailedOnly && since < OUTAGE_MS)
      this.#blame(fate, `was dead-lettered ${since} ms after its first attempt`);
  }

  get #fewestAllowed(): number {
    return Math.min(...this.#schedule.versions.map(({ maxReceiveCount }) => maxReceiveCount));
  }

  #blame(fate: Fate, what: string): void {
    this.#fates.blame(`${nameOf(fate)} ${what}`);
  }
}
