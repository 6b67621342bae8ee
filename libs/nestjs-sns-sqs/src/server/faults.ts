import { monotonicNow } from '../async/clock.js';
import type { SnsSqsError } from '../errors/sns-sqs.error.js';

/** Of a queue: its receives fail, or the inbox's store does not do what it needs. */
export type FaultOf = 'receives' | 'inbox';

/**
 * A reason that comes and goes is told once in this time, in milliseconds: where AWS refuses every other call, the log
 * would have a line for each of them.
 */
const TELL_AGAIN_MS = 60_000;

const reasonOf = ({ code, facts }: SnsSqsError): string => `${code} ${String(facts.awsError)}`;

/** What is at fault in a server, by queue, and why. */
export class Faults {
  readonly receives = new Map<string, SnsSqsError>();
  readonly inbox = new Map<string, SnsSqsError>();
  /** By queue: the reason that was told of the fault that its receives have now. */
  private readonly told = new Map<string, string>();
  /** When it was told last, by queue and reason. */
  private readonly toldAt = new Map<string, number>();

  constructor(private readonly now: () => number = monotonicNow) {}

  get size(): number {
    return this.receives.size + this.inbox.size;
  }

  /** True: this is to be told. Receives fail again and again; the store's health tells each reason once. */
  note(of: FaultOf, queue: string, error: SnsSqsError): boolean {
    this[of].set(queue, error);
    if (of === 'inbox') return true;
    const reason = reasonOf(error);
    if (this.told.get(queue) === reason || !this.isDue(`${queue} ${reason}`)) return false;
    this.told.set(queue, reason);
    return true;
  }

  /** True: this is to be told, because the fault was. */
  mend(of: FaultOf, queue: string): boolean {
    this[of].delete(queue);
    return of === 'inbox' || this.told.delete(queue);
  }

  private isDue(what: string): boolean {
    const now = this.now();
    for (const [each, at] of this.toldAt) if (now - at >= TELL_AGAIN_MS) this.toldAt.delete(each);
    if (this.toldAt.has(what)) return false;
    this.toldAt.set(what, now);
    return true;
  }
}
