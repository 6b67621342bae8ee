import type { SqsContext } from '#lib/ctx-host/sqs.context.js';
import {
  isDone,
  messageIdOf,
  nameOf,
  subjectOf,
  Violation,
  type Call,
  type Fate,
  type FateRules,
  type Run,
  type RunEnd,
  type Runner,
  type StoreTruth,
} from './fate.ts';

/** Calls that copy a message and fail take no longer; a duplicate may be started meanwhile. */
const COPYING_MS = 60_000;
/** Of a message; that of a claim is another matter. */
const LEASE_LOST = /^the lease of message(?!.*claim in the inbox)/;

/** Keeps what really happened to each message, and blames what must not happen in the moment in which it does. */
export class Fates {
  readonly all: Fate[] = [];
  /** What was done wrong, in order. */
  readonly blamed: string[] = [];
  /** By subject: the highest that any store has known as done. */
  readonly passed = new Map<string, number>();
  /** When all stores forgot, or all processes slept: from when to when. */
  readonly excuses: Array<{ from: number; to: number }> = [];
  readonly rules: FateRules;
  readonly #byQueue = new Map<string, Map<number, Fate>>();
  readonly #unheard: (fate: Fate) => number;
  readonly #now: () => number;
  /** Excused only if one of the two was told to stop; asked when all is over. */
  readonly #suspects: Array<{ runs: Run[]; what: string }> = [];

  /** @param unheard receives of a message that SQS counted and nobody got, or that a process got which has gone */
  constructor(rules: FateRules, now: () => number, unheard: (fate: Fate) => number) {
    this.#unheard = unheard;
    this.rules = rules;
    this.#now = now;
  }

  add(fate: Fate): void {
    this.all.push(fate);
    const queue = this.#byQueue.get(fate.queue) ?? new Map<number, Fate>();
    this.#byQueue.set(fate.queue, queue.set(fate.number, fate));
  }

  find(queue: string, number: number): Fate | undefined {
    return this.#byQueue.get(queue)?.get(number);
  }

  get(queue: string, number: number): Fate {
    const fate = this.find(queue, number);
    if (!fate) throw new Violation(`message ${number} is in no queue`);
    return fate;
  }

  blame(what: string): void {
    this.blamed.push(what);
  }

  throwBlamed(): void {
    const [first] = this.blamed;
    if (first !== undefined) throw new Violation(first);
  }

  /** Handled, or skipped: one that followed it of its subject was done before. */
  hasEnd(fate: Fate): boolean {
    return isDone(fate) || fate.sequence < (this.passed.get(subjectOf(fate)) ?? 0);
  }

  noteDone(fate: Fate, truth: StoreTruth, hasPosition: boolean): void {
    truth.done.add(fate);
    if (!hasPosition) return;
    const subject = subjectOf(fate);
    // A done that is repeated, its first answer having been lost, changes nothing any more.
    for (const positions of [truth.positions, this.passed])
      positions.set(subject, Math.max(fate.sequence, positions.get(subject) ?? 0));
  }

  begin(fate: Fate, runner: Runner, context: SqsContext, call: Call): Run {
    const { runs } = fate;
    const run: Run = {
      fate,
      call,
      start: runs.length + 1,
      runner,
      context,
      claimedAt: runner.claims.get(fate) ?? this.#now(),
      startedAt: this.#now(),
      clockedAt: performance.now(),
      endedAt: Infinity,
      end: undefined,
      isFree: false,
    };
    this.#checkStart(run);
    runner.steering.noteStart(run);
    runs.push(run);
    runner.running.add(run);
    return run;
  }

  end(run: Run, end: RunEnd): void {
    run.end = end;
    run.endedAt = this.#now();
    run.runner.running.delete(run);
    run.runner.steering.noteEnd(run, act => void setImmediate(act));
    if (end === 'ok' || end === 'discard') this.#checkOnce(run);
  }

  /** Asked when all is over: a handler that asks for its signal is one that heeds it. */
  checkSuspects(): void {
    for (const { runs, what } of this.#suspects)
      if (!runs.some(run => this.#wasStopped(run) || this.#isBehindStopped(run))) throw new Violation(what);
  }

  #checkStart(run: Run): void {
    const { fate, runner, context } = run;
    const { version, running, truth, stopped } = runner;
    const name = nameOf(fate);
    if (stopped) this.blame(`${name} was started after stop() had resolved`);
    const here = [...running].filter(other => other.fate.queue === fate.queue);
    const calls = new Set(here.map(({ call }) => call)).add(run.call).size;
    if (calls > version.concurrency) this.blame(`${calls} handlers at once, not ${version.concurrency} at most`);
    const isInOrder = this.rules.fifo || (truth !== undefined && version.ordering !== 'none');
    for (const other of here) {
      if (other.fate === fate && truth && !this.#isExcused(other, run))
        this.blame(`${name} was started beside itself in one process`);
      else if (this.rules.fifo && other.call === run.call) this.#checkBatch(other, run);
      else if (isInOrder && this.#isBeside(other.fate, fate) && !this.#isExcused(other, run))
        this.blame(`${name} was started beside ${nameOf(other.fate)} of its group in one process`);
    }
    if (truth?.done.has(fate)) this.blame(`${name} was run although the inbox knew it as done`);
    const position = truth?.positions.get(subjectOf(fate)) ?? 0;
    if (version.ordering !== 'none' && !this.rules.fifo && fate.sequence < position)
      this.blame(`${name} (${fate.sequence}) was run after ${position} of its subject`);
    if (this.#isDecided(run)) this.blame(`${name} was run again although its process had decided its end`);
    if (this.rules.inbox === 'shared') this.#checkElsewhere(run);
    const earlier = fate.runs.length;
    const attempt = context.getAttempt();
    // Receives by others count as calls where they can have been.
    const counted = this.mostStarts(fate, earlier + 1);
    const most = this.#isCounted(fate) ? counted : Math.max(counted, fate.receives);
    if (attempt > most) this.blame(`${name} was started ${earlier + 1} times, and told attempt ${attempt}`);
  }

  /** Both are in one batch of a FIFO queue, where a group's messages may be together. */
  #checkBatch(other: Run, run: Run): void {
    const { fate } = run;
    // A publish that is repeated after SQS has forgotten its deduplication id makes another message.
    const isSame = messageIdOf(other) === messageIdOf(run);
    if (other.fate.group === fate.group && (other.fate.number > fate.number || isSame))
      this.blame(`${nameOf(fate)} is behind ${nameOf(other.fate)} in its batch`);
  }

  /**
   * How often a process may believe that it was started: a shared store knows; FIFO hands a message to one at a time,
   * and only what a process took with it when it died, or a
   * store did not answer, is unknown; otherwise others may have received it, and this
   * process knows nothing of it.
   */
  mostStarts(fate: Fate, starts = fate.runs.length): number {
    const most = this.#mostKnown(fate, starts);
    return this.#isCounted(fate) || this.rules.fifo ? most : Math.max(most, fate.receives);
  }

  /** How many of these failed starts it may believe to have been: where keys have limits a receive by others is none. */
  mostFailures(fate: Fate, failed: number): number {
    return this.rules.limitByKey ? this.#mostKnown(fate, failed) : this.mostStarts(fate, failed);
  }

  #mostKnown(fate: Fate, starts: number): number {
    // A start that cost nothing, and whose claim ended while its machine slept, is counted by the process and by the store.
    const twice = fate.sleptInWork ? 1 : 0;
    return starts + twice + this.#unheard(fate) + fate.storeFailures;
  }

  /** By a store that all processes share. */
  #isCounted({ storeFailedAt }: Fate): boolean {
    return this.rules.inbox === 'shared' && storeFailedAt < 0;
  }

  /** Its handler threw `DeadLetter` in this process, in time: only the copy was refused until now. */
  #isDecided(run: Run): boolean {
    const { fate, runner, startedAt } = run;
    // A machine that falls asleep while the copy is made loses the lease, and with it the decision.
    if (fate.letterAt < Infinity || fate.sleptInWork) return false;
    return fate.runs.some(
      other =>
        other.end === 'dead-letter' &&
        other.runner === runner &&
        messageIdOf(other) === messageIdOf(run) &&
        other.endedAt - other.startedAt < this.rules.handlerTimeoutMs &&
        startedAt - other.endedAt > COPYING_MS &&
        !other.context.getSignal().aborted,
    );
  }

  #isBeside(other: Fate, fate: Fate): boolean {
    return other.group === fate.group && (this.rules.fifo || other.source === fate.source);
  }

  #checkElsewhere(run: Run): void {
    const others = run.fate.runs.filter(({ end, runner }) => end === undefined && runner.alive);
    for (const other of others) {
      if (other.runner === run.runner || this.#isExcused(other, run)) continue;
      this.#suspects.push({ runs: [other], what: `${nameOf(run.fate)} was run in two processes at once` });
    }
  }

  /**
   * With an inbox an effect is repeated only where the inbox could not be told of the one before, or a handler went on
   * when it was told to stop; one that has no signal to be told by is not excused by the loss of its message's lease.
   */
  #checkOnce(run: Run): void {
    if (!run.runner.truth) return;
    for (const other of run.fate.runs) {
      if (other === run || (other.end !== 'ok' && other.end !== 'discard') || !other.runner.alive) continue;
      if (other.runner.truth !== run.runner.truth || this.#isExcused(other, run)) continue;
      this.#suspects.push({ runs: [other, run], what: `${nameOf(run.fate)} had its effect twice` });
    }
  }

  /** Of two that ran at once the one that ends last may have begun first, and lost its claim before the other began. */
  #isExcused(one: Run, other: Run): boolean {
    const from = Math.min(one.startedAt, other.startedAt);
    const to = Math.max(one.startedAt, other.startedAt);
    if (one.fate.storeFailedAt >= from) return true;
    // A claim that was made before is what the store forgot, and what a sleep outlasted.
    const claimedAt = Math.min(one.claimedAt, other.claimedAt);
    return this.excuses.some(excuse => excuse.from <= to && excuse.to >= claimedAt);
  }

  /** On FIFO, in a batch, what stands behind a message of its group that was told to stop goes back with it, done or not. */
  #isBehindStopped(run: Run): boolean {
    if (!this.rules.fifo) return false;
    const { number, group, queue } = run.fate;
    const before = this.all.filter(fate => fate.queue === queue && fate.group === group && fate.number < number);
    return before.some(({ runs }) => runs.some(other => other.call === run.call && this.#wasStopped(other)));
  }

  #wasStopped({ context, runner, startedAt, endedAt }: Run): boolean {
    // Its attempt has failed by then, or costs none any more, whatever it did later.
    if (endedAt >= Math.min(startedAt + this.rules.handlerTimeoutMs, runner.forcedAt)) return true;
    const { aborted, reason } = context.getSignal();
    return aborted && (this.rules.heed !== 'never' || !LEASE_LOST.test((reason as Error).message));
  }
}
