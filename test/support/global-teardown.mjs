import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const LIMIT_MS = 10_000;

/** After all tests: ends the PostgreSQL of this run, if a spec has started one. */
export default async function globalTeardown() {
  const run = process.env.POSTGRES_RUN;
  if (!run || !existsSync(run)) return;
  writeFileSync(join(run, 'stop'), '');
  const started = join(run, 'folder');
  const folder = existsSync(started) ? readFileSync(started, 'utf8') : undefined;
  const endsAt = performance.now() + LIMIT_MS;
  while (folder && existsSync(folder) && performance.now() < endsAt) await pause(50);
  rmSync(run, { recursive: true, force: true });
}
