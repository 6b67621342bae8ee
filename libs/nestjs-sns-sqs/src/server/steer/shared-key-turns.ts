import type { MaybePromise } from '../../interfaces/inbox-store.interface.js';
import type { RateOfLimit, SteeringStore } from '../../interfaces/steering-store.interface.js';
import { KeyTurns, type Turns } from './key-turns.js';
import type { Limit } from './rate-limit.js';
import { StoreOutage, type StoreOutageOptions } from './store-outage.js';

export interface SharedKeyTurnsOptions extends StoreOutageOptions {
  store: Pick<SteeringStore, 'takeTurn'>;
  /** Messages may be received again. */
  onRoom: () => void;
}

/** One message shows whether the store answers again. */
const TRIAL = 1;

/**
 * The limits of a queue's keys, shared by all processes: each message asks the store. While the store is away nothing is
 * received but one message after each pause, which asks again; or each process goes by limits of its own meanwhile.
 */
export class SharedKeyTurns implements Turns, Limit {
  private readonly outage: StoreOutage;
  private alone: KeyTurns | undefined;
  /** Runs while the store is not asked. */
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;

  constructor(
    private readonly rules: RateOfLimit,
    private readonly options: SharedKeyTurnsOptions,
  ) {
    this.outage = new StoreOutage(options);
  }

  get room(): number {
    if (!this.outage.isAway || this.options.onUnavailable === 'proceed') return Infinity;
    return this.timer ? 0 : TRIAL;
  }

  /** What was received is counted by its key, which nobody knows yet. */
  take(): void {}

  takeTurn(key: string, hasWaited: boolean): MaybePromise<number | 'unavailable'> {
    return this.timer || this.isStopped ? this.withoutStore(key, hasWaited) : this.ask(key, hasWaited);
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private async ask(key: string, hasWaited: boolean): Promise<number | 'unavailable'> {
    const { store, queueName, onRoom } = this.options;
    try {
      const waitMs = await store.takeTurn(queueName, key, this.rules, hasWaited);
      const wasAway = this.outage.isAway;
      this.outage.noteAnswer();
      this.alone = undefined;
      if (wasAway) onRoom();
      return waitMs;
    } catch (error) {
      // Those that were asked at one time fail together.
      if (!this.timer && !this.isStopped) this.askAgainIn(this.outage.noteFailure(error));
      return this.withoutStore(key, hasWaited);
    }
  }

  private withoutStore(key: string, hasWaited: boolean): number | 'unavailable' {
    if (this.options.onUnavailable === 'wait') return 'unavailable';
    this.alone ??= new KeyTurns(this.rules);
    return this.alone.takeTurn(key, hasWaited);
  }

  private askAgainIn(ms: number): void {
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.options.onRoom();
    }, ms);
  }
}
