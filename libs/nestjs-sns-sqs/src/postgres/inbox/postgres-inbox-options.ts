import type { SqlPool } from '../../interfaces/sql.interface.js';
import { checkOptions } from '../../options/check-options.js';
import { z } from '../../options/schema.js';
import { commandTimeout, part } from '../../options/shared-schemas.js';
import { POSTGRES_DEFAULT_SCHEMA, schemaName } from '../schema-name.js';

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

const schemaOfOptions = z.strictObject({
  pool: part('a `Pool` of pg', 'connect', 'query'),
  schema: schemaName,
  commandTimeoutMs: commandTimeout,
  cleanUpEverySeconds: z.number().int().min(0).max(3_600).optional(),
});

/** Throws one INVALID_OPTIONS with every problem. */
export function resolvePostgresInboxOptions(options: PostgresInboxStoreOptions): ResolvedPostgresInboxOptions {
  checkOptions('PostgresInboxStore', schemaOfOptions, options);
  const { pool, schema = POSTGRES_DEFAULT_SCHEMA, commandTimeoutMs = 2_000, cleanUpEverySeconds = 60 } = options;
  return { pool, schema, commandTimeoutMs, cleanUpEverySeconds };
}
