import type { LaneSet } from './lane-set.js';
import { LaneBase, type LaneBaseOptions, type LaneVerdict } from './lane-base.js';

/** A batch whose items run. */
export interface RunningBatch<T> {
  /** An item has ended: nothing of the batch waits for it any more. */
  onEnd(item: T, verdict: LaneVerdict): void;
}

export interface BatchLanesOptions<T> extends LaneBaseOptions<T> {
  /** The items of a batch are about to be handled, each by the runner. */
  begin: (items: readonly T[]) => RunningBatch<T>;
  /** Most items of a batch. */
  size: number;
  /** Longest time that the first item of a batch waits for more, in milliseconds. */
  windowMs: number;
  /** Several items of one key may be in one batch, in order. False: one of a key at a time. */
  areTogether: boolean;
  /** What is the same of an item that comes again: it is never in one batch with itself. @default none comes again */
  idOf?: (item: T) => string;
}

interface Lane<T> {
  key: string;
  /** The batch that its items are in. */
  batch: Batch<T> | undefined;
  /** Behind those, in order. */
  waiting: T[];
  /** The first of the batch that those behind it must wait for. */
  heldBy: T | undefined;
}

interface Batch<T> {
  entries: Array<{ item: T; lane: Lane<T> | undefined }>;
  lanes: Set<Lane<T>>;
  /** Of items that have a lane. */
  ids: Set<string>;
  timer: NodeJS.Timeout | undefined;
  /** Its window is over: it begins as soon as it may, and is filled until then. */
  isDue: boolean;
  /** Items that have not ended. */
  left: number;
}

/**
 * Collects what is submitted into batches, and runs the items of one together. A batch begins when it is full or its
 * window is over, and a slot is free: one slot for the whole batch. A key is in one batch at a time, so that work of one
 * key never runs beside itself. When an item asks its lane to wait, what was submitted behind it is handed back.
 */
export class BatchLanes<T> extends LaneBase<T, Lane<T>, BatchLanesOptions<T>> implements LaneSet<T> {
  private open: Batch<T> | undefined;
  /** Full, and without a slot. */
  private readonly full: Batch<T>[] = [];
  private runningItems = 0;

  get load(): number {
    return this.held;
  }

  get ordinaryLoad(): number {
    return this.held;
  }

  get inWork(): number {
    return this.runningItems;
  }

  get slotsInUse(): number {
    return this.running + this.full.length + (this.open?.isDue ? 1 : 0);
  }

  protected place(item: T, key: string | undefined): void {
    this.placeIn(item, key === undefined ? undefined : this.laneOf(key));
  }

  pump(): void {
    while (this.hasReady && this.running < this.options.limit && this.options.slots.take(this)) {
      const batch = this.full.shift() ?? this.closeOpen();
      if (batch) this.start(batch);
      else this.options.slots.release();
    }
    if (!this.hasReady || this.running >= this.options.limit) this.options.slots.forget(this);
  }

  returnUnstarted(): void {
    const open = this.closeOpen();
    const batches = [...this.full.splice(0), ...(open ? [open] : [])];
    const unstarted = batches.flatMap(({ entries }) => entries.map(({ item }) => item));
    for (const { lanes } of batches) for (const lane of lanes) lane.batch = undefined;
    for (const lane of this.lanes.values()) {
      unstarted.push(...lane.waiting.splice(0));
      if (!lane.batch) this.lanes.delete(lane.key);
    }
    this.handBack(unstarted, undefined);
    this.options.slots.forget(this);
  }

  private get hasReady(): boolean {
    return this.full.length > 0 || this.open?.isDue === true;
  }

  private laneOf(key: string): Lane<T> {
    const known = this.lanes.get(key);
    if (known) return known;
    const lane: Lane<T> = { key, batch: undefined, waiting: [], heldBy: undefined };
    this.lanes.set(key, lane);
    return lane;
  }

  private placeIn(item: T, lane: Lane<T> | undefined): void {
    if (!lane?.batch || this.mayJoin(item, lane)) this.collect(item, lane);
    else lane.waiting.push(item);
  }

  /** It may be in the batch that the items before it are in. */
  private mayJoin(item: T, { batch, waiting }: Lane<T>): boolean {
    const { areTogether, idOf } = this.options;
    if (!areTogether || batch !== this.open || waiting.length > 0) return false;
    return !(idOf && batch?.ids.has(idOf(item)));
  }

  private collect(item: T, lane: Lane<T> | undefined): void {
    const batch = (this.open ??= this.openBatch());
    batch.entries.push({ item, lane });
    if (lane) {
      lane.batch = batch;
      batch.lanes.add(lane);
      if (this.options.areTogether && this.options.idOf) batch.ids.add(this.options.idOf(item));
    }
    if (batch.entries.length >= this.options.size) {
      this.closeOpen();
      this.full.push(batch);
      this.pump();
    } else if (batch.isDue) this.pump();
  }

  private openBatch(): Batch<T> {
    const batch: Batch<T> = { entries: [], lanes: new Set(), ids: new Set(), timer: undefined, isDue: false, left: 0 };
    batch.timer = setTimeout(() => {
      batch.isDue = true;
      this.pump();
    }, this.options.windowMs);
    return batch;
  }

  private closeOpen(): Batch<T> | undefined {
    const batch = this.open;
    this.open = undefined;
    clearTimeout(batch?.timer);
    return batch;
  }

  private start(batch: Batch<T>): void {
    const { runner, begin } = this.options;
    const { entries } = batch;
    batch.left = entries.length;
    this.running += 1;
    this.runningItems += entries.length;
    const running = begin(entries.map(({ item }) => item));
    for (const { item, lane } of entries) {
      const end = (verdict: LaneVerdict): void => {
        running.onEnd(item, verdict);
        if (lane && verdict === 'hold') lane.heldBy ??= item;
        this.onItemEnd(batch);
      };
      runner.handle(item).then(end, () => end('hold'));
    }
  }

  private onItemEnd(batch: Batch<T>): void {
    this.noteEnded(1);
    this.runningItems -= 1;
    batch.left -= 1;
    if (batch.left === 0) this.onBatchEnd(batch);
    if (!this.isStopped) this.options.onEnd();
  }

  private onBatchEnd({ lanes }: Batch<T>): void {
    this.running -= 1;
    this.options.slots.release();
    for (const lane of lanes) this.leave(lane);
    if (this.isStopped) this.endIfIdle();
    else this.pump();
  }

  private leave(lane: Lane<T>): void {
    const { heldBy } = lane;
    lane.batch = lane.heldBy = undefined;
    const waiting = lane.waiting.splice(0);
    if (heldBy !== undefined) this.handBack(waiting, heldBy);
    else for (const item of waiting) this.placeIn(item, lane);
    if (!lane.batch) this.lanes.delete(lane.key);
  }
}
