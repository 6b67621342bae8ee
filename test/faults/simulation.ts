import { groupBy } from '../support/group-by.ts';
import type { Broker } from '#broker/core/broker.js';
import type { Message } from '#broker/core/message.js';
import type { Queue } from '#broker/core/queue/queue.js';
import type { MessageEvent } from '#broker/core/message.js';
import { PublishBatcher } from '#lib/client/publish/publish-batcher.js';
import { eventKey } from '#lib/inbox/inbox-key.js';
import { MemoryInboxStore } from '#lib/inbox/memory-inbox-store.js';
import type { InboxClaim, InboxDone } from '#lib/interfaces/inbox-store.interface.js';
import { randomOf } from '../support/random.mjs';
import { Fates, isDone, nameOf, StoreTruth, Violation, type Fate, type Run } from './fates.ts';
import { FaultyStore, type Shelf } from './faulty-store.ts';
import { FaultyWire } from './faulty-wire.ts';
import { inVirtualTime } from './in-virtual-time.ts';
import { MemorySteering } from './memory-steering.ts';
import { Letters } from './letters.ts';
import type { FaultRates, Schedule, ScheduledMessage } from './schedule.ts';
import { SimulatedProcess } from './simulated-process.ts';
import { LOOK_EVERY_MS } from './simulated-pauses.ts';
import { numberIn, Stage } from './stage.ts';
import type { VirtualTime } from './virtual-time.ts';

const NO_FAULTS: FaultRates = {};
/**
 * Longer than every lease, backoff, grace and delay of a schedule together. Three processes that know nothing of each
 * other's attempts put a message off by two hours up to seven times each.
 */
const CALM_MS = 60 * 60 * 60 * 1000;
/** Longer than any handler takes. */
const HANDLERS_END_MS = 400_000;
/** What was claimed before a sleep begins within so much after it. */
const AWAKE_MS = 1_000;
/** Between the look at a queue's tags and the mark: three calls. */
const MARKING_MS = { usual: 150, stalled: 30_000 };
/** A look at the pauses of others, and a handler that was about to begin. */
const LOOK_TAKES_MS = 1_000;
/** As the library has it, of a message whose key has a limit. */
const RECEIVES_IN_VAIN = 10;
/** A stop takes its time, and what is under way then gets this much. */
const STOP_GRACE_MS = 60_000;

/**
 * One schedule: messages are sent, consumers work on them under faults, crash and are started again; then the faults
 * end, and everything must come to its end. Throws when a promise was broken; gives the number of faults done.
 */
export const simulate = (schedule: Schedule): Promise<number> =>
  inVirtualTime(schedule.seed, time => new Simulation(schedule, time).run());

interface Event {
  at: number;
  act: () => unknown;
  /** It ends what another event began. */
  isEnd?: boolean;
}

class Simulation {
  readonly schedule: Schedule;
  readonly time: VirtualTime;
  readonly random: () => number;
  readonly stage: Stage;
  readonly fates: Fates;
  readonly letters: Letters;
  readonly publisher: FaultyWire;
  readonly batcher: PublishBatcher;
  readonly shelf: Shelf;
  readonly sharedTruth = new StoreTruth();
  readonly stores: FaultyStore[] = [];
  readonly numbers = new Map<string, number>();
  readonly places: Array<{ id: string; source: string; sequence: number }>;
  /** Numbers that SQS has accepted of their publisher; those that a queue has taken may be more. */
  readonly accepted: number[] = [];
  /** All that ever ran, and those that run now. */
  readonly processes: SimulatedProcess[] = [];
  readonly current: SimulatedProcess[] = [];
  /** Until calm. */
  faults: FaultRates;
  lettersAreAway = false;
  /** Messages that the publisher was given and has not heard of. */
  unsent = 0;
  /** Since when every process knows of a pause, by the broker's clock. */
  allPausedFrom = Infinity;
  unaccounted: Fate | undefined;

  constructor(schedule: Schedule, time: VirtualTime) {
    this.schedule = schedule;
    this.faults = schedule.faults;
    this.time = time;
    this.random = randomOf(schedule.seed);
    this.stage = new Stage(schedule, time);
    const now = (): number => time.now;
    this.fates = new Fates(schedule, now, fate => this.#unheard(fate));
    this.letters = new Letters(schedule, this.fates, now, {
      failures: () => this.#tagFailures,
      stalls: () => this.wires.reduce((sum, { tagStalls }) => sum + tagStalls, 0),
      gone: ({ ids }) => this.processes.filter(({ alive, wire }) => !alive && wire.hasReceived(ids)).length,
    });
    this.places = placesOf(schedule);
    for (const [number, { source, id }] of this.places.entries()) this.numbers.set(eventKey({ source, id }), number);
    this.shelf = { memory: new MemoryInboxStore({ now }), steering: this.#steering(), fault: undefined };
    this.publisher = this.#wire(new Map());
    this.batcher = new PublishBatcher({
      send: entries =>
        this.publisher.publish(
          this.stage.queues.map(queue => this.stage.url(queue)),
          entries,
        ),
      maxBatchBytes: 1_048_576,
      ordered: schedule.fifo,
      random: this.random,
    });
  }

  async run(): Promise<number> {
    const { schedule, time, fates } = this;
    // A name first: V8 keeps a function that is written into a property until a full collection, and with it all that
    // the schedule has made. The same wherever one is written in what each schedule makes anew.
    const record: Broker['record'] = (queue, message, what) => this.#note(queue, message, what);
    this.stage.broker.record = record;
    for (const version of schedule.fleet) this.current.push(this.#startProcess(version));
    const startedAt = time.now;
    const events = this.#events().toSorted((a, b) => a.at - b.at);
    const lastBegin = events.findLastIndex(({ isEnd }) => !isEnd);
    for (const [index, { at, act }] of events.entries()) {
      // What still ends when everything has ended meets nothing any more.
      const isOver = (): boolean => index > lastBegin && this.unsent === 0 && this.stage.isEmpty;
      await time.run(Math.max(0, startedAt + at - time.now), isOver);
      await act();
      this.#throwBlamed();
    }
    this.faults = NO_FAULTS;
    for (const faulty of [...this.wires, ...this.stores]) faulty.faults = NO_FAULTS;
    // Whoever could not tell that a pause was over is told so again.
    if (schedule.sharing?.pauses) for (const process of this.current) process.resumeAll();
    let published = false;
    void this.batcher.flush().then(() => {
      published = true;
    });
    await time.run(CALM_MS, () => published && this.stage.isEmpty);
    this.#throwBlamed();
    fates.checkSuspects();
    this.#checkFates();
    await this.#stopAll();
    this.#throwBlamed();
    return [...this.wires, ...this.stores].reduce((sum, { injected }) => sum + injected, 0);
  }

  #events(): Event[] {
    const { messages, crashes, restarts, outages, forgets, letterOutages } = this.schedule;
    const { clockSteps, suspensions, pauses, sharing } = this.schedule;
    return [
      ...messages.map((message, number) => ({ at: message.at, act: () => this.#send(number, message) })),
      ...crashes.map(({ at, which }) => ({ at, act: () => this.#crash(this.#at(which)) })),
      ...restarts.map(restart => ({ at: restart.at, act: () => this.#restart(restart) })),
      ...outages.flatMap(({ at, ms, kind }) => [
        { at, act: () => (this.shelf.fault = kind) },
        { at: at + ms, act: () => (this.shelf.fault = undefined), isEnd: true },
      ]),
      ...forgets.map(at => ({ at, act: () => this.#forget() })),
      ...letterOutages.flatMap(({ at, ms }) => [
        { at, act: () => (this.lettersAreAway = true) },
        { at: at + ms, act: () => (this.lettersAreAway = false), isEnd: true },
      ]),
      ...clockSteps.map(({ at, by }) => ({ at, act: () => this.#step(by) })),
      ...suspensions.map(({ at, ms }) => ({ at, act: () => this.#suspend(ms) })),
      ...(sharing?.pauses ? pauses.flatMap(each => this.#pauseOfAll(each)) : pauses.map(each => this.#pause(each))),
    ];
  }

  #pause({ at, ms, which }: Schedule['pauses'][number]): Event {
    return { at, act: () => this.#at(which).pause(ms) };
  }

  /** Any process ends a pause that all share: who began it may have gone. */
  #pauseOfAll({ at, ms, which }: Schedule['pauses'][number]): Event[] {
    const { pauses, faults, outages, forgets, suspensions } = this.schedule;
    const isKnown = ![outages, forgets, suspensions].some(({ length }) => length > 0);
    const isAnswered = !faults.storeError && !faults.storeLost;
    const isAlone = isKnown && isAnswered && pauses.length === 1;
    let isOver = false;
    const begin = async (): Promise<void> => {
      await this.#at(which).pauseAll();
      if (isAlone && !isOver) this.allPausedFrom = this.time.now + LOOK_EVERY_MS + LOOK_TAKES_MS;
    };
    const end = (): void => {
      isOver = true;
      this.allPausedFrom = Infinity;
      this.#at(which + 1).resumeAll();
    };
    return [
      { at, act: () => void begin() },
      { at: at + ms, act: end, isEnd: true },
    ];
  }

  get wires(): FaultyWire[] {
    return [this.publisher, ...this.processes.map(({ wire }) => wire)];
  }

  #throwBlamed(): void {
    this.#checkAccounted();
    this.fates.throwBlamed();
  }

  #wire(endedAt: Map<string, number>): FaultyWire {
    const { leaseSeconds } = this.schedule;
    return new FaultyWire(this.stage.broker, this.random, this.faults, leaseSeconds, {
      blame: what => this.fates.blame(what),
      endOf: receiptHandle => endedAt.get(receiptHandle),
      lettersAreAway: () => this.lettersAreAway,
    });
  }

  /** What happens to a message, in the moment in which it does: at no time may it be nowhere. */
  #note(queue: Queue, { content, receiveCount }: Message, what: MessageEvent): void {
    if (what !== 'dead-lettered') this.#checkAccounted();
    // SQS's own move to the dead letter queue is a removal first.
    else this.unaccounted = undefined;
    const number = numberIn(content.body);
    const home = this.stage.queues.find(name => name === queue.name);
    if (home === undefined) {
      const of = this.stage.queues.find(name => this.stage.letterQueue(name) === queue.name) ?? '';
      const fate = this.fates.get(of, number);
      if (what !== 'sent' && what !== 'dead-lettered') return;
      fate.letterAt = Math.min(fate.letterAt, this.time.now);
      this.letters.check(fate, content, this.#unheard(fate));
      return;
    }
    if (what === 'sent') return this.#arrived(home, number, content.id);
    const fate = this.fates.get(home, number);
    if (what === 'received') fate.receives = Math.max(fate.receives, receiveCount);
    if (what !== 'removed' || this.fates.hasEnd(fate) || this.#isThere(fate)) return;
    if (this.time.now - fate.sentAt < this.schedule.retentionSeconds * 1000) this.unaccounted = fate;
    else this.#expired(fate);
  }

  /** Its queue does not keep it any longer. Nothing else can be done where the dead letter queue never takes it. */
  #expired(fate: Fate): void {
    fate.hasExpired = true;
    if (!fate.isRefused) this.fates.blame(`${nameOf(fate)} has expired in its queue, and nobody has said so`);
  }

  #isThere({ queue, number }: Fate): boolean {
    return [queue, this.stage.letterQueue(queue)].some(name => this.stage.has(name, number));
  }

  #checkAccounted(): void {
    if (!this.unaccounted) return;
    this.fates.blame(`${nameOf(this.unaccounted)} was deleted without having come to an end`);
    this.unaccounted = undefined;
  }

  #arrived(queue: string, number: number, id: string): void {
    const message = this.schedule.messages[number];
    const place = this.places[number];
    if (!message || !place) return;
    const known = this.fates.find(queue, number);
    if (known) return void known.ids.add(id);
    const later = this.fates.all.some(({ group, number: other }) => group === message.group && other > number);
    if (this.schedule.fifo && later) this.fates.blame(`message ${number} was published after one that followed it`);
    const { sequence } = place;
    this.fates.add({
      ...message,
      queue,
      number,
      sequence,
      ids: new Set([id]),
      sentAt: this.time.now,
      receives: 0,
      claimedAt: Infinity,
      runs: [],
      storeFailedAt: -1,
      storeFailures: 0,
      isRefused: false,
      hasExpired: false,
      letterAt: Infinity,
      sleptInWork: false,
    });
  }

  #send(number: number, { group, type, padding }: ScheduledMessage): void {
    const { fifo } = this.schedule;
    const { id, source, sequence } = this.places[number] ?? { id: '', source: '', sequence: 0 };
    const place = { subject: `g${group}`, sequence: String(sequence), padding: 'x'.repeat(padding) };
    const body = { specversion: '1.0', id, source, type, ...place };
    const entry = {
      body: JSON.stringify({ ...body, data: number }),
      attributes: {},
      ...(fifo && { groupId: `g${group}`, deduplicationId: `d${number}` }),
    };
    this.unsent += 1;
    const onResult = (failure: unknown): void => {
      this.unsent -= 1;
      if (!failure) this.accepted.push(number);
    };
    this.batcher.add(entry.groupId, () => Promise.resolve(entry), Infinity, onResult, onResult);
  }

  #startProcess(version: number): SimulatedProcess {
    const { schedule, stage, fates, random } = this;
    const endedAt = new Map<string, number>();
    const process: SimulatedProcess = new SimulatedProcess({
      schedule,
      stage,
      fates,
      random,
      endedAt,
      now: () => this.time.now,
      version,
      wire: this.#wire(endedAt),
      shared:
        schedule.inbox === 'shared' ? { store: this.#sharedStore(() => process), truth: this.sharedTruth } : undefined,
      fateOf: claim => this.#fateOf(claim),
      noteDone: (truth, claim, done) => this.#noteDone(truth, claim, done),
      noteRefused: (queue, id) => {
        for (const fate of fates.all) if (fate.queue === queue && fate.ids.has(id)) fate.isRefused = true;
      },
      arePaused: () => this.time.now >= this.allPausedFrom,
      kill: () => this.#crash(process),
      isCalm: () => this.faults === NO_FAULTS,
    });
    this.processes.push(process);
    return process;
  }

  #sharedStore(process: () => SimulatedProcess): FaultyStore {
    const store = new FaultyStore(this.shelf, this.random, this.faults, {
      noteClaimed: claim => {
        const fate = this.#fateOf(claim);
        if (!fate) return;
        fate.claimedAt = Math.min(fate.claimedAt, this.time.now);
        process().claims.set(fate, this.time.now);
      },
      noteDone: (claim, done) => this.#noteDone(this.sharedTruth, claim, done),
      noteStoreFault: claims => {
        for (const claim of claims) {
          const fate = this.#fateOf(claim);
          if (!fate) continue;
          fate.storeFailedAt = this.time.now;
          fate.storeFailures += 1;
        }
      },
    });
    this.stores.push(store);
    return store;
  }

  #noteDone(truth: StoreTruth, claim: InboxClaim, { position }: InboxDone): void {
    const fate = this.#fateOf(claim);
    if (fate) this.fates.noteDone(fate, truth, position !== undefined);
  }

  #fateOf({ queue, key }: InboxClaim): Fate | undefined {
    return this.fates.find(queue, this.numbers.get(key) ?? -1);
  }

  #steering(): MemorySteering {
    return new MemorySteering(
      () => this.time.now,
      what => this.fates.blame(what),
    );
  }

  /** The shared store comes back empty. */
  #forget(): void {
    const now = (): number => this.time.now;
    this.shelf.memory = new MemoryInboxStore({ now });
    this.shelf.steering = this.#steering();
    this.sharedTruth.clear();
    this.fates.excuses.push({ from: this.time.now, to: this.time.now });
  }

  /** What runs when the machine falls asleep runs on when it wakes, and its claim may have ended meanwhile. */
  async #suspend(ms: number): Promise<void> {
    this.fates.excuses.push({ from: this.time.now, to: this.time.now + ms + AWAKE_MS });
    const asleep = this.processes.filter(({ alive }) => alive).map(({ wire }) => wire);
    for (const fate of this.fates.all) if (asleep.some(wire => wire.holds(fate.ids))) fate.sleptInWork = true;
    this.time.suspend(ms);
    await this.time.run(ms);
    this.#lookAtClocks();
  }

  #step(ms: number): void {
    this.time.step(ms);
    this.#lookAtClocks();
  }

  /** Within a quarter of a second, as the library's own watch does. */
  #lookAtClocks(): void {
    for (const { watch } of this.current) setTimeout(() => watch.check(), this.random() * 250);
  }

  #at(which: number): SimulatedProcess {
    const process = this.current[which % this.current.length];
    if (!process) throw new Error(`no process ${which}`);
    return process;
  }

  /** kill -9, and a new process of the same version. */
  #crash(process: SimulatedProcess): void {
    if (!process.alive) return;
    process.retire('died');
    const at = this.current.indexOf(process);
    if (at >= 0) this.current[at] = this.#startProcess(this.schedule.versions.indexOf(process.version));
  }

  /** SIGTERM, and a new process at the same time. */
  async #restart({ which, version, within }: Schedule['restarts'][number]): Promise<void> {
    const process = this.#at(which);
    this.current[this.current.indexOf(process)] = this.#startProcess(version);
    void process.stop(within);
    await this.time.run(within + STOP_GRACE_MS, () => process.stopped || !process.alive);
    if (process.alive && !process.stopped)
      throw new Violation(`stop(${within}) has not ended ${STOP_GRACE_MS} ms after its time`);
    process.retire('cut');
  }

  #checkFates(): void {
    const { stage, fates } = this;
    const left = stage.queues.flatMap(queue =>
      [...stage.contents(queue).keys()].map(
        number =>
          `${queue}/${number} (${fates.get(queue, number).receives} receives, ${fates.get(queue, number).runs.length} starts)`,
      ),
    );
    if (left.length > 0) throw new Violation(`without an end after the faults were over: ${left.join()}`);
    const unknown = this.accepted.filter(number => stage.queues.some(queue => !fates.find(queue, number)));
    if (unknown.length > 0) throw new Violation(`accepted of the publisher and in no queue: ${unknown.join()}`);
    for (const queue of stage.queues) this.#checkQueue(queue);
  }

  #checkQueue(queue: string): void {
    const letters = this.stage.contents(this.stage.letterQueue(queue));
    const fates = this.fates.all.filter(fate => fate.queue === queue);
    for (const fate of fates) {
      if (!letters.has(fate.number) && !this.fates.hasEnd(fate) && !fate.hasExpired)
        throw new Violation(`${nameOf(fate)} is lost: ${fate.runs.length} starts`);
      this.#checkDeaths(fate);
    }
    if (!this.schedule.fifo) return;
    const ended = fates
      .filter(fate => isDone(fate) && !letters.has(fate.number))
      .toSorted((a, b) => firstEnd(a) - firstEnd(b));
    const latest = new Map<number, number>();
    for (const { group, number } of ended) {
      if (number < (latest.get(group) ?? -1)) throw new Violation(`group ${group} out of order at ${number}`);
      latest.set(group, number);
    }
  }

  get #tagFailures(): number {
    return this.wires.reduce((sum, wire) => sum + wire.tagFailures, 0);
  }

  #checkDeaths(fate: Fate): void {
    const { inbox, forgets, versions, faults, limitByKey } = this.schedule;
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
    const tagFailures = isShared ? 0 : this.#tagFailures;
    // Where keys have limits so many receives are not taken for deaths.
    const inVain = limitByKey && !isShared ? RECEIVES_IN_VAIN : 0;
    const allowed = Math.max(least, ...versions.map(({ maxReceiveCount }) => maxReceiveCount)) + inVain + tagFailures;
    // A publish whose answer was lost is repeated: without a shared store each of the two messages is a message of its own.
    const byMessage = groupBy(deaths, ({ context }) => (isShared ? '' : context.getMessage().MessageId));
    for (const { length } of byMessage.values()) {
      if (length > allowed) this.fates.blame(`${nameOf(fate)} killed ${length} processes`);
    }
  }

  /**
   * Receives of a message that SQS counted and nobody got, or that a process got which has gone: others cannot know that
   * it did not try it.
   */
  #unheard(fate: Fate): number {
    return this.processes.reduce((sum, process) => {
      const { wire, alive } = process;
      const runs = fate.runs.filter(({ runner }) => runner === process).length;
      const untold = alive ? 0 : Math.max(0, wire.receivesOf(fate.ids) - runs);
      return sum + wire.unheardOf(fate.ids) + untold;
    }, 0);
  }

  async #stopAll(): Promise<void> {
    // A handler that kills its process later starts none in its place.
    this.current.length = 0;
    const stops = this.processes.map(process => process.stop(0));
    let ended = false;
    void Promise.all(stops).then(() => {
      ended = true;
    });
    await this.time.run(120_000, () => ended);
    if (!ended) throw new Violation('a consumer has not stopped');
    await this.time.run(HANDLERS_END_MS);
    if (this.time.pending > 0)
      throw new Violation(
        `${this.time.pending} timers are left after everything has stopped: ${this.time.timers.join()}`,
      );
    for (const { consumers, alive } of this.processes) {
      for (const consumer of alive ? consumers : [])
        for (const [what, count] of Object.entries(consumer.snapshot()))
          if (count !== 0) throw new Violation(`${count} ${what} are left in a closed consumer`);
    }
  }
}

/** It ran when `run` began, or up to `withinMs` before. */
const isUnderWay = (other: Run, run: Run, withinMs: number): boolean =>
  other !== run && other.startedAt <= run.startedAt && other.endedAt + withinMs > run.startedAt;

const firstEnd = ({ runs }: Fate): number =>
  Math.min(...runs.filter(({ end }) => end === 'ok' || end === 'discard').map(({ endedAt }) => endedAt));

/** Ids repeat across sources; where there are no gaps a subject's events are numbered from 1, else by their numbers. */
function placesOf({ messages, gapless }: Schedule): Array<{ id: string; source: string; sequence: number }> {
  const bySource = new Map<number, number>();
  const bySubject = new Map<string, number>();
  return messages.map(({ source, group }, number) => {
    const id = (bySource.get(source) ?? 0) + 1;
    bySource.set(source, id);
    const subject = `${source} ${group}`;
    const place = (bySubject.get(subject) ?? 0) + 1;
    bySubject.set(subject, place);
    return { id: `e${id}`, source: `s${source}`, sequence: gapless ? place : number };
  });
}
