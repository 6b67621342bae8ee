import { docsPage } from '../errors/docs-page.js';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Command } from 'commander';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import { peek, thrownText } from '../errors/thrown.js';
import type { SqlExecutor } from '../interfaces/sql.interface.js';
import { sqlStateOf } from '../postgres/sql/sql-state.js';
import { CliError } from './cli-error.js';
import type { CliIo } from './io.js';

export interface DatabaseOptions {
  database?: string;
  schema?: string;
}

/** Where the database is. */
export const withDatabase = (command: Command): Command =>
  command
    .option('--database <url>', 'the database, such as postgres://user:secret@host/name (default: DATABASE_URL)')
    .option('--schema <name>', 'the schema of the tables (default: nestjs_sns_sqs)');

interface Pool extends SqlExecutor {
  on(event: 'error', listener: () => void): unknown;
  end(): Promise<void>;
}
interface Pg {
  Pool: new (options: { connectionString: string; max: number }) => Pool;
}

/** Runs with connections of the project's own `pg`, and closes them. Rejects with a CliError where there is none. */
export async function withPool<T>(
  { database }: DatabaseOptions,
  { env, cwd }: CliIo,
  work: (pool: SqlExecutor) => Promise<T>,
): Promise<T> {
  const connectionString = database ?? env['DATABASE_URL'];
  if (!connectionString) throw new CliError('Name the database: --database postgres://…, or DATABASE_URL');
  const { Pool } = loadPg(cwd);
  const pool = new Pool({ connectionString, max: 4 });
  // Of connections that are idle; the next query tells.
  pool.on('error', () => undefined);
  try {
    return await work(pool);
  } catch (error) {
    throw withRemedy(error);
  } finally {
    await pool.end();
  }
}

const REMEDIES: Record<string, string> = {
  '42P01': 'make the tables by `npx nestjs-sns-sqs outbox migrate`, or name their schema by --schema',
  '42883': 'bring the tables up to date by `npx nestjs-sns-sqs outbox migrate`',
  '42703': 'bring the tables up to date by `npx nestjs-sns-sqs outbox migrate`',
  '42501': `give the user of --database the permissions of ${docsPage('outbox.md')}, or name another user`,
};
const UNREACHABLE = /^(ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|28|3D000|57P03)/;

/** The error of a database, with what to do about it where that is known. */
function withRemedy(error: unknown): unknown {
  if (error instanceof CliError || error instanceof SnsSqsError) return error;
  const code = sqlStateOf(error) ?? String(peek(error, 'code'));
  const remedy = REMEDIES[code] ?? (UNREACHABLE.test(code) ? 'check --database, or DATABASE_URL' : undefined);
  return remedy === undefined ? error : new CliError(`${thrownText(error)}. Remedy: ${remedy}.`, { cause: error });
}

function loadPg(cwd: string): Pg {
  try {
    return createRequire(join(cwd, 'package.json'))('pg') as Pg;
  } catch (error) {
    throw new CliError(`The package pg could not be loaded: ${thrownText(error)}. Install it: npm install pg`, {
      cause: error,
    });
  }
}
