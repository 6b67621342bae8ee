import { ArrayQueue } from './array-queue.js';

interface Waiting {
  cost: number;
  resolve: () => void;
}

/**
 * Spreads work over the turns of the event loop, in the order in which it comes. Large messages cost milliseconds each,
 * and answers to many calls may lie ready at one time: timers and requests of others would wait for all of them.
 */
export class TurnBudget {
  private readonly waiting = new ArrayQueue<Waiting>();
  private spent = 0;
  private hasTurn = false;

  /** @param most of a turn; what alone costs more has a turn for itself */
  constructor(private readonly most: number) {}

  /** Undefined: at once. Otherwise it resolves in a later turn. */
  claim(cost: number): Promise<void> | undefined {
    // While others wait it is all spent.
    if (this.spent < this.most) {
      this.spend(cost);
      return undefined;
    }
    return new Promise(resolve => this.waiting.push({ cost, resolve }));
  }

  private spend(cost: number): void {
    this.spent += cost;
    if (this.hasTurn) return;
    this.hasTurn = true;
    setImmediate(() => this.nextTurn());
  }

  private nextTurn(): void {
    this.hasTurn = false;
    this.spent = 0;
    while (this.spent < this.most) {
      const next = this.waiting.shift();
      if (!next) return;
      this.spend(next.cost);
      next.resolve();
    }
  }
}
