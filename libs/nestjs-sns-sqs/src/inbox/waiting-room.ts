import type { InboxOutlook, InboxStore, MaybePromise } from '../interfaces/inbox-store.interface.js';
import type { HeldClaim } from './held-claim.js';
import { eventPlace, orderPlace, type Place } from './places.js';
import type { Wakers } from './wakers.js';

/** Why a message waits that can be woken. */
export type TurnReason = 'early' | 'in-work' | 'subject-in-work';

export interface WaitingRoomOptions {
  /** The queue whose messages wait here. */
  queue: string;
  /** What the store's keys are named by. */
  namespace: string;
  store: Pick<InboxStore, 'putOff' | 'callIn'>;
  /** Of the queue, and of those that share the room with it. */
  wakers: Wakers;
}

/**
 * Where messages wait for their turn: whoever ends what they wait for makes them visible at once, in whatever process
 * they were put off. A message enters it after SQS has hidden it, so that no wake is undone by that, and looks once more
 * as it enters, so that none is missed between its claim and its entry (docs/adr/0019). Where a store has no such room,
 * or a wake is lost, their delays end by themselves.
 */
export class WaitingRoom {
  private readonly calls = new Set<Promise<unknown>>();

  constructor(private readonly options: WaitingRoomOptions) {}

  /** Those that wait here are woken. */
  get isOpen(): boolean {
    const { queue, store, wakers } = this.options;
    return store.putOff !== undefined && store.callIn !== undefined && wakers.has(queue);
  }

  /** A message is hidden for `forMs`, under `handle`. Never rejects. */
  async enter(claim: HeldClaim, why: TurnReason, handle: string, forMs: number): Promise<void> {
    const { queue, store, namespace, wakers } = this.options;
    if (!store.putOff || !wakers.has(queue)) return;
    const { key, subject, sequence, isSequential } = claim;
    const place =
      why === 'in-work' || subject === undefined
        ? eventPlace(claim)
        : orderPlace(subject, isSequential ? sequence : undefined);
    const noted = wakers.noted(queue, handle);
    const waiting = { queue: namespace, key, place, handle: noted, forMs, ...(subject !== undefined && { subject }) };
    const entering = async (): Promise<void> => {
      const outlook = await store.putOff?.(waiting);
      if (outlook && hasTurn(claim, why, outlook)) this.callIn([place]);
    };
    await this.track(entering());
  }

  /** Wakes who waits at these places. Never throws, and is not waited for: see {@link idle}. */
  callIn(places: readonly Place[]): void {
    const { queue, store, namespace, wakers } = this.options;
    if (places.length === 0 || !store.callIn || !wakers.has(queue)) return;
    let handles: MaybePromise<string[]>;
    try {
      handles = store.callIn(namespace, places);
    } catch {
      return;
    }
    if (handles instanceof Promise) void this.track(handles.then(found => this.wake(found)));
    else this.wake(handles);
  }

  /** Resolves when no call is under way. */
  async idle(): Promise<void> {
    while (this.calls.size > 0) await Promise.all(this.calls);
  }

  private wake(handles: readonly string[]): void {
    if (handles.length > 0) this.options.wakers.wake(handles);
  }

  /** A call that failed leaves its messages to their delays. */
  private async track(call: Promise<unknown>): Promise<void> {
    const ended = call.catch(() => undefined);
    this.calls.add(ended);
    await ended;
    this.calls.delete(ended);
  }
}

/** What a message waited for has come meanwhile. */
function hasTurn(claim: HeldClaim, why: TurnReason, outlook: InboxOutlook): boolean {
  if (why === 'in-work') return !outlook.isInWork;
  if (outlook.isSubjectInWork) return false;
  const { sequence, isSequential, startAt } = claim;
  if (sequence === undefined || !isSequential) return true;
  const expected = outlook.position === undefined ? startAt : BigInt(outlook.position) + 1n;
  return expected === undefined || BigInt(sequence) <= expected;
}
