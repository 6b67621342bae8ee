import type { Message } from '../message.js';

/** The order in which a queue's messages may be received. Knows nothing of timers, waiters or limits. */
export interface Shelf {
  /** A message enters, in the state it has (ready or delayed). */
  add(message: Message): void;
  /** A message that is in flight enters, after a restart. */
  addInFlight(message: Message): void;
  /** A delayed or in-flight message may be received (again). */
  release(message: Message): void;
  /** Takes up to `max` messages off the shelf, in flight from now on; skips those that `admit` has removed. */
  take(max: number, admit: (message: Message) => boolean, now: number): Message[];
  /** The message has left the queue, whatever its state was. */
  remove(message: Message): void;
  /** The message that a take would take first. */
  readonly first: Message | undefined;
  /** Whether a take would find anything. */
  readonly hasReady: boolean;
}
