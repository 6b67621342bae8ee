import { ArrayQueue } from '../../async/array-queue.js';
import type { RequestSlots } from './request-slots.js';
import type { LaneSet } from './lane-set.js';
import { LaneBase, type LaneBaseOptions, type LaneVerdict } from './lane-base.js';

export interface LanesOptions<T> extends LaneBaseOptions<T> {
  /** Slots of their own for some of the items, when there are no others. @default none */
  requests?: { slots: RequestSlots; isOne: (item: T) => boolean };
  /** True: `item` runs before `other` of its lane. Undefined: in the order of their submission. */
  isBefore?: (item: T, other: T) => boolean;
}

interface Lane<T> {
  key: string | undefined;
  /** In order; the one in work is not among them. */
  items: T[];
}

/**
 * Runs what is submitted: work of one key one at a time, in the order of its submission or as `isBefore` says; different keys, and work
 * without a key, in parallel, as far as there are slots. Lanes take turns. When an item asks its lane to wait, what
 * was submitted behind it by then is handed back and not run.
 */
export class Lanes<T> extends LaneBase<T, Lane<T>, LanesOptions<T>> implements LaneSet<T> {
  /** Lanes that could run their next item now. */
  private readonly ready = new ArrayQueue<Lane<T>>();
  /** Of those that run, how many have slots of requests. */
  private onRequestSlots = 0;

  /** Items in work, and lanes that wait for a slot. */
  get load(): number {
    return this.running + this.ready.length;
  }

  get slotsInUse(): number {
    return this.load;
  }

  /** As {@link load}, without those that have slots of requests. */
  get ordinaryLoad(): number {
    return this.load - this.onRequestSlots;
  }

  /** Items in work. */
  get inWork(): number {
    return this.running;
  }

  protected place(item: T, key: string | undefined): void {
    const lane = key === undefined ? undefined : this.lanes.get(key);
    if (lane) {
      this.insert(lane.items, item);
      return;
    }
    if (key === undefined && this.ready.length === 0 && this.mayStart()) {
      this.run(undefined, item);
      return;
    }
    const fresh: Lane<T> = { key, items: [item] };
    if (key !== undefined) this.lanes.set(key, fresh);
    this.ready.push(fresh);
    this.pump();
  }

  private insert(items: T[], item: T): void {
    const { isBefore } = this.options;
    const at = isBefore ? items.findLastIndex(other => !isBefore(item, other)) + 1 : items.length;
    items.splice(at, 0, item);
  }

  /** Starts as much as may run. */
  pump(): void {
    while (this.ready.length > 0 && this.mayStart()) {
      const lane = this.ready.shift();
      const item = lane?.items.shift();
      if (lane && item !== undefined) this.run(lane, item);
    }
    if (this.ready.length > 0 && this.options.requests) this.pumpRequests(this.options.requests);
    const { limit, slots } = this.options;
    if (this.ready.length === 0 || this.running - this.onRequestSlots >= limit) slots.forget(this);
  }

  /** Starts requests that find no other slot, whoever stands before them. */
  private pumpRequests({ slots, isOne }: NonNullable<LanesOptions<T>['requests']>): void {
    for (let at = 0; at < this.ready.length && slots.free > 0;) {
      const lane = this.ready.at(at);
      const [item] = lane?.items ?? [];
      if (lane && item !== undefined && isOne(item) && slots.take()) {
        this.ready.remove(at);
        lane.items.shift();
        this.run(lane, item, true);
      } else at += 1;
    }
  }

  /** Hands back what has not started. */
  returnUnstarted(): void {
    const idle = this.ready.take(this.ready.length);
    for (const { key } of idle) if (key !== undefined) this.lanes.delete(key);
    const unstarted = [...idle, ...this.lanes.values()].flatMap(lane => lane.items.splice(0));
    this.handBack(unstarted, undefined);
    this.options.slots.forget(this);
  }

  /** True: a slot is taken. */
  private mayStart(): boolean {
    return this.running - this.onRequestSlots < this.options.limit && this.options.slots.take(this);
  }

  private run(lane: Lane<T> | undefined, item: T, onRequestSlot = false): void {
    this.running += 1;
    if (onRequestSlot) this.onRequestSlots += 1;
    this.options.runner.handle(item).then(
      verdict => this.onRunEnd(lane, item, verdict, onRequestSlot),
      () => this.onRunEnd(lane, item, 'hold', onRequestSlot),
    );
  }

  private leaveLane(lane: Lane<T>, item: T, verdict: LaneVerdict): void {
    if (verdict === 'hold') this.handBack(lane.items.splice(0), item);
    if (lane.items.length > 0) this.ready.push(lane);
    else if (lane.key !== undefined) this.lanes.delete(lane.key);
  }

  private onRunEnd(lane: Lane<T> | undefined, item: T, verdict: LaneVerdict, onRequestSlot: boolean): void {
    this.running -= 1;
    if (onRequestSlot) this.onRequestSlots -= 1;
    this.noteEnded(1);
    if (lane) this.leaveLane(lane, item, verdict);
    if (onRequestSlot) this.options.requests?.slots.release();
    else this.options.slots.release();
    if (this.isStopped) return this.endIfIdle();
    this.pump();
    this.options.onEnd();
  }
}
