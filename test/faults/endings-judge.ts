import { groupBy } from '../support/group-by.ts';
import { isDone, nameOf, Violation, type Fate, type Run } from './fate.ts';
import type { Fates } from './fates.ts';
import type { Schedule } from './schedule.ts';
import type { Stage } from './stage.ts';

/** Between the look at a queue's tags and the mark: three calls. */
const MARKING_MS = { usual: 150, stalled: 30_000 };
/** As the library has it, of a message whose key has a limit. */
const RECEIVES_IN_VAIN = 10;

export interface EndingsFacts {
  schedule: Schedule;
  stage: Stage;
  fates: Fates;
  /** Numbers of messages that SQS has accepted of their publisher. */
  accepted: readonly number[];
  /** Calls about the queue's tags that have failed. */
  tagFailures: () => number;
}

/** When the faults are over: each message has come to its end, in order, and none has killed more processes than it may. */
export class EndingsJudge {
  readonly #facts: EndingsFacts;

  constructor(facts: EndingsFacts) {
    this.#facts = facts;
  }

  check(): void {
    const { stage, fates } = this.#facts;
    const left = stage.queues.flatMap(queue =>
      [...stage.contents(queue).keys()].map(
        number =>
          `${queue}/${number} (${fates.get(queue, number).receives} receives, ${fates.get(queue, number).runs.length} starts)`,
      ),
    );
    if (left.length > 0) throw new Violation(`without an end after the faults were over: ${left.join()}`);
    const unknown = this.#facts.accepted.filter(number => stage.queues.some(queue => !fates.find(queue, number)));
    if (unknown.length > 0) throw new Violation(`accepted of the publisher and in no queue: ${unknown.join()}`);
    for (const queue of stage.queues) this.#checkQueue(queue);
  }

  #checkQueue(queue: string): void {
    const letters = this.#facts.stage.contents(this.#facts.stage.letterQueue(queue));
    const fates = this.#facts.fates.all.filter(fate => fate.queue === queue);
    for (const fate of fates) {
      if (!letters.has(fate.number) && !this.#facts.fates.hasEnd(fate) && !fate.hasExpired)
        throw new Violation(`${nameOf(fate)} is lost: ${fate.runs.length} starts`);
      this.#checkDeaths(fate);
    }
    if (!this.#facts.schedule.fifo) return;
    const ended = fates
      .filter(fate => isDone(fate) && !letters.has(fate.number))
      .toSorted((a, b) => firstEnd(a) - firstEnd(b));
    const latest = new Map<number, number>();
    for (const { group, number } of ended) {
      if (number < (latest.get(group) ?? -1)) throw new Violation(`group ${group} out of order at ${number}`);
      latest.set(group, number);
    }
  }

  #checkDeaths(fate: Fate): void {
    const { inbox, forgets, versions, faults, limitByKey } = this.#facts.schedule;
    const isShared = inbox === 'shared';
    // A store that has forgotten its attempts begins anew.
    if (isShared && forgets.length > 0) return;
    // Of two that SQS hands out at a time the second begins before the first has killed anything, or before its mark is there.
    const markingMs = isShared ? 0 : faults.stall ? MARKING_MS.stalled : MARKING_MS.usual;
    const isBeside = (run: Run, other: Run): boolean => isUnderWay(other, run, markingMs);
    // A delete that did nothing brings back what is in the dead letter queue, and who took its mark away knows of it alone.
    const deaths = fate.runs.filter(
      run => run.end === 'died' && run.startedAt < fate.letterAt && !fate.runs.some(other => isBeside(run, other)),
    );
    // Without a shared store the first death leaves nothing that the second start could know of; marks may not be made.
    const least = isShared ? 1 : 2;
    const tagFailures = isShared ? 0 : this.#facts.tagFailures();
    // Where keys have limits so many receives are not taken for deaths.
    const inVain = limitByKey && !isShared ? RECEIVES_IN_VAIN : 0;
    const allowed = Math.max(least, ...versions.map(({ maxReceiveCount }) => maxReceiveCount)) + inVain + tagFailures;
    // A publish whose answer was lost is repeated: without a shared store each of the two messages is a message of its own.
    const byMessage = groupBy(deaths, ({ context }) => (isShared ? '' : context.getMessage().MessageId));
    for (const { length } of byMessage.values()) {
      if (length > allowed) this.#facts.fates.blame(`${nameOf(fate)} killed ${length} processes`);
    }
  }
}

/** It ran when `run` began, or up to `withinMs` before. */
const isUnderWay = (other: Run, run: Run, withinMs: number): boolean =>
  other !== run && other.startedAt <= run.startedAt && other.endedAt + withinMs > run.startedAt;

const firstEnd = ({ runs }: Fate): number =>
  Math.min(...runs.filter(({ end }) => end === 'ok' || end === 'discard').map(({ endedAt }) => endedAt));
