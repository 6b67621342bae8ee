// Unpacks Debian's PgBouncer for test/postgres/pgbouncer.spec.ts where there is none: no service is installed or started.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { findPgBouncer, UNPACKED } from '../test/support/pgbouncer-process.mjs';

const LIMIT_MS = 300_000;

function call(command, args) {
  const options = { cwd: UNPACKED, encoding: 'utf8', timeout: LIMIT_MS };
  const { status, stdout, stderr, error } = spawnSync(command, args, options);
  return { output: stdout, problem: status === 0 ? undefined : (error?.message ?? `${stdout}${stderr}`.trim()) };
}

/** The libraries have other names in each release. */
function download() {
  const { output, problem } = call('apt-cache', ['depends', '--no-recommends', '--no-suggests', 'pgbouncer']);
  if (problem !== undefined) return problem;
  const libraries = [...output.matchAll(/^ +Depends: (lib\S+)$/gm)].map(([, name]) => name);
  return call('apt-get', ['download', '-qq', 'pgbouncer', ...libraries.filter(name => name !== 'libc6')]).problem;
}

if (!findPgBouncer()) {
  mkdirSync(UNPACKED, { recursive: true });
  let problem = download();
  if (problem !== undefined) {
    // The lists of packages may be missing or old.
    const [command, ...args] = process.getuid() === 0 ? ['apt-get'] : ['sudo', 'apt-get'];
    problem = call(command, [...args, 'update', '-qq']).problem ?? download();
  }
  for (const name of problem === undefined ? readdirSync(UNPACKED) : []) {
    if (name.endsWith('.deb')) problem ??= call('dpkg-deb', ['--extract', name, '.']).problem;
  }
  if (problem !== undefined) {
    console.error(`PgBouncer cannot be fetched: ${problem}`);
    process.exit(1);
  }
}
console.log(findPgBouncer());
