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
import type { FaultRates } from './schedule.ts';

export interface StoreWatch {
  storeIsAway: boolean;
  /** The store has marked the event of a claim. */
  noteDone(claim: InboxClaim, done: InboxDone): void;
  /** A call about these claims has failed, before or after its effect. */
  noteStoreFault(claims: readonly InboxClaim[]): void;
}

const away = (): Error => Object.assign(new Error('injected: the store does not answer'), { code: 'ECONNREFUSED' });
/** Of the store's health, and of no event. */
const isProbe = ({ key }: InboxClaim): boolean => key.startsWith('.probe-');
const forever = <T>(): Promise<T> => new Promise(() => undefined);

/** A process's way to an inbox that all share, with what may go wrong in between, and outages. */
export class FaultyStore implements InboxStore {
  readonly isShared = true;
  cut = false;
  injected = 0;
  readonly memory: MemoryInboxStore;
  readonly random: () => number;
  faults: FaultRates;
  readonly watch: StoreWatch;

  /** @param memory the one store of all processes */
  constructor(memory: MemoryInboxStore, random: () => number, faults: FaultRates, watch: StoreWatch) {
    this.memory = memory;
    this.random = random;
    this.faults = faults;
    this.watch = watch;
  }

  claim(claim: InboxClaim, leaseMs: number): Promise<InboxClaimResult> {
    return this.#call([claim], () => this.memory.claim(claim, leaseMs));
  }

  renew(claims: readonly InboxClaim[], leaseMs: number): Promise<boolean[]> {
    return this.#call(claims, () => this.memory.renew(claims, leaseMs));
  }

  done(claim: InboxClaim, done: InboxDone): Promise<boolean> {
    return this.#call([claim], () => {
      const isDone = this.memory.done(claim, done);
      if (isDone && !isProbe(claim)) this.watch.noteDone(claim, done);
      return isDone;
    });
  }

  release(claim: InboxClaim, reason: InboxReleaseReason, gapAt?: string): Promise<boolean> {
    return this.#call([claim], () => this.memory.release(claim, reason, gapAt));
  }

  putOff(waiting: InboxWaiting): Promise<InboxOutlook> {
    return this.#call([], () => this.memory.putOff(waiting));
  }

  callIn(queue: string, places: readonly string[]): Promise<string[]> {
    return this.#call([], () => this.memory.callIn(queue, places));
  }

  ping(): Promise<void> {
    return this.#call([], () => this.memory.ping());
  }

  async #call<T>(claims: readonly InboxClaim[], act: () => T): Promise<T> {
    await this.#latency();
    if (this.watch.storeIsAway || this.#strikes('storeError')) return this.#fail(claims);
    const result = act();
    if (this.#strikes('storeLost')) return this.#fail(claims);
    await this.#latency();
    return result;
  }

  #fail(claims: readonly InboxClaim[]): never {
    this.watch.noteStoreFault(claims.filter(claim => !isProbe(claim)));
    throw away();
  }

  #strikes(kind: keyof FaultRates): boolean {
    if (this.random() >= (this.faults[kind] ?? 0)) return false;
    this.injected += 1;
    return true;
  }

  async #latency(): Promise<void> {
    await new Promise(resolve => setTimeout(resolve, 1 + this.random() * 4));
    if (this.cut) await forever();
  }
}
