import type { MemoryInboxStore } from '#lib/inbox/memory-inbox-store.js';
import type {
  InboxClaim,
  InboxClaimResult,
  InboxDone,
  InboxOutlook,
  InboxReleaseReason,
  InboxStore,
  InboxWaiting,
} from '#lib/interfaces/inbox-store.interface.js';
import type { SteeringStore } from '#lib/interfaces/steering-store.interface.js';
import type { MemorySteering } from './memory-steering.ts';
import type { FaultRates, StoreFault } from './schedule.ts';

/** The one store behind the ways of all processes. */
export interface Shelf {
  memory: MemoryInboxStore;
  steering: MemorySteering;
  /** What is wrong with it now. */
  fault: StoreFault | undefined;
}

export interface StoreWatch {
  /** The store has let an event run. */
  noteClaimed(claim: InboxClaim): void;
  /** The store has marked the event of a claim. */
  noteDone(claim: InboxClaim, done: InboxDone): void;
  /** A call about these claims has failed, before or after its effect. */
  noteStoreFault(claims: readonly InboxClaim[]): void;
}

const away = (): Error => Object.assign(new Error('injected: the store does not answer'), { code: 'ECONNREFUSED' });
const refused = (): Error => new Error("READONLY You can't write against a read only replica.");
const forever = <T>(): Promise<T> => new Promise(() => undefined);

/** A process's way to an inbox that all share, with what may go wrong in between, and outages. */
export class FaultyStore implements InboxStore {
  readonly isShared = true;
  cut = false;
  injected = 0;
  readonly shelf: Shelf;
  readonly random: () => number;
  faults: FaultRates;
  readonly watch: StoreWatch;
  /** By queue: how many messages of a shared limit this process was told that it may receive. */
  readonly granted = new Map<string, number>();
  /** By queue and key: how many turns it was told that it has. */
  readonly turns = new Map<string, number>();

  readonly steering: SteeringStore = {
    takeRate: async (queue, wanted, limit, spent) => {
      const grant = await this.#write([], ({ steering }) => steering.takeRate(queue, wanted, limit, spent), queue);
      this.granted.set(queue, (this.granted.get(queue) ?? 0) + grant.granted);
      return grant;
    },
    takeTurn: async (queue, key, limit, hasWaited) => {
      const waitMs = await this.#write([], ({ steering }) => steering.takeTurn(queue, key, limit, hasWaited), queue);
      if (waitMs === 0) this.turns.set(`${queue} ${key}`, (this.turns.get(`${queue} ${key}`) ?? 0) + 1);
      return waitMs;
    },
    setPaused: (scope, queue, isPaused) =>
      this.#write([], ({ steering }) => steering.setPaused(scope, queue, isPaused), scope),
    pausedQueues: scope => this.#write([], ({ steering }) => steering.pausedQueues(scope), scope),
  };

  constructor(shelf: Shelf, random: () => number, faults: FaultRates, watch: StoreWatch) {
    this.shelf = shelf;
    this.random = random;
    this.faults = faults;
    this.watch = watch;
  }

  claim(claim: InboxClaim, leaseMs: number): Promise<InboxClaimResult> {
    return this.#write([claim], ({ memory }) => {
      const result = memory.claim(claim, leaseMs);
      if (result.status === 'claimed') this.watch.noteClaimed(claim);
      return result;
    });
  }

  renew(claims: readonly InboxClaim[], leaseMs: number): Promise<boolean[]> {
    return this.#write(claims, ({ memory }) => memory.renew(claims, leaseMs));
  }

  done(claim: InboxClaim, done: InboxDone): Promise<boolean> {
    return this.#write([claim], ({ memory }) => {
      const isDone = memory.done(claim, done);
      if (isDone) this.watch.noteDone(claim, done);
      return isDone;
    });
  }

  release(claim: InboxClaim, reason: InboxReleaseReason, gapAt?: string): Promise<boolean> {
    return this.#write([claim], ({ memory }) => memory.release(claim, reason, gapAt));
  }

  putOff(waiting: InboxWaiting): Promise<InboxOutlook> {
    return this.#write([], ({ memory }) => memory.putOff(waiting), waiting.queue);
  }

  callIn(queue: string, places: readonly string[]): Promise<string[]> {
    return this.#write([], ({ memory }) => memory.callIn(queue, places), queue);
  }

  async ping(): Promise<void> {
    await this.#latency();
    if (this.shelf.fault === 'away') throw away();
  }

  async #write<T>(claims: readonly InboxClaim[], act: (shelf: Shelf) => T, queue = claims[0]?.queue ?? ''): Promise<T> {
    await this.#latency();
    const { fault } = this.shelf;
    if (fault === 'refuses') return this.#fail(claims, refused());
    if (fault === 'away' || (fault === 'slot' && queue.startsWith('a'))) return this.#fail(claims, away());
    if (this.#strikes('storeError')) return this.#fail(claims, away());
    const result = act(this.shelf);
    if (this.#strikes('storeLost')) return this.#fail(claims, away());
    await this.#latency();
    return result;
  }

  #fail(claims: readonly InboxClaim[], error: Error): never {
    this.watch.noteStoreFault(claims);
    this.injected += 1;
    throw error;
  }

  #strikes(kind: keyof FaultRates): boolean {
    return this.random() < (this.faults[kind] ?? 0);
  }

  async #latency(): Promise<void> {
    await new Promise(resolve => setTimeout(resolve, 1 + this.random() * 4));
    if (this.cut) await forever();
  }
}
