import type { RelayFailure } from './relay-round.js';

/** The part of a logger that a relay needs. */
export interface RelayLogger {
  log(text: string): unknown;
  warn(text: string): unknown;
  error(text: string): unknown;
}

/** As in the errors of PostgreSQL that are no outage. */
const SQL_STATE = /SQLSTATE [0-9A-Z]{5}/;
const IF_MISSING = '; if a table is missing, run `npx nestjs-sns-sqs outbox migrate`.';

/** What may fail at the store, beside its work: the relay goes on. */
export type RelayChore = 'counted' | 'tidied up';

/** A failure that repeats is no lost connection: that one would keep the relay from its work too. */
const TOLD_FROM = 2;

/** What keeps a relay from its work, told once when it begins and once when it is over. */
export class RelayFaults {
  /** By destination. */
  private readonly destinations = new Map<string, string>();
  private neglected: ReadonlySet<string> = new Set();
  /** Of the claims, and of the removals. */
  private readonly store = new Map<'claim' | 'removal', string>();
  /** Kinds of faults that were logged since the store worked last: an outage has many texts, and one is enough. */
  private readonly told = new Set<string>();
  /** Failures in a row. */
  private readonly chores = new Map<RelayChore, number>();

  constructor(private readonly logger: RelayLogger) {}

  /** Why nothing can be read from the outbox, or nothing is published; undefined: neither. */
  get reason(): string | undefined {
    const [ofDestination] = this.destinations.values();
    return this.store.get('removal') ?? this.store.get('claim') ?? ofDestination;
  }

  onStoreFailure(problem: string): void {
    this.chores.clear();
    this.onFault(
      'claim',
      `The outbox cannot be read or written: ${problem}`,
      `Its messages wait there, and the relay tries again. Remedy: check the database${IF_MISSING}`,
    );
  }

  onStoreAnswer(): void {
    this.onEnd('claim');
  }

  /** What AWS has accepted stays in the table. */
  onRemovalFailure(problem: string): void {
    this.onFault(
      'removal',
      `Messages of the outbox that AWS has accepted or refused cannot be removed: ${problem}`,
      `The relay tries again. If the relay ends before, accepted messages are published again, under the same ids. Remedy: check the database and the rights of its user${IF_MISSING}`,
    );
  }

  onRemoval(): void {
    this.onEnd('removal');
  }

  onRemovalGivenUp(): void {
    if (this.store.delete('removal') && this.store.size === 0) this.told.clear();
  }

  onChoreFailure(chore: RelayChore, problem: string): void {
    const failures = (this.chores.get(chore) ?? 0) + 1;
    this.chores.set(chore, failures);
    if (failures !== TOLD_FROM) return;
    this.logger.warn(
      `The outbox cannot be ${chore}: ${problem}. The relay publishes messages all the same, and tries again. Remedy: check the rights of the database's user${IF_MISSING}`,
    );
  }

  onChoreDone(chore: RelayChore): void {
    const failures = this.chores.get(chore) ?? 0;
    this.chores.delete(chore);
    if (failures >= TOLD_FROM) this.logger.log(`The outbox can be ${chore} again.`);
  }

  private onFault(what: 'claim' | 'removal', reason: string, remedy: string): void {
    this.store.set(what, reason);
    const kind = SQL_STATE.exec(reason)?.[0] ?? 'away';
    if (this.told.has(kind)) return;
    this.told.add(kind);
    this.logger.error(`${reason}. ${remedy}`);
  }

  private onEnd(what: 'claim' | 'removal'): void {
    if (!this.store.delete(what) || this.store.size > 0) return;
    this.told.clear();
    this.logger.log('The outbox can be read and written again.');
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
