import type {
  OutboxClaimRequest,
  OutboxMessage,
  OutboxRefusal,
  OutboxRelayOptions,
  OutboxResults,
  OutboxRow,
  OutboxSchedule,
  OutboxStatus,
  OutboxStore,
} from '../../interfaces/outbox-store.interface.js';
import type { SqlExecutor } from '../../interfaces/sql.interface.js';
import { OUTBOX_DEFAULT_LEASE_MS } from '../../outbox/relay.js';
import { knownRelayOf } from '../../outbox/relays.js';
import { finishesWithin } from '../../async/finishes-within.js';
import { migrate } from '../migrations.js';
import { checkedSchema } from '../schema-name.js';
import { answersWithin } from './answers-within.js';
import { bucketOf } from './bucket-of.js';
import { BUCKETS } from './migrations.js';
import { CLAIM_BUCKETS, outboxSql } from './outbox-sql.js';
import { OutboxListener } from './outbox-listener.js';
import { checkPostgresOutboxOptions, type PostgresOutboxOptions } from './outbox-options.js';

/** A database that does not answer must not keep an app from ending. */
const CLOSE_WITHIN_MS = 20_000;

/** A message that AWS has refused for good. */
export interface RefusedMessage extends OutboxRow {
  /** Code of the SnsSqsError. */
  code: string;
  reason: string;
  /** ISO 8601, by the database's clock. */
  refusedAt: string;
}

/**
 * The outbox of a service in its own PostgreSQL (12 or newer): events are rows of the user's transaction, and are
 * published after its commit, never without it. Each event is published at least once, under the same id. Run
 * {@link PostgresOutbox.migrate} once before.
 *
 * @example
 * ```typescript
 * SnsSqsModule.forRootAsync({
 *   inject: [Pool],
 *   useFactory: (pool: Pool) => ({ service: 'users', outbox: new PostgresOutbox({ pool }) }),
 * });
 * ```
 */
export class PostgresOutbox implements OutboxStore {
  readonly relay: OutboxRelayOptions | false;
  private readonly sql: ReturnType<typeof outboxSql>;
  private readonly pool: SqlExecutor;
  /** For the calls of the relay. */
  private readonly relayed: SqlExecutor;
  /** Destination and name of the lane that the clean-up has reached. */
  private tidied = ['', ''];
  private readonly schema: string;

  /** @throws {SnsSqsError} INVALID_OPTIONS, with every problem. */
  constructor(private readonly options: PostgresOutboxOptions) {
    checkPostgresOutboxOptions(options);
    this.schema = checkedSchema(options.schema);
    this.sql = outboxSql(this.schema);
    this.pool = options.pool;
    this.relay = options.relay ?? {};
    const { leaseMs = OUTBOX_DEFAULT_LEASE_MS } = this.relay || {};
    this.relayed = answersWithin(this.pool, leaseMs);
  }

  /** Makes the tables, or brings them up to date. Resolves to the finished steps. May be repeated. */
  migrate(): Promise<string[]> {
    return migrate(this.pool, this.schema);
  }

  /**
   * Ends the relay of this process, and resolves when the sends in flight are settled: call it before the pool is closed.
   * Unpublished messages stay in the outbox, for another process or the next start. Waits 20 s at most.
   * Idempotent.
   */
  async close(): Promise<void> {
    const relay = knownRelayOf(this);
    if (relay) await finishesWithin(relay.close(), CLOSE_WITHIN_MS);
  }

  transaction(): SqlExecutor | undefined {
    return this.options.transaction?.();
  }

  async nextSequence(tx: SqlExecutor, destination: string, subject: string): Promise<string> {
    const { rows } = await tx.query<{ sequence: string }>(this.sql.nextSequence, [destination, subject]);
    return String(rows[0]?.sequence);
  }

  async returnSequence(tx: SqlExecutor, destination: string, subject: string, sequence: string): Promise<void> {
    await tx.query(this.sql.returnSequence, [destination, subject, sequence]);
  }

  async add(tx: SqlExecutor, message: OutboxMessage, holdsLane: boolean): Promise<void> {
    const text = message.lane === undefined || holdsLane ? this.sql.add : this.sql.addToLane;
    await tx.query(this.options.notify ? `${text} ${this.sql.notifying}` : text, valuesOf(message));
  }

  async addNext(tx: SqlExecutor, message: OutboxMessage, placeholder: string): Promise<void> {
    const text = this.options.notify ? `${this.sql.addNext} ${this.sql.notifying}` : this.sql.addNext;
    await tx.query(text, [...valuesOf(message), placeholder]);
  }

  async schedule(tx: SqlExecutor = this.pool, message: OutboxMessage, { dueAt, key }: OutboxSchedule): Promise<void> {
    await tx.query(this.sql.schedule, [...valuesOf(message), key ?? null, dueAt.toISOString()]);
  }

  async cancel(tx: SqlExecutor = this.pool, destination: string, key: string): Promise<boolean> {
    const { rows } = await tx.query(this.sql.cancel, [destination, key]);
    return rows.length > 0;
  }

  async open(destinations: readonly string[]): Promise<void> {
    await this.relayed.query(this.sql.open, [JSON.stringify(destinations)]);
    await this.keep();
  }

  async claim(request: OutboxClaimRequest): Promise<OutboxRow[]> {
    const { token, rows } = request;
    const taken = await this.lease(request);
    if (taken === 0) return [];
    const ofEach = Math.max(1, Math.ceil(rows / Math.min(taken, CLAIM_BUCKETS)));
    const lanes = JSON.stringify(request.exceptLanes);
    const read = await this.relayed.query<OutboxRow & { lane: string | null }>(this.sql.read, [
      token,
      String(ofEach),
      lanes,
    ]);
    if (read.rows.length === 0) await this.settle(token, { sent: [], refused: [] });
    return read.rows.map(({ lane, ...row }) => (lane === null ? row : { ...row, lane }));
  }

  async renew(token: string, leaseMs: number): Promise<boolean> {
    const { rows } = await this.relayed.query(this.sql.renew, [token, String(leaseMs)]);
    return rows.length > 0;
  }

  async settle(token: string, { sent, refused }: OutboxResults): Promise<void> {
    if (refused.length > 0) await this.relayed.query(this.sql.refuse, [JSON.stringify(refused.map(storable))]);
    const text = this.options.keep && sent.length > 0 ? this.sql.settleAndKeep : this.sql.settle;
    await this.relayed.query(text, [token, JSON.stringify(sent)]);
  }

  async status(destinations: readonly string[]): Promise<OutboxStatus[]> {
    const { rows } = await this.relayed.query<Omit<OutboxStatus, 'oldestMs'> & { oldest_ms: string }>(this.sql.status, [
      JSON.stringify(destinations),
    ]);
    return rows.map(({ oldest_ms: oldestMs, ...row }) => ({ ...row, oldestMs: Math.max(0, Number(oldestMs)) }));
  }

  async neglected(
    except: readonly string[],
    olderThanMs: number,
  ): Promise<Array<{ destination: string; oldestMs: number }>> {
    const values = [JSON.stringify(except), String(olderThanMs)];
    const { rows } = await this.relayed.query<{ destination: string; oldest_ms: string }>(this.sql.neglected, values);
    return rows.map(({ destination, oldest_ms: oldestMs }) => ({ destination, oldestMs: Number(oldestMs) }));
  }

  /** Every destination that the outbox has seen. */
  async destinations(): Promise<string[]> {
    const { rows } = await this.pool.query<{ destination: string }>(this.sql.destinations);
    return rows.map(({ destination }) => destination);
  }

  /** Messages that AWS has refused for good, oldest first. */
  async refused({ destination, limit = 100 }: { destination?: string; limit?: number } = {}): Promise<
    RefusedMessage[]
  > {
    type Refused = Omit<RefusedMessage, 'lane' | 'refusedAt'> & { lane: string | null; refused_at: string };
    const { rows } = await this.pool.query<Refused>(this.sql.refused, [destination ?? null, String(limit)]);
    return rows.map(({ lane, refused_at: refusedAt, ...row }) => ({
      ...row,
      ...(lane !== null && { lane }),
      refusedAt,
    }));
  }

  /**
   * Puts refused messages back, once you have corrected the cause: all of them, those of a destination, or these rows.
   * Resolves to their number.
   */
  async requeue({ destination, rows }: { destination?: string; rows?: readonly string[] } = {}): Promise<number> {
    const values = [destination ?? null, rows === undefined ? null : JSON.stringify(rows)];
    const answer = await this.pool.query<{ requeued: number }>(this.sql.requeue, values);
    return answer.rows[0]?.requeued ?? 0;
  }

  watch(wake: () => void): () => Promise<void> {
    const { listen } = this.options;
    if (!listen) return () => Promise.resolve();
    const listener = new OutboxListener(listen, this.sql.channel, wake);
    return () => listener.stop();
  }

  async tidy(): Promise<void> {
    const { rows } = await this.relayed.query<{ destination: string; lane: string }>(this.sql.tidy, this.tidied);
    const [last] = rows;
    // Behind the last lane the first one follows.
    this.tidied = last ? [last.destination, last.lane] : ['', ''];
    await this.keep();
  }

  /** Never rejects: without a partition of its day a message is in the default one. A claim reports a database that is away. */
  private async keep(): Promise<void> {
    const { keep } = this.options;
    if (keep) await this.relayed.query(this.sql.keep, [String(keep.days)]).catch(() => undefined);
  }

  /** The number of buckets. */
  private async lease(request: OutboxClaimRequest, mayPromote = true): Promise<number> {
    const { destinations, token, leaseMs } = request;
    const values = [JSON.stringify(destinations), token, String(leaseMs)];
    const { rows } = await this.relayed.query<{ taken: number; due: boolean }>(this.sql.lease, values);
    const taken = rows[0]?.taken ?? 0;
    if (rows[0]?.due && mayPromote) {
      await this.relayed.query(this.sql.promote);
      if (taken === 0) return this.lease(request, false);
    }
    return taken;
  }
}

/** A reason is the text of any error: PostgreSQL takes no U+0000 and no half of a surrogate pair, and would never settle. */
const storable = (refusal: OutboxRefusal): OutboxRefusal => ({
  ...refusal,
  reason: refusal.reason.replaceAll(/[\0\p{Surrogate}]/gu, '\uFFFD'),
});

const valuesOf = ({ destination, lane, id, type, entry }: OutboxMessage): unknown[] => [
  destination,
  String(lane === undefined ? Math.floor(Math.random() * BUCKETS) : bucketOf(lane)),
  lane ?? null,
  id,
  type,
  entry,
];
