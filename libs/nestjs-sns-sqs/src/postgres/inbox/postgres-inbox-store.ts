import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { isInstance } from '../../errors/thrown.js';
import type {
  InboxClaim,
  InboxClaimResult,
  InboxDone,
  InboxOutlook,
  InboxReleaseReason,
  InboxStore,
  InboxWaiting,
} from '../../interfaces/inbox-store.interface.js';
import type { SqlExecutor } from '../../interfaces/sql.interface.js';
import { markOwn } from '../../inbox/own-store.js';
import { assertOpen } from '../../outbox/open-transaction.js';
import { PostgresSteering } from '../steering/postgres-steering.js';
import { InboxCleaner } from './inbox-cleaner.js';
import { PostgresCaller } from './postgres-caller.js';
import { brokenRecord, claimLost, isClaimLost, isLocked, isOfTheRecord } from './postgres-inbox-errors.js';
import {
  resolvePostgresInboxOptions,
  type PostgresInboxStoreOptions,
  type ResolvedPostgresInboxOptions,
} from './postgres-inbox-options.js';

interface ClaimRow {
  status: 'claimed' | 'taken-over' | 'done' | 'in-work' | 'subject-in-work';
  number: number | null;
  reached: string | null;
  waited: number | null;
  lowest: string | null;
  seen: number | null;
  /** Undefined: the database is at `inbox-1`. */
  since?: number | null;
  died?: number | null;
  lettered?: number | null;
}

/**
 * The inbox in PostgreSQL 14 or newer: one for any number of processes, in the database of the handlers' effects. With
 * `context.markDoneIn(tx)` an effect and its being remembered commit together. One call for a claim and one for its end,
 * each a transaction of its own. Times are the database's. Its tables come by `migrate()`. The pool stays open when the
 * store closes with its server.
 *
 * @example
 * ```ts
 * const store = new PostgresInboxStore({ pool: new Pool({ connectionString: 'postgres://localhost/app', max: 5 }) });
 * const server = new ServerSQS({ service: 'users', inbox: { store } });
 * ```
 */
export class PostgresInboxStore implements InboxStore {
  static {
    markOwn(this);
  }

  readonly isShared = true;
  readonly identity: string;
  /** Limits and pauses that all processes share. */
  readonly steering: PostgresSteering;
  private readonly options: ResolvedPostgresInboxOptions;
  private readonly caller: PostgresCaller;
  private readonly cleaner: InboxCleaner;
  private hasBuckets = false;
  /** Ends of claims under way, by queue. */
  private readonly ending = new Map<string, Set<Promise<unknown>>>();

  /** Throws one INVALID_OPTIONS with every problem. */
  constructor(options: PostgresInboxStoreOptions) {
    this.options = resolvePostgresInboxOptions(options);
    const { pool, schema, commandTimeoutMs, cleanUpEverySeconds } = this.options;
    this.identity = `postgres.${schema}`;
    this.caller = new PostgresCaller(pool, commandTimeoutMs);
    this.cleaner = new InboxCleaner(cleanUpEverySeconds, most => this.cleanUpStep(most));
    this.steering = new PostgresSteering(this.caller, schema, () => this.onSteering());
  }

  async claim(claim: InboxClaim, leaseMs: number): Promise<InboxClaimResult> {
    this.cleaner.start();
    const { queue, key, subject = null, token } = claim;
    const values = [queue, key, subject, token, leaseMs];
    const [row] = await this.call<ClaimRow>(claim, 'inbox_claim($1, $2, $3, $4, $5)', values);
    if (!row) throw new Error('PostgreSQL gave no answer to a claim');
    const { status, number, reached, waited, lowest, seen, since = null, died = null, lettered = null } = row;
    switch (status) {
      case 'done':
        return { status };
      case 'in-work':
      case 'subject-in-work':
        return { status, retryAfterMs: Number(number) };
      case 'claimed':
      case 'taken-over':
        return {
          status: 'claimed',
          attempt: Number(number),
          ...(status === 'taken-over' && { isTakenOver: true }),
          ...(since !== null && { sinceFirstMs: Number(since) }),
          ...(lettered !== null && { sinceLetterMs: Number(lettered) }),
          ...(died !== null && { deaths: Number(died) }),
          ...(reached !== null && { position: reached }),
          ...(lowest !== null && { gap: { waitedMs: Number(waited), lowest, lowestSeenMs: Number(seen) } }),
        };
      default:
        return status satisfies never;
    }
  }

  /** A claim with a broken record is lost, and the other claims are not. */
  async renew(claims: readonly InboxClaim[], leaseMs: number): Promise<boolean[]> {
    const [first] = claims;
    if (!first) return [];
    try {
      return await this.renewAll(first, claims, leaseMs);
    } catch (error) {
      if (!isInstance(error, SnsSqsError)) throw error;
      if (claims.length === 1) return [false];
      const each = await Promise.all(claims.map(claim => this.renew([claim], leaseMs)));
      return each.map(([isHeld = false]) => isHeld);
    }
  }

  done(claim: InboxClaim, done: InboxDone): Promise<boolean> {
    return this.end(claim, 'inbox_done($1, $2, $3, $4, $5, $6, $7)', doneValues(claim, done));
  }

  /**
   * Marks the event done in a transaction of the caller's. Rejects with CLAIM_LOST where the claim is not its token's any
   * more; the transaction cannot commit then. Rejects with NO_TRANSACTION for a pool: the event would be done at once, and
   * lost if the effect fails.
   */
  async doneIn(tx: SqlExecutor, claim: InboxClaim, done: InboxDone): Promise<void> {
    assertOpen(tx, 'markDoneIn()');
    const text = `SELECT ${this.named(
      'inbox_done_in($1::text, $2::text, $3::text, $4::text, $5::float8, $6::text, $7::float8)',
    )} AS done`;
    try {
      await tx.query(text, doneValues(claim, done));
    } catch (error) {
      throw isClaimLost(error) ? claimLost(claim, error) : error;
    }
  }

  release(claim: InboxClaim, reason: InboxReleaseReason, gapAt?: string, backInMs?: number): Promise<boolean> {
    const { queue, key, subject = null, token } = claim;
    const values = [queue, key, subject, token, reason, gapAt ?? null, backInMs ?? null];
    return this.end(claim, 'inbox_release($1, $2, $3, $4, $5, $6, $7)', values);
  }

  async putOff(waiting: InboxWaiting): Promise<InboxOutlook> {
    const { queue, key, subject = null, place, handle, forMs } = waiting;
    await this.call(waiting, 'inbox_put_off($1, $2, $3, $4)', [queue, place, handle, forMs]);
    type Row = { event: boolean; subject: boolean; reached: string | null };
    const [row] = await this.call<Row>(waiting, 'inbox_outlook($1, $2, $3)', [queue, key, subject]);
    return {
      isInWork: row?.event ?? false,
      isSubjectInWork: row?.subject ?? false,
      ...(row && row.reached !== null && { position: row.reached }),
    };
  }

  /** Claims that end meanwhile travel on other connections, and a process that enters must see these ends first. */
  async callIn(queue: string, places: readonly string[]): Promise<string[]> {
    const ending = this.ending.get(queue);
    if (ending) await Promise.allSettled(ending);
    const rows = await this.caller.call<{ handle: string }>(
      `SELECT handle FROM ${this.named('inbox_call_in($1, $2)')} AS handle`,
      [queue, places],
    );
    return rows.map(({ handle }) => handle);
  }

  async ping(): Promise<void> {
    await this.caller.call('SELECT 1', []);
  }

  /** Deletes records whose time is over, a thousand at a time, until none is left. The store does this automatically. */
  cleanUp(): Promise<void> {
    return this.cleaner.run();
  }

  /** Ends the clean-up. The pool stays open. */
  async close(): Promise<void> {
    await this.cleaner.stop();
  }

  private async cleanUpStep(most: number): Promise<number> {
    const [row] = await this.caller.call<{ gone: number }>(`SELECT ${this.named('inbox_clean_up($1)')} AS gone`, [
      most,
    ]);
    // A database whose tables are of an older version has no buckets.
    const buckets = this.hasBuckets ? await this.steering.cleanUpStep(most) : 0;
    return Math.max(row?.gone ?? 0, buckets);
  }

  private onSteering(): void {
    this.hasBuckets = true;
    this.cleaner.start();
  }

  private async renewAll(first: InboxClaim, claims: readonly InboxClaim[], leaseMs: number): Promise<boolean[]> {
    const { schema } = this.options;
    const text = `SELECT "${schema}".inbox_renew($1, c.key, c.subject, c.token, $2) AS held
      FROM unnest($3::text[], $4::text[], $5::text[]) WITH ORDINALITY AS c (key, subject, token, n) ORDER BY n`;
    const rows = await this.query<{ held: boolean }>(first, text, [
      first.queue,
      leaseMs,
      claims.map(({ key }) => key),
      claims.map(({ subject = null }) => subject),
      claims.map(({ token }) => token),
    ]);
    return rows.map(({ held }) => held);
  }

  /** False also where a transaction keeps the claim locked: whoever has it open decides. */
  private async end(claim: InboxClaim, call: string, values: readonly unknown[]): Promise<boolean> {
    const ending = this.call<{ inbox_done?: boolean; inbox_release?: boolean }>(claim, call, values);
    const ofQueue = this.ending.get(claim.queue) ?? new Set<Promise<unknown>>();
    this.ending.set(claim.queue, ofQueue.add(ending));
    try {
      const [row] = await ending;
      return (row?.inbox_done ?? row?.inbox_release) === true;
    } catch (error) {
      if (isLocked(error)) return false;
      throw error;
    } finally {
      ofQueue.delete(ending);
      if (ofQueue.size === 0) this.ending.delete(claim.queue);
    }
  }

  private call<Row>(of: Pick<InboxClaim, 'key' | 'subject'>, call: string, values: readonly unknown[]): Promise<Row[]> {
    return this.query<Row>(of, `SELECT * FROM ${this.named(call)}`, values);
  }

  private async query<Row>(
    { key, subject }: Pick<InboxClaim, 'key' | 'subject'>,
    text: string,
    values: readonly unknown[],
  ): Promise<Row[]> {
    try {
      return await this.caller.call<Row>(text, values);
    } catch (error) {
      throw isOfTheRecord(error) ? brokenRecord(error, subject === undefined ? [key] : [key, subject]) : error;
    }
  }

  private named(call: string): string {
    return `"${this.options.schema}".${call}`;
  }
}

const doneValues = (
  { queue, key, subject = null, token }: Omit<InboxClaim, 'subject'> & { subject?: string | null },
  { rememberForMs, position, rememberPositionForMs }: InboxDone,
): unknown[] => [queue, key, subject, token, rememberForMs, position ?? null, rememberPositionForMs ?? null];
