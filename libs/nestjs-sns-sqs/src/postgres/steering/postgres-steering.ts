import { bucketRate, LINE_BROKEN_MS, turnRate } from '../../inbox/turn-bucket.js';
import type { RateGrant, RateOfLimit, SteeringStore } from '../../interfaces/steering-store.interface.js';
import type { PostgresCaller } from '../inbox/postgres-caller.js';

/** Shared limits and pauses in PostgreSQL, by the database's clock: each call is one statement and one transaction. */
export class PostgresSteering implements SteeringStore {
  constructor(
    private readonly caller: PostgresCaller,
    private readonly schema: string,
    /** Buckets are made, and have to be cleaned up. */
    private readonly onUse: () => void,
  ) {}

  async takeRate(queue: string, wanted: number, limit: RateOfLimit, spent = 0): Promise<RateGrant> {
    const { perMs, most } = bucketRate(limit);
    const rows = await this.call<{ granted: number; retry_after_ms: number }>(
      'steering_take_rate($1, $2, $3, $4, $5)',
      [queue, wanted, perMs, most, spent],
    );
    return { granted: Number(rows[0]?.granted ?? 0), retryAfterMs: Number(rows[0]?.retry_after_ms ?? 0) };
  }

  async takeTurn(queue: string, key: string, limit: RateOfLimit, hasWaited: boolean): Promise<number> {
    const { perMs, most } = turnRate(limit);
    const rows = await this.call<{ steering_take_turn: number }>('steering_take_turn($1, $2, $3, $4, $5, $6)', [
      queue,
      key,
      perMs,
      most,
      hasWaited,
      LINE_BROKEN_MS,
    ]);
    return Number(rows[0]?.steering_take_turn ?? 0);
  }

  async setPaused(scope: string, queue: string, isPaused: boolean): Promise<void> {
    const text = isPaused
      ? `INSERT INTO ${this.named('steering_pauses')} (scope, queue) VALUES ($1, $2) ON CONFLICT DO NOTHING`
      : `DELETE FROM ${this.named('steering_pauses')} WHERE scope = $1 AND queue = $2`;
    await this.caller.call(text, [scope, queue]);
  }

  async pausedQueues(scope: string): Promise<string[]> {
    const text = `SELECT queue FROM ${this.named('steering_pauses')} WHERE scope = $1`;
    return (await this.caller.call<{ queue: string }>(text, [scope])).map(({ queue }) => queue);
  }

  /** Deletes up to `most` buckets that are full again; gives how many. */
  async cleanUpStep(most: number): Promise<number> {
    const rows = await this.call<{ steering_clean_up: number }>('steering_clean_up($1)', [most]);
    return rows[0]?.steering_clean_up ?? 0;
  }

  private call<Row>(call: string, values: readonly unknown[]): Promise<Row[]> {
    this.onUse();
    return this.caller.call<Row>(`SELECT * FROM ${this.named(call)}`, values);
  }

  private named(what: string): string {
    return `"${this.schema}".${what}`;
  }
}
