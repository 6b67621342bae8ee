import { monotonicNow } from '../async/clock.js';
import type { OutboxRefusal, OutboxRow } from '../interfaces/outbox-store.interface.js';

/** Why a message was not accepted. */
export interface RelayFailure {
  code: string;
  reason: string;
  /** True: AWS will never accept this message. False: another try may succeed, or the answer was lost. */
  isRefused: boolean;
}

/** Sends one message; undefined: AWS has accepted it. Never rejects. */
export type RelaySend = (row: OutboxRow) => Promise<RelayFailure | undefined>;

export interface RoundOptions {
  rows: readonly OutboxRow[];
  /** Undefined: nothing is sent there any more. */
  sendTo: (destination: string) => RelaySend | undefined;
  /** No message of a lane is begun later than this after the start, in milliseconds. */
  beginWithinMs: number;
}

/** The results of one destination in a round. */
export interface Tally {
  accepted: number;
  refused: number;
  /** The last failure that may pass. */
  failure?: RelayFailure;
}

/** `<destination> <lane>`. */
export const laneKey = ({ destination, lane }: Pick<OutboxRow, 'destination' | 'lane'>): string | undefined =>
  lane === undefined ? undefined : `${destination} ${lane}`;

/**
 * Sends the messages of one claim. Those of a lane go one after the other, each only when AWS has accepted or refused
 * the one before: a failure that may pass ends the lane for this round, so that no later message overtakes.
 */
export class RelayRound {
  readonly sent: string[] = [];
  readonly refused: OutboxRefusal[] = [];
  readonly tallies = new Map<string, Tally>();
  /** Lanes that a failure has ended. */
  readonly failedLanes: string[] = [];
  private isStopped = false;
  /** Sends under way, by destination. */
  private readonly underWay = new Map<string, number>();

  constructor(private readonly options: RoundOptions) {}

  /** Nothing more is begun. */
  stop(): void {
    this.isStopped = true;
  }

  /** Destinations that have not answered yet. */
  waitedFor(): string[] {
    return [...this.underWay.keys()];
  }

  /** Resolves when nothing is under way any more. Never rejects. */
  async run(): Promise<void> {
    const until = monotonicNow() + this.options.beginWithinMs;
    await Promise.all(this.lanes().map(lane => this.runLane(lane, until)));
  }

  private lanes(): OutboxRow[][] {
    const lanes = new Map<string, OutboxRow[]>();
    const all: OutboxRow[][] = [];
    for (const row of this.options.rows) {
      const key = laneKey(row);
      const known = key === undefined ? undefined : lanes.get(key);
      if (known) {
        known.push(row);
        continue;
      }
      const lane = [row];
      if (key !== undefined) lanes.set(key, lane);
      all.push(lane);
    }
    return all;
  }

  private async runLane(rows: OutboxRow[], until: number): Promise<void> {
    let isFirst = true;
    for (const row of rows) {
      if (this.isStopped || (!isFirst && monotonicNow() >= until)) return;
      isFirst = false;
      const send = this.options.sendTo(row.destination);
      if (!send) return;
      const failure = await this.counted(row.destination, send(row));
      if (!this.note(row, failure)) return;
    }
  }

  private async counted<T>(destination: string, sending: Promise<T>): Promise<T> {
    this.underWay.set(destination, (this.underWay.get(destination) ?? 0) + 1);
    const result = await sending;
    const left = (this.underWay.get(destination) ?? 1) - 1;
    if (left === 0) this.underWay.delete(destination);
    else this.underWay.set(destination, left);
    return result;
  }

  /** Whether the next of the lane may follow. */
  private note(row: OutboxRow, failure: RelayFailure | undefined): boolean {
    const tally = this.tallies.get(row.destination) ?? { accepted: 0, refused: 0 };
    this.tallies.set(row.destination, tally);
    if (!failure) {
      tally.accepted += 1;
      this.sent.push(row.row);
      return true;
    }
    if (failure.isRefused) {
      tally.refused += 1;
      this.refused.push({ row: row.row, code: failure.code, reason: failure.reason });
      return true;
    }
    tally.failure = failure;
    const key = laneKey(row);
    if (key !== undefined) this.failedLanes.push(key);
    return false;
  }
}
