import type { LoggerService } from '@nestjs/common';
import { thrownText } from '../../errors/thrown.js';
import type { SteeringStore } from '../../interfaces/steering-store.interface.js';
import type { Pauses } from './pauses.js';

export interface SharedPausesOptions {
  store: SteeringStore;
  /** The service, with its environment's prefix. */
  scope: string;
  pauses: Pick<Pauses, 'follow' | 'names' | 'isPaused'>;
  logger: Pick<LoggerService, 'log' | 'warn'>;
  everyMs?: number;
}

const EVERY_MS = 5_000;

/**
 * Pauses that hold for all processes of a service: each writes its own into the store, and looks there for those of the
 * others. While the store does not answer, everything stays as it is; what this process could not write is written later.
 */
export class SharedPauses {
  /** By full name of the queue: what the store does not know yet. */
  private readonly unwritten = new Map<string, boolean>();
  private timer: NodeJS.Timeout | undefined;
  private checking: Promise<void> | undefined;
  private isAway = false;
  private isStopped = false;

  constructor(private readonly options: SharedPausesOptions) {}

  /** This process has paused or resumed these queues. Resolves when the store knows, or has not answered. */
  async note(queues: readonly string[], isPaused: boolean): Promise<void> {
    for (const queue of queues) this.unwritten.set(queue, isPaused);
    // One that is under way may have read before this.
    await this.checking;
    await this.check();
  }

  /** Looks once, then again and again until {@link stop}. Resolves after the first look, whatever came of it. */
  async start(): Promise<void> {
    await this.check();
    if (this.isStopped) return;
    this.timer ??= setInterval(() => void this.check(), this.options.everyMs ?? EVERY_MS);
    this.timer.unref();
  }

  stop(): void {
    this.isStopped = true;
    clearInterval(this.timer);
  }

  /** Writes what is unwritten, and follows what others have written. Never rejects. */
  check(): Promise<void> {
    this.checking ??= this.exchange().finally(() => (this.checking = undefined));
    return this.checking;
  }

  private async exchange(): Promise<void> {
    const { store, scope, pauses, logger } = this.options;
    try {
      for (const [queue, isPaused] of this.unwritten) {
        await store.setPaused(scope, queue, isPaused);
        if (this.unwritten.get(queue) === isPaused) this.unwritten.delete(queue);
      }
      const paused = new Set(await store.pausedQueues(scope));
      if (this.isAway) logger.log('The store answers again: pauses are shared again.');
      this.isAway = false;
      if (this.isStopped) return;
      for (const queue of pauses.names) {
        // What was asked of this process meanwhile counts more.
        if (!this.unwritten.has(queue) && pauses.isPaused(queue) !== paused.has(queue)) {
          pauses.follow(queue, paused.has(queue));
        }
      }
    } catch (error) {
      if (!this.isAway && !this.isStopped) {
        logger.warn(
          `The store of the pauses does not answer: ${thrownText(error)}. Paused queues stay paused, and other queues are received, until the store answers again.`,
        );
      }
      this.isAway = true;
    }
  }
}
