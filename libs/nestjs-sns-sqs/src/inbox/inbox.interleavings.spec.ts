import type { InboxStore, MaybePromise } from '../interfaces/inbox-store.interface.js';
import { Inbox } from './inbox.js';
import { MemoryInboxStore } from './memory-inbox-store.js';
import type { Ordering } from './sequence-guard.js';
import { StoreHealth } from './store-health.js';

/**
 * Every interleaving of two workers and two messages: each call to the store is atomic and happens when the explorer says
 * so. At most one fault in each run, at every point of every interleaving: a worker dies, an answer of the store is lost,
 * or all leases end. What follows a death or an expiry is run in two orders, the first worker first and the last.
 */
const LEASE_MS = 30_000;
const DELAY_SECONDS = 15;

interface Event {
  id: string;
  sequence: number;
}

interface Message {
  event: Event;
  state: 'visible' | 'received' | 'hidden' | 'deleted';
  handle: string;
  holder: number;
}

interface Pending {
  worker: number;
  execute: () => void;
  lose: () => void;
}

const FAULTS = ['crash', 'lost answer', 'expiry'] as const;
type FaultKind = (typeof FAULTS)[number];
interface Action {
  fault?: FaultKind;
  /** After the fault the last worker is first. */
  isLastFirst?: boolean;
  act: () => void;
}

/** Resolves when no microtask is left: nothing here waits for anything else, and half a million turns of the loop cost more. */
const flush = (): Promise<void> => new Promise(resolve => process.nextTick(resolve));

class Scope {
  now = 0;
  readonly memory = new MemoryInboxStore({ now: () => this.now });
  readonly messages: Message[];
  readonly effects: number[] = [];
  readonly settled: number[] = [];
  private readonly pending: Pending[] = [];
  private readonly alive = [true, true];
  private readonly busy = [false, false];
  private readonly inboxes: Inbox[];
  private handles = 0;
  fault: FaultKind | undefined;

  constructor(
    events: readonly Event[],
    private readonly ordering: Ordering,
  ) {
    this.messages = events.map(event => ({ event, state: 'visible', handle: '', holder: -1 }));
    this.inboxes = [this.inbox(0), this.inbox(1)];
  }

  /** What may happen next; a worker that is alike another one comes second. */
  actions(): Action[] {
    const actions: Action[] = [];
    for (const worker of [0, 1]) {
      if (!this.alive[worker]) continue;
      // Calls of one worker travel in one pipeline: in their order.
      const next = this.pending.find(each => each.worker === worker);
      if (next) actions.push({ act: () => this.take(next).execute() });
      if (this.busy[worker] || (worker === 1 && this.handles === 0)) continue;
      for (const message of this.messages) {
        if (message.state === 'visible') actions.push({ act: () => void this.handle(worker, message) });
      }
    }
    if (this.fault !== undefined || this.handles === 0) return actions;
    const faults: Action[] = [];
    for (const worker of [0, 1]) {
      const next = this.pending.find(each => each.worker === worker);
      if (next) faults.push({ fault: 'lost answer', act: () => this.take(next).lose() });
      if (this.busy[worker]) faults.push({ fault: 'crash', act: () => this.crash(worker) });
    }
    if (this.busy.some(Boolean)) faults.push({ fault: 'expiry', act: () => (this.now += LEASE_MS) });
    const others = faults.filter(({ fault }) => fault !== 'lost answer');
    return [...actions, ...faults, ...others.map(fault => ({ ...fault, isLastFirst: true }))];
  }

  /** Nothing moves any more: after a fault, leases and delays end by themselves. */
  timePasses(): boolean {
    this.now += Math.max(LEASE_MS, DELAY_SECONDS * 1_000);
    const waiting = this.messages.filter(({ state }) => state === 'hidden' || state === 'received');
    for (const message of waiting) message.state = 'visible';
    return waiting.length > 0;
  }

  private take(pending: Pending): Pending {
    this.pending.splice(this.pending.indexOf(pending), 1);
    return pending;
  }

  private crash(worker: number): void {
    this.alive[worker] = false;
    this.busy[worker] = false;
  }

  private async handle(worker: number, message: Message): Promise<void> {
    const handle = `h${(this.handles += 1)}`;
    Object.assign(message, { state: 'received', handle, holder: worker });
    this.busy[worker] = true;
    const inbox = this.inboxes[worker];
    const { id, sequence } = message.event;
    const metadata = { id, source: 's', type: 't', subject: 'u', sequence: String(sequence) };
    const admission = await inbox?.admit({ metadata, data: undefined });
    const holds = (): boolean => message.handle === handle && message.state === 'received';
    if (admission?.kind === 'run' && admission.claim) {
      this.effects.push(sequence);
      // In work for long enough to call its duplicates in.
      this.now += 1_000;
      const isDone = await inbox?.finish(admission.claim, () => true);
      if (isDone && holds()) message.state = 'deleted';
    } else if (admission?.kind === 'skip') {
      if (holds()) message.state = 'deleted';
    } else if (admission?.kind === 'wait') {
      if (holds()) message.state = 'hidden';
      if ('claim' in admission) await inbox?.putOff(admission.claim, admission.why, handle, DELAY_SECONDS);
    } else throw new Error(`not to be expected: ${JSON.stringify(admission)}`);
    this.busy[worker] = false;
  }

  private inbox(worker: number): Inbox {
    const store = this.storeOf(worker);
    const health = new StoreHealth({
      store,
      queue: 'q',
      onUnavailable: 'wait',
      logger: { warn: () => undefined },
      onFault: () => undefined,
      onRecovery: () => undefined,
    });
    // It never counts the store as away, and asks again at once.
    health.stop();
    const inbox = new Inbox({
      queue: 'q',
      store,
      health,
      rules: {
        ordering: this.ordering,
        gapTimeoutMs: 3_600_000,
        onGapTimeout: 'wait',
        onInvalidSequence: 'dead-letter',
        startAt: 1,
        leaseMs: LEASE_MS,
        rememberForMs: Infinity,
      },
      now: () => this.now,
      pause: () => Promise.resolve(),
    });
    inbox.onWake = handles => {
      for (const message of this.messages) {
        if (message.state === 'hidden' && handles.includes(message.handle)) message.state = 'visible';
      }
      return Promise.resolve(true);
    };
    return inbox;
  }

  private storeOf(worker: number): InboxStore {
    const { memory } = this;
    const call = <T>(run: () => MaybePromise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        this.pending.push({
          worker,
          execute: () => resolve(run()),
          lose: () => {
            void run();
            reject(new Error('answer lost'));
          },
        });
      });
    return {
      isShared: true,
      claim: (...args) => call(() => memory.claim(...args)),
      renew: (...args) => call(() => memory.renew(...args)),
      release: (...args) => call(() => memory.release(...args)),
      putOff: waiting => (isSpare(waiting.place) ? memory.putOff(waiting) : call(() => memory.putOff(waiting))),
      callIn: (queue, places) =>
        places.every(isSpare) ? memory.callIn(queue, places) : call(() => memory.callIn(queue, places)),
      ping: () => undefined,
      done: (claim, done) =>
        call(() => {
          const wasDone = memory.claim({ ...claim, token: 'look' }, 1).status === 'done';
          if (!wasDone) memory.release({ ...claim, token: 'look' }, 'unstarted');
          const isDone = memory.done(claim, done);
          if (isDone && !wasDone) this.settled.push(Number(done.position ?? 1));
          return isDone;
        }),
    };
  }
}

/** Where a message is noted a second time: a call about it travels beside another, and is no step of its own. */
const isSpare = (place: string): boolean => place.startsWith('r:');

interface Explored {
  runs: number;
  faults: Set<FaultKind>;
}

/** Runs every path of choices, each from its beginning, and checks each at its end. */
async function explore(
  events: readonly Event[],
  ordering: Ordering,
  mayFail: FaultKind | undefined,
): Promise<Explored> {
  const explored: Explored = { runs: 0, faults: new Set() };
  const path: Array<{ chosen: number; of: number }> = [];
  for (;;) {
    const scope = new Scope(events, ordering);
    let step = 0;
    let isLastFirst = false;
    for (let turns = 0; ; turns += 1) {
      if (turns > 200) throw new Error(`it goes on for ever: ${path.map(({ chosen }) => chosen).join()}`);
      await flush();
      const actions = scope.actions().filter(({ fault }) => fault === undefined || fault === mayFail);
      const ordinary = actions.filter(({ fault }) => fault === undefined);
      if (ordinary.length === 0) {
        if (scope.messages.every(({ state }) => state === 'deleted')) break;
        // Without a fault nothing may be left to a delay: whose turn has come was woken.
        if (scope.fault === undefined && actions.length === 0)
          throw new Error(`it waits for ever: ${text(scope, path)}`);
        if (actions.length === 0) {
          if (!scope.timePasses()) throw new Error(`lost: ${text(scope, path)}`);
          continue;
        }
      }
      const isAfter = scope.fault !== undefined;
      const choice = (path[step] ??= { chosen: 0, of: isAfter ? 1 : actions.length });
      const action: Action | undefined = isAfter ? actions.at(isLastFirst ? -1 : 0) : actions[choice.chosen];
      step += 1;
      if (action?.fault) {
        scope.fault = action.fault;
        isLastFirst = action.isLastFirst ?? false;
        explored.faults.add(action.fault);
      }
      action?.act();
    }
    check(scope, events, path);
    explored.runs += 1;
    while (path.length > 0 && (path.at(-1)?.chosen ?? 0) + 1 >= (path.at(-1)?.of ?? 0)) path.pop();
    const last = path.at(-1);
    if (!last) return explored;
    last.chosen += 1;
  }
}

const text = ({ messages, effects, settled, fault }: Scope, path: ReadonlyArray<{ chosen: number }>): string =>
  JSON.stringify({ messages, effects, settled, fault, path: path.map(({ chosen }) => chosen).join() });

function check(scope: Scope, events: readonly Event[], path: ReadonlyArray<{ chosen: number }>): void {
  const sequences = [...new Set(events.map(({ sequence }) => sequence))].toSorted((a, b) => a - b);
  const { effects, settled, fault } = scope;
  const isOnce = settled.join() === sequences.join();
  // One that dies between an effect and `done`, or whose lease ends there, leaves the event to another.
  const spare = fault === 'crash' || fault === 'expiry' ? 1 : 0;
  const isSpared = effects.length - sequences.length <= spare && sequences.every(each => effects.includes(each));
  if (!isOnce || !isSpared) throw new Error(`an effect is lost, repeated or out of order: ${text(scope, path)}`);
}

const TWO_EVENTS = [
  { id: 'e1', sequence: 1 },
  { id: 'e2', sequence: 2 },
];
const TWO_COPIES = [
  { id: 'e1', sequence: 1 },
  { id: 'e1', sequence: 1 },
];

type Exploration = [name: string, events: Event[], ordering: Ordering, mayFail: FaultKind | undefined];

describe('every interleaving of two workers, with one fault at most', () => {
  it.each<Exploration>([
    ['two events of a subject, without a fault', TWO_EVENTS, 'sequential', undefined],
    ['two copies of an event, without a fault', TWO_COPIES, 'none', undefined],
    ...FAULTS.map((fault): Exploration => [`two copies of an event, ${fault}`, TWO_COPIES, 'none', fault]),
    ...FAULTS.map((fault): Exploration => [`two events of a subject, ${fault}`, TWO_EVENTS, 'sequential', fault]),
  ])(
    '%s: no effect is lost or repeated, and nobody waits whose turn has come',
    async (_, events, ordering, mayFail) => {
      const { runs, faults } = await explore(events, ordering, mayFail);
      expect(runs).toBeGreaterThan(10);
      expect([...faults]).toEqual(mayFail ? [mayFail] : []);
    },
    60_000,
  );
});
