import { Redis, type Cluster, type RedisOptions } from 'ioredis';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type {
  InboxClaim,
  InboxClaimResult,
  InboxDone,
  InboxOutlook,
  InboxReleaseReason,
  InboxStore,
  InboxWaiting,
} from '../interfaces/inbox-store.interface.js';
import { checkOptions } from '../options/check-options.js';
import { z } from '../options/schema.js';
import { commandTimeout } from '../options/shared-schemas.js';
import { markOwn } from './own-store.js';
import { RedisCaller } from './redis-caller.js';
import { RedisSteering } from './redis-steering.js';
import { brokenRecord, isOfTheRecord, isReadOnly } from './redis-errors.js';
import type { RedisScript } from './redis-script.js';
import { CALL_IN, CLAIM, DONE, PUT_OFF, RELEASE, RENEW } from './redis-scripts.js';

export interface RedisInboxStoreOptions {
  /** `redis://…` or `rediss://…`: a connection of the store's own, which `close()` ends. This or `client`. */
  url?: string | undefined;
  /** A client or cluster client of ioredis; it stays open. Its retries and its offline queue are not used. */
  client?: Redis | Cluster | undefined;
  /** First part of every key; 1 to 100 of A-Z a-z 0-9 . : _ -. @default 'inbox' */
  prefix?: string | undefined;
  /** A call that takes longer has failed, in milliseconds, 10 to 60,000. @default 2000 */
  commandTimeoutMs?: number | undefined;
}

/** A record that is not done is kept for longer than a message can be invisible (12 h), so that attempts stay counted. */
const KEEP_MS = 86_400_000;
/** A subject's is kept for as long as SQS keeps messages (14 days), and a day: some may wait while no consumer runs. */
const KEEP_SUBJECT_MS = 15 * 86_400_000;
/** Messages that one place keeps, copies of one event. */
const MAX_WAITING = 5;
const DEFAULT_COMMAND_TIMEOUT_MS = 2_000;
const RECONNECT_MS = { step: 50, max: 1_000 };

const schema = z.strictObject({
  url: z
    .string()
    .regex(/^rediss?:\/\/./, 'expected redis://… or rediss://…')
    .optional(),
  client: z
    .custom(value => typeof (value as Redis | null)?.pipeline === 'function', 'expected a client of ioredis')
    .optional(),
  prefix: z
    .string()
    .regex(/^[\w.:-]{1,100}$/, 'expected 1 to 100 of A-Z a-z 0-9 . : _ -')
    .optional(),
  commandTimeoutMs: commandTimeout,
});

const oneOfThem = ({ url, client }: RedisInboxStoreOptions): string[] =>
  (url === undefined) === (client === undefined) ? ['expected `url` or `client`, one of them'] : [];

/**
 * The inbox in Redis 6 or newer, Valkey, or Redis Cluster: one for any number of processes. One round trip for a
 * claim and one for its end; calls of one moment share a pipeline. Keys are `<prefix>:{<queue>}:e:…` for events and
 * `<prefix>:{<queue>}:s:…` for subjects; a queue's are in one slot of a cluster. Redis must not evict them
 * (`maxmemory-policy noeviction`). The store closes with its server.
 *
 * @example
 * ```ts
 * const store = new RedisInboxStore({ url: 'redis://127.0.0.1:6379' });
 * const server = new ServerSQS({ service: 'users', inbox: { store } });
 * ```
 */
export class RedisInboxStore implements InboxStore {
  static {
    markOwn(this);
  }

  readonly isShared = true;
  readonly identity: string;
  /** Shared limits and pauses. */
  readonly steering: RedisSteering;
  private readonly client: Redis | Cluster;
  private readonly caller: RedisCaller;
  private readonly prefix: string;

  /** Throws one INVALID_OPTIONS with every problem. */
  constructor(private readonly options: RedisInboxStoreOptions) {
    checkOptions('RedisInboxStore', schema, options, oneOfThem);
    const { url, client, prefix = 'inbox', commandTimeoutMs = DEFAULT_COMMAND_TIMEOUT_MS } = options;
    this.prefix = prefix;
    this.client = client ?? connect(url ?? '', commandTimeoutMs);
    this.identity = identityOf(this.client, prefix);
    this.caller = new RedisCaller(this.client, commandTimeoutMs);
    this.steering = new RedisSteering(this.caller, prefix);
  }

  async claim(claim: InboxClaim, leaseMs: number): Promise<InboxClaimResult> {
    const answer = (await this.run(CLAIM, claim, leaseMs, KEEP_MS, KEEP_SUBJECT_MS)) as Array<string | number>;
    const [status, number, position, waitedMs, lowest, lowestSeenMs, sinceFirstMs, deaths, sinceLetterMs] = answer;
    switch (status) {
      case 'done':
        return { status };
      case 'in-work':
      case 'subject-in-work':
        return { status, retryAfterMs: Number(number) };
      default:
        return {
          status: 'claimed',
          attempt: Number(number),
          ...(status === 'taken-over' && { isTakenOver: true }),
          ...(Number(number) > 1 && sinceFirstMs !== undefined && { sinceFirstMs: Number(sinceFirstMs) }),
          ...(sinceLetterMs !== undefined && { sinceLetterMs: Number(sinceLetterMs) }),
          ...(Number(deaths ?? 0) > 0 && { deaths: Number(deaths) }),
          ...(position && { position: String(position) }),
          ...(lowest !== undefined &&
            lowest !== '' && {
              gap: { waitedMs: Number(waitedMs), lowest: String(lowest), lowestSeenMs: Number(lowestSeenMs) },
            }),
        };
    }
  }

  renew(claims: readonly InboxClaim[], leaseMs: number): Promise<boolean[]> {
    return Promise.all(claims.map(claim => this.renewOne(claim, leaseMs)));
  }

  done(claim: InboxClaim, { rememberForMs, position = '', rememberPositionForMs }: InboxDone): Promise<boolean> {
    return this.agrees(DONE, claim, rememberForMs, position, rememberPositionForMs ?? '');
  }

  release(claim: InboxClaim, reason: InboxReleaseReason, gapAt = '', backInMs?: number): Promise<boolean> {
    return this.agrees(RELEASE, claim, reason, gapAt, KEEP_MS, KEEP_SUBJECT_MS, backInMs ?? '');
  }

  async putOff({ queue, key, subject, place, handle, forMs }: InboxWaiting): Promise<InboxOutlook> {
    const { event, ...keys } = this.keysOf(queue, key, subject);
    const answer = (await this.call(
      queue,
      PUT_OFF,
      [this.placeKey(queue, place), event, ...keys.subject],
      [handle, whole(forMs), MAX_WAITING],
    )) as Array<string | number>;
    const [isInWork, isSubjectInWork, position] = answer;
    return {
      isInWork: Number(isInWork) === 1,
      isSubjectInWork: Number(isSubjectInWork) === 1,
      ...(position && { position: String(position) }),
    };
  }

  async callIn(queue: string, places: readonly string[]): Promise<string[]> {
    const keys = places.map(place => this.placeKey(queue, place));
    return ((await this.call(queue, CALL_IN, keys, [])) as unknown[]).map(String);
  }

  async ping(): Promise<void> {
    await this.caller.ping();
  }

  /** Ends the connection if it is the store's own. */
  close(): void {
    if (!this.options.client) this.client.disconnect();
  }

  /** A claim whose record is broken is lost; those beside it are not. */
  private async renewOne(claim: InboxClaim, leaseMs: number): Promise<boolean> {
    try {
      return await this.agrees(RENEW, claim, leaseMs, KEEP_MS, KEEP_SUBJECT_MS);
    } catch (error) {
      if (error instanceof SnsSqsError && error.code === 'INBOX_RECORD_BROKEN') return false;
      throw error;
    }
  }

  /** A client may give whole numbers as text (`stringNumbers`). */
  private async agrees(
    script: RedisScript,
    claim: InboxClaim,
    ...args: ReadonlyArray<string | number>
  ): Promise<boolean> {
    return Number(await this.run(script, claim, ...args)) === 1;
  }

  private run(script: RedisScript, claim: InboxClaim, ...args: ReadonlyArray<string | number>): Promise<unknown> {
    const { queue, key, subject, token } = claim;
    const keys = this.keysOf(queue, key, subject);
    return this.call(queue, script, [keys.event, ...keys.subject], [token, ...args.map(whole)]);
  }

  private async call(
    queue: string,
    script: RedisScript,
    keys: readonly string[],
    args: ReadonlyArray<string | number>,
  ): Promise<unknown> {
    try {
      return await this.caller.call(queue, { script, keys, args });
    } catch (error) {
      throw error instanceof Error && isOfTheRecord(error) ? brokenRecord(error, keys) : error;
    }
  }

  /** The braces make the queue the part that chooses the slot (Redis Cluster specification, hash tags). */
  private keysOf(queue: string, key: string, subject: string | undefined): { event: string; subject: string[] } {
    const base = `${this.prefix}:{${queue}}`;
    return { event: `${base}:e:${key}`, subject: subject === undefined ? [] : [`${base}:s:${subject}`] };
  }

  private placeKey(queue: string, place: string): string {
    return `${this.prefix}:{${queue}}:w:${place}`;
  }
}

/** Not the address: processes may know one server by several. */
function identityOf({ options }: Redis | Cluster, prefix: string): string {
  const { db = 0, keyPrefix = '' } = options as { db?: number; keyPrefix?: string };
  return `redis.${db}.${keyPrefix}${prefix}`;
}

const whole = (value: string | number): string | number => (typeof value === 'number' ? Math.ceil(value) : value);

/** Fails at once instead of waiting for a connection, connects again for ever, and gives a silent connection up. */
function connect(url: string, commandTimeoutMs: number): Redis {
  const options: RedisOptions = {
    connectionName: 'nestjs-sns-sqs-inbox',
    connectTimeout: Math.max(1_000, commandTimeoutMs),
    socketTimeout: 3 * commandTimeoutMs,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: times => Math.min(RECONNECT_MS.max, times * RECONNECT_MS.step),
    // After a failover the address leads to the new primary, and this connection to a replica. The call that was refused
    // fails (1): who made it repeats it, and by then knows whether its time is over.
    reconnectOnError: error => (isReadOnly(error) ? 1 : false),
  };
  const client = new Redis(url, options);
  // Each call that fails says so; without a listener ioredis would write each try to connect to the console.
  client.on('error', () => undefined);
  return client;
}
