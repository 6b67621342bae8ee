import type { Deadlines } from '../deadlines.js';
import type { Message } from '../message.js';
import { FifoShelf } from './fifo-shelf.js';
import { Retention } from './retention.js';
import type { Shelf } from './shelf.js';
import { StandardShelf } from './standard-shelf.js';

/** The messages of one queue, each in one state. Keeps them, counts them, and tells which may be received next. */
export class Stock {
  readonly messages = new Map<number, Message>();
  delayed = 0;
  inFlight = 0;
  private shelf: Shelf;
  private readonly retention: Retention;

  /** @param drop told of each message that is older than the retention period */
  constructor(
    private readonly fifo: boolean,
    private readonly deadlines: Deadlines,
    drop: (message: Message) => void,
  ) {
    this.shelf = this.emptyShelf();
    this.retention = new Retention(this.messages, deadlines, drop);
  }

  get ready(): number {
    return this.messages.size - this.delayed - this.inFlight;
  }

  get hasReady(): boolean {
    return this.shelf.hasReady;
  }

  /** The message that {@link take} would take first. */
  get first(): Message | undefined {
    return this.shelf.first;
  }

  keepFor(periodMs: number): void {
    this.retention.reschedule(periodMs);
  }

  /** In the state that it has. */
  add(message: Message): void {
    if (message.state === 'delayed') this.delayed++;
    if (message.state === 'inFlight') {
      this.inFlight++;
      this.shelf.addInFlight(message);
    } else {
      this.shelf.add(message);
    }
    this.messages.set(message.order, message);
    this.retention.added(message);
  }

  /** Up to `max` messages, now in flight. `admit` says which may be; what it refuses it has removed. */
  take(max: number, admit: (message: Message) => boolean, now: number): Message[] {
    const taken = this.shelf.take(max, admit, now);
    this.inFlight += taken.length;
    return taken;
  }

  /** Ready from now on. False: it was. */
  release(message: Message): boolean {
    this.deadlines.cancel(message);
    if (message.state === 'inFlight') this.inFlight--;
    else if (message.state === 'delayed') this.delayed--;
    else return false;
    this.shelf.release(message);
    return true;
  }

  /** Whatever its state. False: it is not here. */
  remove(message: Message): boolean {
    if (!this.messages.delete(message.order)) return false;
    this.deadlines.cancel(message);
    this.shelf.remove(message);
    if (message.state === 'inFlight') this.inFlight--;
    if (message.state === 'delayed') this.delayed--;
    return true;
  }

  clear(): void {
    for (const message of this.messages.values()) this.deadlines.cancel(message);
    this.messages.clear();
    this.retention.clear();
    this.shelf = this.emptyShelf();
    this.delayed = 0;
    this.inFlight = 0;
  }

  /** Another order among what may be received; FIFO keeps its own. */
  shuffle(random: () => number): void {
    if (this.shelf instanceof StandardShelf) this.shelf.shuffle(random);
  }

  private emptyShelf(): Shelf {
    return this.fifo ? new FifoShelf() : new StandardShelf();
  }
}
