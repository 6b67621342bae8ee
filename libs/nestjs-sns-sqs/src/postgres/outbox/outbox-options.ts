import { checkOptions } from '../../options/check-options.js';
import { z } from '../../options/schema.js';
import type { ListeningConnection } from './outbox-listener.js';
import { fn, part } from '../../options/shared-schemas.js';
import { schemaName } from '../schema-name.js';
import type { OutboxRelayOptions } from '../../interfaces/outbox-store.interface.js';
import type { SqlExecutor } from '../../interfaces/sql.interface.js';

export interface PostgresOutboxOptions {
  /**
   * Connections of the service's own database, e.g. `new Pool()` of `pg`. The relay uses one at a time, for single
   * statements: it never holds a transaction.
   */
  pool: SqlExecutor;
  /** The schema of the tables. @default 'nestjs_sns_sqs' */
  schema?: string | undefined;
  /**
   * The ambient transaction, e.g. of `@nestjs-cls/transactional`; undefined: none. With it a plain `emit()` writes into
   * the outbox where a transaction runs. @default none: `client.within(tx)` names it
   */
  transaction?: (() => SqlExecutor | undefined) | undefined;
  /**
   * Tells relays in other processes of each commit, by `NOTIFY`. PostgreSQL then lets only one transaction with an event
   * commit at a time. @default false: other processes look every `relay.pollMs`
   */
  notify?: boolean | undefined;
  /**
   * Opens a connection of its own on which the relay waits for `NOTIFY`, e.g. `async () => { const client = new
   * Client(url); await client.connect(); return client; }` of `pg`. The relay closes it. @default none
   */
  listen?: (() => Promise<ListeningConnection>) | undefined;
  /**
   * Published messages move to a table with a partition for each day, and are dropped after so many full days (1 to
   * 3,650), by the database's clock. All processes of an outbox need the same value. @default none: they are deleted
   */
  keep?: { days: number } | undefined;
  /** The relay of this process; false: it only writes, and other processes relay. @default {} */
  relay?: OutboxRelayOptions | false | undefined;
}

const postgresOutbox = z.strictObject({
  pool: part('a `Pool` of pg', 'query'),
  schema: schemaName,
  transaction: fn.optional(),
  notify: z.boolean().optional(),
  listen: fn.optional(),
  keep: z.strictObject({ days: z.number().int().min(1).max(3_650) }).optional(),
  relay: z.prepared(
    value => (value === false ? undefined : value),
    z
      .strictObject({
        pollMs: z.number().int().min(50).max(60_000).optional(),
        leaseMs: z.number().int().min(5_000).max(600_000).optional(),
        maxRows: z.number().int().min(10).max(10_000).optional(),
      })
      .optional(),
  ),
});

/** Throws one INVALID_OPTIONS with every problem. */
export const checkPostgresOutboxOptions = (options: PostgresOutboxOptions): void =>
  checkOptions('PostgresOutbox', postgresOutbox, options);
