import type { SnsSqsError } from '../errors/sns-sqs.error.js';

/** Of a queue: its receives fail, or the inbox's store does not do what it needs. */
export type FaultOf = 'receives' | 'inbox';

const reasonOf = ({ code, facts }: SnsSqsError): string => `${code} ${String(facts.awsError)}`;

/** What is at fault in a server, by queue, and why. */
export class Faults {
  readonly receives = new Map<string, SnsSqsError>();
  readonly inbox = new Map<string, SnsSqsError>();

  get size(): number {
    return this.receives.size + this.inbox.size;
  }

  /** True: this reason has not been told yet. Receives fail again and again; the store's health tells each reason once. */
  note(of: FaultOf, queue: string, error: SnsSqsError): boolean {
    const known = this[of].get(queue);
    this[of].set(queue, error);
    return of === 'inbox' || known === undefined || reasonOf(known) !== reasonOf(error);
  }

  mend(of: FaultOf, queue: string): void {
    this[of].delete(queue);
  }
}
