import type { SqlExecutor } from '../interfaces/sql.interface.js';
import { checkOptions } from '../options/check-options.js';
import { part } from '../options/shared-schemas.js';
import { INBOX_MIGRATIONS } from './inbox/migrations.js';
import type { Migration } from './migration.js';
import { OUTBOX_MIGRATIONS } from './outbox/migrations.js';
import { STEERING_MIGRATIONS } from './steering/migrations.js';
import { checkedSchema, quotedSchema, POSTGRES_DEFAULT_SCHEMA } from './schema-name.js';

const ALL: readonly Migration[] = [...OUTBOX_MIGRATIONS, ...INBOX_MIGRATIONS, ...STEERING_MIGRATIONS];

const connections = part('a `Pool` of pg', 'query');

/** Any number that other programs do not lock. */
const LOCK = 7_345_093_621_178;

/**
 * One statement for each step, so that it is carried out as a whole or not at all, by any driver. Two processes that
 * migrate at one time wait for each other, and the second finds the step done.
 */
function asStatement(schemaName: string, { name, statements }: Migration): string {
  const schema = quotedSchema(schemaName);
  return `DO $migration$
BEGIN
  PERFORM pg_advisory_xact_lock(${LOCK});
  IF to_regnamespace('${schema}') IS NULL THEN
    CREATE SCHEMA ${schema};
  END IF;
  IF to_regclass('${schema}.migrations') IS NULL THEN
    CREATE TABLE ${schema}.migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());
  END IF;
  IF EXISTS (SELECT FROM ${schema}.migrations m WHERE m.name = '${name}') THEN
    RETURN;
  END IF;
  ${statements(schema).join(';\n  ')};
  INSERT INTO ${schema}.migrations (name) VALUES ('${name}');
END
$migration$`;
}

/**
 * The tables of outbox and inbox as a text of SQL, for teams that run their migrations themselves. A second run leaves
 * out the steps that the first one carried out.
 *
 * @example
 * ```ts
 * writeFileSync('migrations/0042_nestjs_sns_sqs.sql', migrationsSql());
 * ```
 * @throws {SnsSqsError} INVALID_OPTIONS: the schema's name is not allowed.
 */
export function migrationsSql(schema: string = POSTGRES_DEFAULT_SCHEMA): string {
  const checked = checkedSchema(schema);
  return ALL.map(migration => `${asStatement(checked, migration)};\n`).join('\n');
}

/**
 * Makes the tables of outbox and inbox, or brings them up to date. Any number of processes may do so at one time.
 * Resolves to the names of the finished steps.
 *
 * @example
 * ```ts
 * await migrate(pool);
 * ```
 * @throws {SnsSqsError} INVALID_OPTIONS: the schema's name is not allowed, or `database` is none.
 */
export async function migrate(database: SqlExecutor, schema: string = POSTGRES_DEFAULT_SCHEMA): Promise<string[]> {
  const checked = checkedSchema(schema);
  const before = new Set(await appliedMigrations(database, checked));
  for (const migration of ALL) {
    if (!before.has(migration.name)) await database.query(asStatement(checked, migration));
  }
  return (await appliedMigrations(database, checked)).filter(name => !before.has(name));
}

/**
 * The names of the steps that this version of the library knows, in their order.
 *
 * @example
 * ```ts
 * const applied = await appliedMigrations(pool);
 * const missing = knownMigrations().filter(name => !applied.includes(name));
 * ```
 */
export const knownMigrations = (): string[] => ALL.map(({ name }) => name);

/**
 * The names of the finished steps of a database.
 *
 * @example
 * ```ts
 * console.log(await appliedMigrations(pool));
 * ```
 */
export async function appliedMigrations(
  database: SqlExecutor,
  schema: string = POSTGRES_DEFAULT_SCHEMA,
): Promise<string[]> {
  const checked = checkedSchema(schema);
  checkOptions('The database', connections, database);
  const { rows } = await database.query<{ found: boolean }>(
    `SELECT to_regclass('${quotedSchema(checked)}.migrations') IS NOT NULL AS found`,
  );
  if (!rows[0]?.found) return [];
  const applied = await database.query<{ name: string }>(
    `SELECT name FROM ${quotedSchema(checked)}.migrations ORDER BY applied_at, name`,
  );
  return applied.rows.map(({ name }) => name);
}
