import { type Deadlines, Due } from '../deadlines.js';
import { type Linked, LinkedList } from '../linked-list.js';

/** A long poll that has found nothing yet. Answered exactly once, or cancelled. */
export class Waiter<T> extends Due implements Linked<Waiter<T>> {
  previous: Waiter<T> | undefined = undefined;
  next: Waiter<T> | undefined = undefined;
  list: object | undefined = undefined;

  constructor(
    private readonly waiters: Waiters<T>,
    /** Tries to get what is waited for; undefined when there is none. */
    readonly attempt: () => T | undefined,
    readonly answer: (result: T | undefined) => void,
  ) {
    super();
  }

  onDue(): void {
    this.waiters.cancel(this);
    this.answer(undefined);
  }
}

/** Long polls of one queue in order of arrival. */
export class Waiters<T> {
  private readonly list = new LinkedList<Waiter<T>>();

  constructor(private readonly deadlines: Deadlines) {}

  get size(): number {
    return this.list.size;
  }

  add(until: number, attempt: () => T | undefined, answer: (result: T | undefined) => void): Waiter<T> {
    const waiter = new Waiter<T>(this, attempt, answer);
    this.list.push(waiter);
    this.deadlines.schedule(waiter, until);
    return waiter;
  }

  cancel(waiter: Waiter<T>): void {
    this.list.remove(waiter);
    this.deadlines.cancel(waiter);
  }

  /** Answers waiters one by one, for as long as each finds something. */
  serve(): void {
    for (let waiter = this.list.first; waiter; waiter = this.list.first) {
      const result = waiter.attempt();
      if (result === undefined) return;
      this.cancel(waiter);
      waiter.answer(result);
    }
  }

  /** Answers all with nothing. */
  dismiss(): void {
    for (let waiter = this.list.first; waiter; waiter = this.list.first) {
      this.cancel(waiter);
      waiter.answer(undefined);
    }
  }
}
