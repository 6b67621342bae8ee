import { isThenable } from '../events/user-code.js';
import type { InboxOutlook, InboxStore, InboxWaiting, MaybePromise } from '../interfaces/inbox-store.interface.js';
import type { HeldClaim } from './held-claim.js';
import { eventPlace, orderPlace, sparePlace, type Place } from './places.js';
import type { StoreHealth } from './store-health.js';
import type { Wakers } from './wakers.js';

/** Why a message waits that can be woken. */
export type TurnReason = 'early' | 'in-work' | 'subject-in-work';

export interface WaitingRoomOptions {
  /** The queue whose messages wait here. */
  queue: string;
  /** What the store's keys are named by. */
  namespace: string;
  store: Pick<InboxStore, 'putOff' | 'callIn'>;
  health: Pick<StoreHealth, 'isStopped'>;
  /** Of the queue, and of those that share the room with it. */
  wakers: Wakers;
  /** Of each message, in case a process dies: where `ordering` is `'sequential'` and processes share the store. @default false */
  notesTwice?: boolean;
}

/**
 * After how long places are called in once more, in milliseconds: whoever was waking there has ended by then, or has
 * died. And how many places are remembered for it at most.
 */
const AGAIN_MS = 2_000;
const MOST_AGAIN = 10_000;
/** Places of one call. */
const CALL_PLACES = 500;

/**
 * Where messages wait for their turn: whoever ends what they wait for makes them visible at once, in whatever process
 * they were put off. A message enters it after SQS has hidden it, so that no wake is undone by that, and looks once more
 * as it enters, so that none is missed between its claim and its entry (docs/adr/0019). A process may die with the
 * handles that it was given: so one that waits in an order without gaps is noted a second time, until it is visible
 * (docs/adr/0047). Where a store has no such room, or both are lost, their delays end by themselves.
 */
export class WaitingRoom {
  private readonly calls = new Set<Promise<unknown>>();
  private readonly again = new Set<Place>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: WaitingRoomOptions) {}

  /** Those that wait here are woken. */
  get isOpen(): boolean {
    const { queue, store, wakers } = this.options;
    return store.putOff !== undefined && store.callIn !== undefined && wakers.has(queue);
  }

  /** A message is to be hidden for `forMs`, under `handle`: whoever hides it may die before it can enter. Never rejects. */
  async announce(claim: HeldClaim, why: TurnReason, handle: string, forMs: number): Promise<void> {
    const { store } = this.options;
    if (!this.isOpen) return;
    const waiting = this.waitingOf(claim, why, handle, forMs);
    const [spare] = this.sparesOf([waiting.place]);
    if (spare === undefined) return;
    await this.track((async () => store.putOff?.({ ...waiting, place: spare }))());
  }

  /** A message is hidden for `forMs`, under `handle`. Never rejects. */
  async enter(claim: HeldClaim, why: TurnReason, handle: string, forMs: number): Promise<void> {
    const { store } = this.options;
    if (!this.isOpen) return;
    const waiting = this.waitingOf(claim, why, handle, forMs);
    const entering = async (): Promise<void> => {
      const outlook = await store.putOff?.(waiting);
      if (outlook && hasTurn(claim, why, outlook)) this.callIn([waiting.place]);
    };
    await this.track(entering());
  }

  private waitingOf(claim: HeldClaim, why: TurnReason, handle: string, forMs: number): InboxWaiting {
    const { queue, namespace, wakers } = this.options;
    const { key, subject, sequence, isSequential } = claim;
    const place =
      why === 'in-work' || subject === undefined
        ? eventPlace(claim)
        : orderPlace(subject, isSequential ? sequence : undefined);
    const noted = wakers.noted(queue, handle);
    return { queue: namespace, key, place, handle: noted, forMs, ...(subject !== undefined && { subject }) };
  }

  private sparesOf(places: readonly Place[]): Place[] {
    return this.options.notesTwice ? places.filter(isInOrder).map(sparePlace) : [];
  }

  /** Wakes who waits at these places. Never throws, and is not waited for: see {@link idle}. */
  callIn(places: readonly Place[]): void {
    const { queue, store, namespace, wakers } = this.options;
    if (places.length === 0 || !store.callIn || !wakers.has(queue)) return;
    let handles: MaybePromise<string[]>;
    try {
      handles = store.callIn(namespace, places);
    } catch {
      this.callInAgain(places);
      return;
    }
    // A store of the user's may give what its database client gives: a promise of that client's own.
    if (!isThenable(handles)) return this.wakeAt(places, handles);
    const waking = Promise.resolve(handles).then(
      found => this.wakeAt(places, found),
      () => this.callInAgain(places),
    );
    void this.track(waking);
  }

  /**
   * Wakes who waits at these places in a while: a call for them has failed, or a process has died before it noted who
   * waits, or before it woke them. Never throws.
   */
  callInAgain(places: readonly Place[]): void {
    if (places.length === 0 || !this.isOpen || this.options.health.isStopped) return;
    for (const place of places) if (this.again.size < MOST_AGAIN) this.again.add(place);
    this.timer ??= setTimeout(() => this.callInNow(), AGAIN_MS).unref();
  }

  /** Resolves when no call is under way. */
  async idle(): Promise<void> {
    this.callInNow();
    while (this.calls.size > 0) await Promise.all(this.calls);
  }

  private callInNow(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const places = this.options.health.isStopped ? [] : [...this.again];
    this.again.clear();
    for (let from = 0; from < places.length; from += CALL_PLACES) {
      const some = places.slice(from, from + CALL_PLACES);
      this.callIn([...some, ...this.sparesOf(some)]);
    }
  }

  private wakeAt(places: readonly Place[], handles: readonly string[]): void {
    if (handles.length === 0) return;
    const { store, namespace, wakers } = this.options;
    // Of two places where one is noted.
    const woken = wakers.wake([...new Set(handles)]);
    const spares = this.sparesOf(places);
    if (spares.length > 0) void this.track(woken.then(isDone => isDone && store.callIn?.(namespace, spares)));
  }

  /** A call that failed leaves its messages to their delays. */
  private async track(call: Promise<unknown>): Promise<void> {
    const ended = call.catch(() => undefined);
    this.calls.add(ended);
    await ended;
    this.calls.delete(ended);
  }
}

/** Duplicates of an event in work wait for short. */
const isInOrder = (place: Place): boolean => place.startsWith('s:');

/** What a message waited for has come meanwhile. */
function hasTurn(claim: HeldClaim, why: TurnReason, outlook: InboxOutlook): boolean {
  if (why === 'in-work') return !outlook.isInWork;
  if (outlook.isSubjectInWork) return false;
  const { sequence, isSequential, startAt } = claim;
  if (sequence === undefined || !isSequential) return true;
  const expected = outlook.position === undefined ? startAt : BigInt(outlook.position) + 1n;
  return expected === undefined || BigInt(sequence) <= expected;
}
