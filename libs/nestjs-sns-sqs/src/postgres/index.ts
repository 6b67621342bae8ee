export type { SqlExecutor, SqlPool } from './sql/sql.js';
export { fromPg, type PgTransaction } from './sql/from-pg.js';
export { fromDrizzle, type DrizzleTransaction } from './sql/from-drizzle.js';
export { fromTypeOrm, type TypeOrmEntityManager, type TypeOrmQueryRunner } from './sql/from-type-orm.js';
export { fromPrisma, type PrismaTransaction } from './sql/from-prisma.js';
export { fromMikroOrm, type MikroOrmEntityManager } from './sql/from-mikro-orm.js';
export { fromKysely, type KyselyTransaction } from './sql/from-kysely.js';
export { fromKnex, type KnexTransaction } from './sql/from-knex.js';
