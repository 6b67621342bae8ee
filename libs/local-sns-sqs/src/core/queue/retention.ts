import { type Deadlines, Due } from '../deadlines.js';
import type { Message } from '../message.js';

/** A large queue is swept at most this often, so that a sweep costs next to nothing per message. */
const LARGE = 1000;
const LARGE_INTERVAL_MS = 1000;

/** Drops messages that are older than the retention period. One deadline per queue, for its oldest message. */
export class Retention extends Due {
  private periodMs = 0;

  constructor(
    private readonly messages: ReadonlyMap<number, Message>,
    private readonly deadlines: Deadlines,
    private readonly drop: (message: Message) => void,
  ) {
    super();
  }

  added(message: Message): void {
    const at = message.retainedFrom + this.periodMs;
    if (this.heapIndex < 0 || at < this.dueAt) this.deadlines.schedule(this, at);
  }

  reschedule(periodMs: number): void {
    this.periodMs = periodMs;
    this.deadlines.cancel(this);
    this.scheduleOldest(0);
  }

  clear(): void {
    this.deadlines.cancel(this);
  }

  onDue(now: number): void {
    for (const message of this.messages.values()) {
      if (message.retainedFrom + this.periodMs <= now) this.drop(message);
    }
    this.scheduleOldest(this.messages.size > LARGE ? now + LARGE_INTERVAL_MS : 0);
  }

  /** The deadline is for the oldest of all at the time; it may come too early for what is left, never too late. */
  private scheduleOldest(notBefore: number): void {
    let oldest = Infinity;
    for (const message of this.messages.values()) oldest = Math.min(oldest, message.retainedFrom);
    if (oldest < Infinity) this.deadlines.schedule(this, Math.max(oldest + this.periodMs, notBefore));
  }
}
