import type { Slots, SlotUser } from './slots.js';

/** What follows in its lane when an item has ended: the next one runs, or the rest goes back and waits for this one. */
export type LaneVerdict = 'advance' | 'hold';

/** Who runs what stands in the lanes. */
export interface LaneRunner<T> {
  /** Handles an item to its end. Must not reject. */
  handle(item: T): Promise<LaneVerdict>;
  /** Takes back items that were not started; `failed` is the item that they wait for. */
  returnToQueue(items: T[], failed: T | undefined): void;
}

export interface LaneBaseOptions<T> {
  runner: LaneRunner<T>;
  /** Something has ended: there may be room again. */
  onEnd: () => void;
  /** Calls of handlers in work at one time. */
  limit: number;
  /** The server's own bound on top. */
  slots: Slots;
  /** Share of the server's slots beside other queues. @default 1 */
  weight?: number | undefined;
}

/** What lanes count and how they stop, whether their items run one by one or in batches. */
export abstract class LaneBase<T, Lane, Options extends LaneBaseOptions<T>> implements SlotUser {
  /** By key. */
  protected readonly lanes = new Map<string, Lane>();
  /** Calls of handlers that have not ended. */
  protected running = 0;
  private submitted = 0;
  private onStopped: (() => void) | undefined;

  constructor(protected readonly options: Options) {}

  get weight(): number {
    return this.options.weight ?? 1;
  }

  /** Items that were submitted and have not ended. */
  get held(): number {
    return this.submitted;
  }

  /** True: an item of this key would wait behind another. */
  isTaken(key: string | undefined): boolean {
    return key !== undefined && this.lanes.has(key);
  }

  submit(item: T, key: string | undefined): void {
    if (this.isStopped) return this.options.runner.returnToQueue([item], undefined);
    this.submitted += 1;
    this.place(item, key);
  }

  /** Starts nothing more; hands back what has not started, and resolves when what runs has ended. */
  stop(): Promise<void> {
    const ended = new Promise<void>(resolve => {
      this.onStopped = resolve;
    });
    this.returnUnstarted();
    this.endIfIdle();
    return ended;
  }

  /** Starts as much as may run. */
  abstract pump(): void;

  /** Hands back what has not started. */
  abstract returnUnstarted(): void;

  protected abstract place(item: T, key: string | undefined): void;

  protected get isStopped(): boolean {
    return this.onStopped !== undefined;
  }

  /** Of a call or an item that has ended. */
  protected noteEnded(items: number): void {
    this.submitted -= items;
  }

  protected handBack(items: T[], failed: T | undefined): void {
    if (items.length === 0) return;
    this.submitted -= items.length;
    this.options.runner.returnToQueue(items, failed);
  }

  protected endIfIdle(): void {
    if (this.running === 0) this.onStopped?.();
  }
}
