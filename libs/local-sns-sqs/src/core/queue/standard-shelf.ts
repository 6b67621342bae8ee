import { LinkedList } from '../linked-list.js';
import type { Message } from '../message.js';
import type { Shelf } from './shelf.js';

/** Best-effort order: first in, first out, and a message that returns queues up behind the others. */
export class StandardShelf implements Shelf {
  private readonly ready = new LinkedList<Message>();

  get hasReady(): boolean {
    return this.ready.size > 0;
  }

  get first(): Message | undefined {
    return this.ready.first;
  }

  /** Moves some of the first messages behind the others. */
  shuffle(random: () => number): void {
    const some = Math.min(this.ready.size, 20);
    for (let count = 0; count < some; count++) {
      const message = this.ready.shift();
      if (!message) return;
      if (random() < 0.5) this.ready.push(message);
      else this.ready.insertBefore(message, this.ready.first);
    }
  }

  add(message: Message): void {
    if (message.state === 'ready') this.ready.push(message);
  }

  release(message: Message): void {
    message.state = 'ready';
    this.ready.push(message);
  }

  take(max: number, admit: (message: Message) => boolean): Message[] {
    const taken: Message[] = [];
    while (taken.length < max) {
      const { first } = this.ready;
      if (!first) break;
      if (!admit(first)) continue;
      this.ready.remove(first);
      first.state = 'inFlight';
      taken.push(first);
    }
    return taken;
  }

  remove(message: Message): void {
    this.ready.remove(message);
  }
}
