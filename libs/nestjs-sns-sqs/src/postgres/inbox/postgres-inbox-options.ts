import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import type { SqlPool } from '../../interfaces/sql.interface.js';
import { checkedSchema, POSTGRES_DEFAULT_SCHEMA } from '../schema-name.js';

export interface PostgresInboxStoreOptions {
  /**
   * The `Pool` of `pg`, or connections like it. The pool stays open when the store closes. Give the store a pool of its own
   * (3 to 10 connections): where handlers use up the connections, claims cannot be renewed.
   */
  pool: SqlPool;
  /** Schema of the tables: 1 to 63 of a-z 0-9 _, no digit first. @default 'nestjs_sns_sqs' */
  schema?: string | undefined;
  /** A call that takes longer has failed, in milliseconds, 10 to 60,000. @default 2000 */
  commandTimeoutMs?: number | undefined;
  /**
   * How often old records are deleted, in seconds, 1 to 3,600; 0: never, and you call `cleanUp()`. Of all processes one
   * does it at a time. @default 60
   */
  cleanUpEverySeconds?: number | undefined;
}

export type ResolvedPostgresInboxOptions = { pool: SqlPool } & {
  [name in 'schema' | 'commandTimeoutMs' | 'cleanUpEverySeconds']-?: NonNullable<PostgresInboxStoreOptions[name]>;
};

const KNOWN = new Set(['pool', 'schema', 'commandTimeoutMs', 'cleanUpEverySeconds']);

/** Throws one INVALID_OPTIONS with every problem. */
export function resolvePostgresInboxOptions(options: PostgresInboxStoreOptions): ResolvedPostgresInboxOptions {
  const { pool, schema = POSTGRES_DEFAULT_SCHEMA, commandTimeoutMs = 2_000, cleanUpEverySeconds = 60 } = options;
  const problems = Object.keys(options)
    .filter(name => !KNOWN.has(name))
    .map(name => `\`${name}\` is not an option`);
  if (!isPool(pool)) problems.push('`pool`: expected a Pool of pg, with connect() and query()');
  if (!isSchema(schema)) problems.push('`schema`: expected 1 to 63 of a-z 0-9 _, no digit first');
  if (!isWithin(commandTimeoutMs, 10, 60_000)) problems.push('`commandTimeoutMs`: expected 10 to 60,000');
  if (!isWithin(cleanUpEverySeconds, 0, 3_600)) problems.push('`cleanUpEverySeconds`: expected 0 to 3,600');
  if (problems.length === 0) return { pool, schema, commandTimeoutMs, cleanUpEverySeconds };
  throw new SnsSqsError('INVALID_OPTIONS', {
    problem: `PostgresInboxStore: ${problems.join('; ')}`,
    remedy: 'correct these options',
    facts: { of: 'PostgresInboxStore', problems },
  });
}

const isPool = (pool: unknown): boolean =>
  typeof (pool as SqlPool | undefined)?.connect === 'function' && typeof (pool as SqlPool).query === 'function';

const isWithin = (value: number, min: number, max: number): boolean =>
  Number.isInteger(value) && value >= min && value <= max;

function isSchema(name: unknown): boolean {
  try {
    return typeof name === 'string' && checkedSchema(name) === name;
  } catch {
    return false;
  }
}
