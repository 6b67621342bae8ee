import type { MessageHandler } from '@nestjs/microservices';
import type { Delivery, HandlerInput, Together } from '../delivery.js';
import type { RunningBatch } from '../receive/batch-lanes.js';
import type { LaneVerdict } from '../receive/lane-base.js';
import { HeldBackError } from '../held-back.js';

/** A message that is ready for its handler. */
export interface BatchMember extends HandlerInput {
  delivery: Delivery;
}

/** How one message of a call ended. `held-back`: its handler did not begin. */
export type MemberOutcome = { kind: 'done' } | { kind: 'held-back' } | { kind: 'failed'; error: unknown };

/** Calls a handler once for these messages, which all have the same one; gives the outcome of each. Must not reject. */
export type CallTogether = (members: readonly BatchMember[]) => Promise<MemberOutcome[]>;

/** A message that has not come to its handler for so long, in milliseconds, is not waited for: user code may never end. */
const ARRIVAL_MS = 5_000;

interface Place {
  delivery: Delivery;
  /** Undefined: the message has not come, or its way ended before the handler. */
  member?: BatchMember;
  resolve?: () => void;
  reject?: (error: unknown) => void;
  /** How its way has ended; undefined: it has not. */
  verdict?: LaneVerdict;
  ended: Promise<LaneVerdict>;
  end: (verdict: LaneVerdict) => void;
}

/**
 * The messages of one batch, from the moment when they were taken to the results of their handler. Each comes by itself
 * past the inbox and the schema; the handler is called when all have come, or have ended before. On FIFO a message that
 * goes back keeps those of its group that stand behind it from being done: they go back too, at no cost.
 */
export class BatchCall implements RunningBatch<Delivery>, Together {
  private readonly places = new Map<Delivery, Place>();
  private missing: number;
  private hasBegun = false;
  private readonly timer: NodeJS.Timeout;

  /** @param keepsGroups the queue is FIFO */
  constructor(
    deliveries: readonly Delivery[],
    private readonly keepsGroups: boolean,
    private readonly callTogether: CallTogether,
  ) {
    for (const delivery of deliveries) {
      delivery.batch = this;
      this.places.set(delivery, placeOf(delivery));
    }
    this.missing = deliveries.length;
    this.timer = setTimeout(() => void this.begin(), ARRIVAL_MS);
  }

  join(delivery: Delivery, input: HandlerInput): Promise<void> {
    const place = this.places.get(delivery);
    if (!place || this.hasBegun) return Promise.reject(new HeldBackError());
    return new Promise((resolve, reject) => {
      Object.assign(place, { member: { delivery, ...input }, resolve, reject });
      this.onArrival();
    });
  }

  onEnd(delivery: Delivery, verdict: LaneVerdict): void {
    const place = this.places.get(delivery);
    if (!place || place.verdict) return;
    place.verdict = verdict;
    place.end(verdict);
    if (!place.member) this.onArrival();
  }

  private onArrival(): void {
    this.missing -= 1;
    if (this.missing === 0) void this.begin();
  }

  private async begin(): Promise<void> {
    if (this.hasBegun) return;
    this.hasBegun = true;
    clearTimeout(this.timer);
    /** By group: the message that those behind it wait for. */
    const heads = new Map<string, Delivery>();
    for (const places of this.calls()) await this.call(places, heads);
  }

  /**
   * The places in the order of their calls: one call for each handler, and one for each message on its last attempt,
   * or of which its process may die. A bad message fails the others of its call, and must not take them along into the
   * dead letter queue. On FIFO a call has
   * no message that stands behind one of a later call.
   */
  private calls(): Place[][] {
    const calls: Place[][] = [];
    const open = new Map<MessageHandler, Place[]>();
    const heads = new Map<string, Delivery>();
    for (const place of this.places.values()) {
      const { member, delivery } = place;
      const head = this.headOf(place, heads);
      if (head) holdBack(place, head);
      else if (member) {
        const alike = delivery.isCalledAlone ? undefined : open.get(member.handler);
        if (alike) alike.push(place);
        else {
          const call = [place];
          calls.push(call);
          if (this.keepsGroups) open.clear();
          if (!delivery.isCalledAlone) open.set(member.handler, call);
        }
      } else if (this.keepsGroups && place.verdict !== 'advance') heads.set(groupOf(place), delivery);
    }
    return calls;
  }

  private async call(places: readonly Place[], heads: Map<string, Delivery>): Promise<void> {
    const mayRun = places.filter(place => {
      const head = this.headOf(place, heads);
      if (head) {
        holdBack(place, head);
        return false;
      }
      if (mayStart(place)) return true;
      // It comes again, and so must those of its group behind it.
      tell(place, HELD_BACK);
      if (this.keepsGroups) heads.set(groupOf(place), place.delivery);
      return false;
    });
    if (mayRun.length === 0) return;
    const outcomes = await this.callTogether(mayRun.flatMap(({ member }) => member ?? []));
    const results = mayRun.map((place, at): Result => ({ place, outcome: outcomes[at] ?? HELD_BACK }));
    if (this.keepsGroups) await Promise.all(byGroup(results).map(ofGroup => this.tellInOrder(ofGroup, heads)));
    else for (const { place, outcome } of results) tell(place, outcome);
  }

  /** Those behind a message that failed are done if it has left its queue, and go back if it does. */
  private async tellInOrder(results: readonly Result[], heads: Map<string, Delivery>): Promise<void> {
    for (const { place, outcome } of results) {
      const head = this.headOf(place, heads);
      if (head) {
        holdBack(place, head);
        continue;
      }
      tell(place, outcome);
      // What was told to stop has failed, also where its handler names no failure.
      const isDone = outcome.kind === 'done' && !place.delivery.mayHaveStopped;
      if (!isDone && (await place.ended) === 'hold') heads.set(groupOf(place), place.delivery);
    }
  }

  /** On FIFO: the message of its group that goes back and stands before it. */
  private headOf(place: Place, heads: ReadonlyMap<string, Delivery>): Delivery | undefined {
    return this.keepsGroups ? heads.get(groupOf(place)) : undefined;
  }
}

interface Result {
  place: Place;
  outcome: MemberOutcome;
}

function placeOf(delivery: Delivery): Place {
  const place: Place = { delivery, ended: Promise.resolve('advance'), end: () => undefined };
  place.ended = new Promise(resolve => (place.end = resolve));
  return place;
}

const HELD_BACK: MemberOutcome = { kind: 'held-back' };

/** Its lease may have been lost, or its server have stopped, while it waited for the others. */
const mayStart = ({ delivery }: Place): boolean => !delivery.isLeaseOver && !delivery.isHeldBack;

const groupOf = ({ delivery }: Place): string => delivery.groupId ?? '';

function byGroup(results: readonly Result[]): Result[][] {
  const groups = new Map<string, Result[]>();
  for (const result of results) {
    const group = groupOf(result.place);
    const known = groups.get(group);
    if (known) known.push(result);
    else groups.set(group, [result]);
  }
  return [...groups.values()];
}

function tell(place: Place, outcome: MemberOutcome): void {
  switch (outcome.kind) {
    case 'done':
      return place.resolve?.();
    case 'held-back':
      return place.reject?.(new HeldBackError());
    case 'failed':
      return place.reject?.(outcome.error);
    default:
      return outcome satisfies never;
  }
}

/** It waits for `head`, and as long. */
function holdBack({ delivery, reject }: Place, head: Delivery): void {
  delivery.behind = head;
  reject?.(new HeldBackError());
}
