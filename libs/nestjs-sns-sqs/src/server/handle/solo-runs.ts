import type { Delivery } from '../delivery.js';

/**
 * Runs the messages that processes may have died of one at a time, so that the next death tells which of them it was:
 * those that are in work beside the one that kills die with it each time. One for all queues of a process.
 */
export class SoloRuns {
  private running: Delivery | undefined;

  /** One runs. */
  get areTaken(): boolean {
    return this.running !== undefined;
  }

  /** False: another one runs, and this one must not. */
  begin(delivery: Delivery): boolean {
    if (this.running !== undefined && this.running !== delivery) return false;
    this.running = delivery;
    delivery.isCalledAlone = true;
    return true;
  }

  /** Its handler has ended. */
  end(delivery: Delivery): void {
    if (this.running === delivery) this.running = undefined;
  }
}
