import type { RelayFailure } from './relay-round.js';

/** The part of a logger that a relay needs. */
export interface RelayLogger {
  log(text: string): unknown;
  warn(text: string): unknown;
  error(text: string): unknown;
}

/** What keeps a relay from its work, told once when it begins and once when it is over. */
export class RelayFaults {
  /** By destination. */
  private readonly destinations = new Map<string, string>();
  private neglected: ReadonlySet<string> = new Set();
  private storeFault: string | undefined;

  constructor(private readonly logger: RelayLogger) {}

  /** Why nothing can be read from the outbox, or nothing is published; undefined: neither. */
  get reason(): string | undefined {
    const [ofDestination] = this.destinations.values();
    return this.storeFault ?? ofDestination;
  }

  onStoreFailure(problem: string): void {
    const reason = `The outbox cannot be read or written: ${problem}`;
    if (this.storeFault === undefined) {
      this.logger.error(
        `${reason}. Its messages wait there, and the relay tries again. Remedy: check the database; if a table is missing, run \`npx nestjs-sns-sqs outbox migrate\`.`,
      );
    }
    this.storeFault = reason;
  }

  onStoreAnswer(): void {
    if (this.storeFault !== undefined) this.logger.log('The outbox can be read and written again.');
    this.storeFault = undefined;
  }

  onHeldUp(destination: string, { reason }: RelayFailure): void {
    const text = `Messages of the outbox for ${destination} are not published: ${reason}`;
    if (!this.destinations.has(destination)) {
      this.logger.warn(`${text}. The messages stay in the outbox, and the relay tries again with growing delays.`);
    }
    this.destinations.set(destination, text);
  }

  onAccepted(destination: string): void {
    if (this.destinations.delete(destination)) {
      this.logger.log(`Messages of the outbox for ${destination} are published again.`);
    }
  }

  onRefused(destination: string, { reason }: Pick<RelayFailure, 'reason'>): void {
    this.logger.error(
      `A message of the outbox for ${destination} was refused for good: ${reason}. The relay keeps the message in the table outbox_refused, and continues with later messages. Remedy: correct the cause, then run \`npx nestjs-sns-sqs outbox requeue\`.`,
    );
  }

  /** Each once, until its messages were published. @param neglected those for which this process has no client */
  onNeglected(neglected: ReadonlyArray<{ destination: string; oldestMs: number }>): void {
    const before = this.neglected;
    this.neglected = new Set(neglected.map(({ destination }) => destination));
    for (const { destination, oldestMs } of neglected) {
      if (before.has(destination)) continue;
      this.logger.warn(
        `Messages of the outbox for ${destination} have waited for ${Math.floor(oldestMs / 60_000)} minutes, and this process has no client for them. Remedy: start a process that has one; if the destination got another name, run \`npx nestjs-sns-sqs outbox relay\`.`,
      );
    }
  }

  forget(destination: string): void {
    this.destinations.delete(destination);
  }
}
