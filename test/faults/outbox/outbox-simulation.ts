import { Broker } from '#broker/core/broker.js';
import type { Message, MessageEvent } from '#broker/core/message.js';
import type { Queue } from '#broker/core/queue/queue.js';
import { SQS_OPERATIONS } from '#broker/core/sqs/operations.js';
import { outboxSql } from '#lib/postgres/outbox/outbox-sql.js';
import { randomOf } from '../../support/random.mjs';
import { Violation } from '../fate.ts';
import { FaultyWire } from '../faulty-wire.ts';
import { inVirtualTime } from '../in-virtual-time.ts';
import type { VirtualTime } from '../virtual-time.ts';
import { FaultyPool, NO_DATABASE_FAULTS } from './faulty-pool.ts';
import { ModelDatabase } from './model-database.ts';
import type { ModelOutbox } from './model-outbox.ts';
import { OutboxJudge, type Body } from './outbox-judge.ts';
import { INSERT_EFFECT, OutboxProcess } from './outbox-process.ts';
import type { OutboxSchedule } from './schedule.ts';

const CALL = { origin: 'http://local', gone: false, onGone: () => undefined, onUndelivered: () => undefined };
/** Longer than every lease, backoff and pause of a schedule together. */
const CALM_MS = 6 * 60 * 60 * 1000;
/** The destination whose events have effects. */
const HANDLED = 'sns:events';
const STOP_WITHIN_MS = 5_000;
/** A stop takes its time for the consumer, the relay and the publishers, one after the other. */
const STOP_GRACE_MS = 60_000;
/** Everything that a handler or a call that was under way waits for. */
const LAST_TIMERS_MS = 400_000;
/** A lane that fails has its claim until the call has failed for good, and with it the lanes of its bucket. */
const PROMPT_MS = 60_000;

/**
 * One schedule of transactions, relays and handlers: while it lasts, processes die, hang and stop, calls fail before and
 * after their effects, and the database goes away. Then the faults end, and everything has to come to its end. Throws
 * when a promise was broken; gives the number of faults done.
 */
export const simulateOutbox = (schedule: OutboxSchedule): Promise<number> =>
  inVirtualTime(schedule.seed, time => new OutboxSimulation(schedule, time).run());

class OutboxSimulation {
  readonly schedule: OutboxSchedule;
  readonly time: VirtualTime;
  readonly random: () => number;
  readonly broker: Broker;
  readonly database: ModelDatabase;
  readonly judge: OutboxJudge;
  readonly startedAt: number;
  readonly starts = new Map<string, number>();
  readonly processes: OutboxProcess[] = [];
  readonly current: OutboxProcess[] = [];
  /** Of each place: statements of its processes so far. */
  readonly steps: number[] = [];
  readonly frozen = new Map<OutboxProcess, Promise<void>>();
  isCalm = false;
  isAway = false;
  awaySubject: string | undefined;
  crashesDone = 0;

  constructor(schedule: OutboxSchedule, time: VirtualTime) {
    this.schedule = schedule;
    this.time = time;
    this.random = randomOf(schedule.seed);
    this.startedAt = time.now;
    const { laneOutage } = schedule;
    this.broker = new Broker({
      clock: time.clock,
      seed: schedule.seed,
      region: 'us-east-1',
      accountId: '000000000000',
    });
    for (const name of ['handled', 'letters', 'after']) this.#make(name);
    // Names first: V8 keeps a function that is written into a property until a full collection, and the schedule with it.
    const record: Broker['record'] = (queue, message, what) => this.#note(queue, message, what);
    this.broker.record = record;
    this.judge = new OutboxJudge(
      {
        prompt: isOtherwiseWell(schedule)
          ? { exceptLane: laneOutage && `s${laneOutage.subject}`, withinMs: PROMPT_MS }
          : undefined,
      },
      () => time.now,
    );
    this.database = new ModelDatabase({
      outboxSql: outboxSql('nestjs_sns_sqs'),
      now: () => time.now,
      random: this.random,
    });
    const onMessage: ModelOutbox['onMessage'] = message => this.judge.committed(message);
    this.database.outbox.onMessage = onMessage;
    this.database.define(INSERT_EFFECT, ({ tx, values }) => {
      tx.onCommit.push(() => this.judge.effect(JSON.parse(String(values[0])) as Body));
      return [];
    });
  }

  async run(): Promise<number> {
    const { schedule, time } = this;
    schedule.relays.forEach((_, place) => this.#start(place));
    for (const { at, act } of this.#events().toSorted((a, b) => a.at - b.at)) {
      await time.run(Math.max(0, this.startedAt + at - time.now));
      await act();
      this.#throwBlamed();
    }
    await this.#calmDown();
    const isAllDone = (): boolean => this.judge.blamed.length > 0 || this.#isEmpty();
    await time.run(CALM_MS, isAllDone);
    this.#throwBlamed();
    if (!this.#isEmpty()) throw new Violation(`something is left after the faults were over: ${this.#left()}`);
    this.judge.checkEnd(this.schedule.consumes ? HANDLED : undefined, this.database.outbox.refused);
    if (this.schedule.keeps) this.judge.checkKept(this.database.outbox.kept);
    if (this.#queue('letters').messages.size > 0) this.judge.blame('a message was dead-lettered');
    this.#throwBlamed();
    await this.#stopAll();
    return this.processes.reduce((sum, { pool, wire }) => sum + pool.injected + wire.injected, this.crashesDone);
  }

  #events(): Array<{ at: number; act: () => unknown }> {
    const { transactions, crashes, stops, freezes, suspensions, outages, laneOutage } = this.schedule;
    return [
      ...transactions.map((each, number) => ({
        at: each.at,
        act: () => void this.#at(each.which).transact(each, `t${number}`),
      })),
      ...crashes.map(({ at, which, ghostMs }) => ({ at, act: () => this.#kill(this.#at(which), ghostMs) })),
      ...stops.map(({ at, which }) => ({ at, act: () => this.#stop(which) })),
      ...freezes.map(({ at, ms, which }) => ({ at, act: () => this.#freeze(this.#at(which), ms) })),
      ...suspensions.map(({ at, ms }) => ({ at, act: () => this.#suspend(ms) })),
      ...outages.flatMap(({ at, ms }) => [
        { at, act: () => this.#goAway() },
        { at: at + ms, act: () => (this.isAway = false) },
      ]),
      ...(laneOutage
        ? [
            { at: laneOutage.at, act: () => (this.awaySubject = `s${laneOutage.subject}`) },
            { at: laneOutage.at + laneOutage.ms, act: () => (this.awaySubject = undefined) },
          ]
        : []),
    ];
  }

  #start(place: number): void {
    const { schedule } = this;
    const untilAwake = async (): Promise<void> => {
      for (let frozen = this.frozen.get(process); frozen; frozen = this.frozen.get(process)) await frozen;
    };
    const pool = new FaultyPool(this.database, this.isCalm ? NO_DATABASE_FAULTS : schedule.databaseFaults, {
      random: this.random,
      isAway: () => this.isAway,
      onStep: () => this.#step(process, place),
      untilAwake,
    });
    const wire = new FaultyWire(
      this.broker,
      this.random,
      this.isCalm ? {} : schedule.wireFaults,
      schedule.consumerLeaseSeconds,
      { blame: what => this.judge.blame(what), endOf: () => undefined, lettersAreAway: () => false },
    );
    wire.untilAwake = untilAwake;
    const process: OutboxProcess = new OutboxProcess({
      schedule,
      isRelay: schedule.relays[place] ?? true,
      pool,
      wire,
      urls: { handled: this.#url('handled'), letters: this.#url('letters'), after: this.#url('after') },
      noteStart: id => {
        const start = (this.starts.get(id) ?? 0) + 1;
        this.starts.set(id, start);
        return start;
      },
      kill: () => this.#kill(process, 0),
      isCalm: () => this.isCalm,
      isLaneAway: subject => subject !== undefined && subject === this.awaySubject,
      untilAwake,
      startedAt: this.startedAt,
    });
    this.processes.push(process);
    this.current[place] = process;
  }

  /** A statement of a process begins, or was carried out. */
  #step(process: OutboxProcess, place: number): void {
    const step = (this.steps[place] = (this.steps[place] ?? 0) + 1);
    const crash = this.schedule.stepCrashes.find(
      each => each.which % this.current.length === place && each.step === step,
    );
    if (crash && !this.isCalm) this.#kill(process, crash.ghostMs);
  }

  /** kill -9, and a new process in its place. */
  #kill(process: OutboxProcess, ghostMs: number): void {
    if (!process.isAlive) return;
    this.crashesDone += 1;
    process.die(ghostMs);
    const place = this.current.indexOf(process);
    if (place >= 0) this.#start(place);
  }

  /** SIGTERM, and a new process at the same time. */
  async #stop(which: number): Promise<void> {
    const process = this.#at(which);
    this.#start(this.current.indexOf(process));
    await this.#untilStopped([process]);
  }

  async #untilStopped(processes: readonly OutboxProcess[]): Promise<void> {
    let isOver = false;
    void Promise.all(processes.map(process => process.stop(STOP_WITHIN_MS))).then(() => (isOver = true));
    const isFrozen = (): boolean => processes.some(process => this.frozen.has(process));
    await this.time.run(STOP_WITHIN_MS + STOP_GRACE_MS, () => isOver || processes.every(({ isAlive }) => !isAlive));
    if (!isOver && !isFrozen() && processes.some(({ isAlive }) => isAlive))
      throw new Violation('a process has not stopped within its time');
  }

  #freeze(process: OutboxProcess, ms: number): void {
    const thawed = new Promise<void>(resolve => {
      setTimeout(() => {
        this.frozen.delete(process);
        resolve();
      }, ms);
    });
    this.frozen.set(process, thawed);
  }

  async #suspend(ms: number): Promise<void> {
    this.time.suspend(ms);
    await this.time.run(ms);
    for (const { watch } of this.current) setTimeout(() => watch.check(), this.random() * 250);
  }

  #goAway(): void {
    this.isAway = true;
    this.database.crash();
  }

  async #calmDown(): Promise<void> {
    this.isCalm = true;
    this.isAway = false;
    this.awaySubject = undefined;
    for (const { wire, pool } of this.processes) {
      wire.faults = {};
      pool.faults = NO_DATABASE_FAULTS;
    }
    await this.time.run(0);
  }

  #isEmpty(): boolean {
    const { messages, scheduled } = this.database.outbox;
    const isOutboxEmpty = messages.length === 0 && scheduled.length === 0;
    if (!this.schedule.consumes) return isOutboxEmpty;
    return isOutboxEmpty && this.#queue('handled').messages.size === 0 && this.judge.isComplete(HANDLED);
  }

  #left(): string {
    const { messages, scheduled } = this.database.outbox;
    const rows = messages.map(({ id, by }) => (by ? `${id} (not committed)` : id)).join();
    return `rows ${rows}; scheduled ${scheduled.length}; in the queue ${this.#queue('handled').messages.size}; effects ${this.judge.effects}`;
  }

  async #stopAll(): Promise<void> {
    const living = this.processes.filter(({ isAlive }) => isAlive);
    await this.#untilStopped(living);
    for (const { pool, isAlive } of this.processes) if (!isAlive) pool.bury();
    await this.time.run(LAST_TIMERS_MS);
    const { pending, timers } = this.time;
    if (pending > 0) throw new Violation(`${pending} timers are left after everything has stopped: ${timers.join()}`);
    this.#throwBlamed();
  }

  #at(which: number): OutboxProcess {
    const process = this.current[which % this.current.length];
    if (!process) throw new Error(`no process ${which}`);
    return process;
  }

  #note({ name }: Queue, { content }: Message, what: MessageEvent): void {
    if (what === 'sent' && !name.startsWith('letters')) this.judge.sent(content.body);
  }

  #throwBlamed(): void {
    const [first] = this.judge.blamed;
    if (first !== undefined) throw new Violation(first);
  }

  #make(name: string): void {
    const attributes = this.schedule.fifo
      ? { FifoQueue: 'true', DeduplicationScope: 'messageGroup', FifoThroughputLimit: 'perMessageGroupId' }
      : {};
    const input = { QueueName: this.#name(name), Attributes: attributes };
    void SQS_OPERATIONS.get('CreateQueue')?.(this.broker, input, CALL);
    this.broker.settle();
  }

  #name(name: string): string {
    return this.schedule.fifo ? `${name}.fifo` : name;
  }

  #url(name: string): string {
    return `http://local/000000000000/${this.#name(name)}`;
  }

  #queue(name: string): Queue {
    const queue = this.broker.queues.get(this.#name(name));
    if (!queue) throw new Error(`no queue ${name}`);
    return queue;
  }
}

/** Nothing goes wrong but, perhaps, one lane. */
function isOtherwiseWell(schedule: OutboxSchedule): boolean {
  const { crashes, stepCrashes, stops, freezes, suspensions, outages, wireFaults, databaseFaults } = schedule;
  const isEmpty = [crashes, stepCrashes, stops, freezes, suspensions, outages].every(({ length }) => length === 0);
  return isEmpty && [...Object.values(wireFaults), ...Object.values(databaseFaults)].every(rate => rate === 0);
}
