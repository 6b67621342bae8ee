/**
 * The outbox and the inbox in PostgreSQL.
 * @packageDocumentation
 */

export type { SqlExecutor, SqlPool } from './sql/sql.js';
export { fromPg, type PgTransaction } from './sql/from-pg.js';
export { fromDrizzle, type DrizzleTransaction } from './sql/from-drizzle.js';
export { fromTypeOrm, type TypeOrmEntityManager, type TypeOrmQueryRunner } from './sql/from-type-orm.js';
export { fromPrisma, type PrismaTransaction } from './sql/from-prisma.js';
export { fromMikroOrm, type MikroOrmEntityManager } from './sql/from-mikro-orm.js';
export { fromKysely, type KyselyTransaction } from './sql/from-kysely.js';
export { fromKnex, type KnexTransaction } from './sql/from-knex.js';
export { PostgresOutbox, type RefusedMessage } from './outbox/postgres-outbox.js';
export type { ListeningConnection } from './outbox/outbox-listener.js';
export type { PostgresOutboxOptions } from './outbox/outbox-options.js';
export { appliedMigrations, knownMigrations, migrate, migrationsSql } from './migrations.js';
export { PostgresInboxStore } from './inbox/postgres-inbox-store.js';
export type { PostgresInboxStoreOptions } from './inbox/postgres-inbox-options.js';
