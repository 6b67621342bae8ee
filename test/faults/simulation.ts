import type { Broker } from '#broker/core/broker.js';
import { eventKey } from '#lib/inbox/inbox-key.js';
import { MemoryInboxStore } from '#lib/inbox/memory-inbox-store.js';
import type { InboxClaim, InboxDone } from '#lib/interfaces/inbox-store.interface.js';
import { randomOf } from '../support/random.mjs';
import { EndingsJudge } from './endings-judge.ts';
import { StoreTruth, type Fate } from './fate.ts';
import { Fates } from './fates.ts';
import { FaultyStore, type Shelf } from './faulty-store.ts';
import { FaultyWire } from './faulty-wire.ts';
import { inVirtualTime } from './in-virtual-time.ts';
import { MemorySteering } from './memory-steering.ts';
import { Letters } from './letters.ts';
import { MessageLedger } from './message-ledger.ts';
import type { FaultRates, Schedule } from './schedule.ts';
import { SimulatedFleet } from './simulated-fleet.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import { LOOK_EVERY_MS } from './simulated-pauses.ts';
import { placesOf, SimulatedPublisher } from './simulated-publisher.ts';
import { Stage } from './stage.ts';
import type { VirtualTime } from './virtual-time.ts';

const NO_FAULTS: FaultRates = {};
/**
 * Longer than every lease, backoff, grace and delay of a schedule together. Three processes that know nothing of each
 * other's attempts put a message off by two hours up to seven times each.
 */
const CALM_MS = 60 * 60 * 60 * 1000;
/** What was claimed before a sleep begins within so much after it. */
const AWAKE_MS = 1_000;
/** A look at the pauses of others, and a handler that was about to begin. */
const LOOK_TAKES_MS = 1_000;
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
  readonly ledger: MessageLedger;
  readonly endings: EndingsJudge;
  readonly publisher: SimulatedPublisher;
  readonly shelf: Shelf;
  readonly sharedTruth = new StoreTruth();
  readonly stores: FaultyStore[] = [];
  readonly numbers = new Map<string, number>();
  readonly fleet: SimulatedFleet;
  /** Until calm. */
  faults: FaultRates;
  lettersAreAway = false;
  /** Since when every process knows of a pause, by the broker's clock. */
  allPausedFrom = Infinity;

  constructor(schedule: Schedule, time: VirtualTime) {
    this.schedule = schedule;
    this.faults = schedule.faults;
    this.time = time;
    this.random = randomOf(schedule.seed);
    this.stage = new Stage(schedule, time);
    const now = (): number => time.now;
    this.fates = new Fates(schedule, now, fate => this.fleet.unheard(fate));
    const { stage, fates, random } = this;
    const unheard = (fate: Fate): number => this.fleet.unheard(fate);
    const tagFailures = (): number => this.wires.reduce((sum, wire) => sum + wire.tagFailures, 0);
    const letters = new Letters(schedule, fates, now, {
      failures: tagFailures,
      stalls: () => this.wires.reduce((sum, { tagStalls }) => sum + tagStalls, 0),
      gone: ({ ids }) => this.fleet.processes.filter(({ alive, wire }) => !alive && wire.hasReceived(ids)).length,
    });
    this.fleet = new SimulatedFleet({
      schedule,
      stage,
      fates,
      random,
      time,
      wire: endedAt => this.#wire(endedAt),
      sharedStore: process => this.#sharedStore(process),
      sharedTruth: this.sharedTruth,
      fateOf: claim => this.#fateOf(claim),
      noteDone: (truth, claim, done) => this.#noteDone(truth, claim, done),
      arePaused: () => time.now >= this.allPausedFrom,
      isCalm: () => this.faults === NO_FAULTS,
    });
    const places = placesOf(schedule);
    for (const [number, { source, id }] of places.entries()) this.numbers.set(eventKey({ source, id }), number);
    this.shelf = { memory: new MemoryInboxStore({ now }), steering: this.#steering(), fault: undefined };
    this.publisher = new SimulatedPublisher({ schedule, stage, places, random, wire: this.#wire(new Map()) });
    this.ledger = new MessageLedger({ schedule, stage, fates, letters, places, unheard, now });
    const { accepted } = this.publisher;
    this.endings = new EndingsJudge({ schedule, stage, fates, accepted, tagFailures });
  }

  async run(): Promise<number> {
    const { schedule, time, fates } = this;
    // A name first: V8 keeps a function that is written into a property until a full collection, and with it all that
    // the schedule has made. The same wherever one is written in what each schedule makes anew.
    const record: Broker['record'] = (queue, message, what) => this.ledger.note(queue, message, what);
    this.stage.broker.record = record;
    for (const version of schedule.fleet) this.fleet.current.push(this.fleet.start(version));
    const startedAt = time.now;
    const events = this.#events().toSorted((a, b) => a.at - b.at);
    const lastBegin = events.findLastIndex(({ isEnd }) => !isEnd);
    for (const [index, { at, act }] of events.entries()) {
      // What still ends when everything has ended meets nothing any more.
      const isOver = (): boolean => index > lastBegin && this.publisher.unsent === 0 && this.stage.isEmpty;
      await time.run(Math.max(0, startedAt + at - time.now), isOver);
      await act();
      this.#throwBlamed();
    }
    this.faults = NO_FAULTS;
    for (const faulty of [...this.wires, ...this.stores]) faulty.faults = NO_FAULTS;
    // Whoever could not tell that a pause was over is told so again.
    if (schedule.sharing?.pauses) for (const process of this.fleet.current) process.resumeAll();
    let published = false;
    void this.publisher.flush().then(() => {
      published = true;
    });
    await time.run(CALM_MS, () => published && this.stage.isEmpty);
    this.#throwBlamed();
    fates.checkSuspects();
    this.endings.check();
    await this.fleet.stopAll();
    this.#throwBlamed();
    return [...this.wires, ...this.stores].reduce((sum, { injected }) => sum + injected, 0);
  }

  #events(): Event[] {
    const { messages, crashes, restarts, outages, forgets, letterOutages } = this.schedule;
    const { clockSteps, suspensions, pauses, sharing } = this.schedule;
    return [
      ...messages.map((message, number) => ({ at: message.at, act: () => this.publisher.send(number, message) })),
      ...crashes.map(({ at, which }) => ({ at, act: () => this.fleet.crash(this.fleet.at(which)) })),
      ...restarts.map(restart => ({ at: restart.at, act: () => this.fleet.restart(restart) })),
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
    return { at, act: () => this.fleet.at(which).pause(ms) };
  }

  /** Any process ends a pause that all share: who began it may have gone. */
  #pauseOfAll({ at, ms, which }: Schedule['pauses'][number]): Event[] {
    const { pauses, faults, outages, forgets, suspensions } = this.schedule;
    const isKnown = ![outages, forgets, suspensions].some(({ length }) => length > 0);
    const isAnswered = !faults.storeError && !faults.storeLost;
    const isAlone = isKnown && isAnswered && pauses.length === 1;
    let isOver = false;
    const begin = async (): Promise<void> => {
      await this.fleet.at(which).pauseAll();
      if (isAlone && !isOver) this.allPausedFrom = this.time.now + LOOK_EVERY_MS + LOOK_TAKES_MS;
    };
    const end = (): void => {
      isOver = true;
      this.allPausedFrom = Infinity;
      this.fleet.at(which + 1).resumeAll();
    };
    return [
      { at, act: () => void begin() },
      { at: at + ms, act: end, isEnd: true },
    ];
  }

  get wires(): FaultyWire[] {
    return [this.publisher.wire, ...this.fleet.processes.map(({ wire }) => wire)];
  }

  #throwBlamed(): void {
    this.ledger.checkAccounted();
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
    const asleep = this.fleet.processes.filter(({ alive }) => alive).map(({ wire }) => wire);
    for (const fate of this.fates.all) if (asleep.some(wire => wire.holds(fate.ids))) fate.sleptInWork = true;
    this.time.suspend(ms);
    await this.time.run(ms);
    this.fleet.lookAtClocks();
  }

  #step(ms: number): void {
    this.time.step(ms);
    this.fleet.lookAtClocks();
  }
}
