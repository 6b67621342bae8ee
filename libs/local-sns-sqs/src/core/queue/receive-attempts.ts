import type { Message } from '../message.js';
import type { Received } from './surroundings.js';

const MEMORY_MS = 5 * 60 * 1000;

/**
 * A receive from a FIFO queue whose answer was lost is repeated under the same attempt id within five minutes: it gives
 * the same messages with the same handles, their visibility timeouts begun anew, as long as nothing has been done to
 * them since (ReceiveMessage API).
 */
export class ReceiveAttempts {
  private readonly known = new Map<string, { at: number; received: readonly Received[] }>();

  constructor(
    /** False once the message has left the queue. */
    private readonly holds: (message: Message) => boolean,
    private readonly extend: (message: Message, until: number) => void,
  ) {}

  remember(attemptId: string | undefined, now: number, received: readonly Received[]): void {
    if (attemptId === undefined || received.length === 0) return;
    for (const [id, { at }] of this.known) {
      if (at + MEMORY_MS > now) break;
      this.known.delete(id);
    }
    const at = this.known.get(attemptId)?.at ?? now;
    this.known.set(attemptId, { at, received });
  }

  /** Undefined: nothing to repeat. */
  repeat(attemptId: string | undefined, now: number, visibilityMs: number): Received[] | undefined {
    const before = attemptId === undefined ? undefined : this.known.get(attemptId);
    if (!before || before.at + MEMORY_MS <= now) return undefined;
    const isUntouched = before.received.every(
      ({ message, lease }) => this.holds(message) && message.state === 'inFlight' && message.lease === lease,
    );
    if (!isUntouched) return undefined;
    for (const { message } of before.received) this.extend(message, now + visibilityMs);
    return [...before.received];
  }
}
