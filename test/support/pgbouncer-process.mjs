// A real PgBouncer, for the time of a spec. It is on the PATH, or `node tools/fetch-pgbouncer.mjs` has unpacked it.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, cpSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { LeashedProcess } from './leashed-process.mjs';
import { freePort } from './redis-process.mjs';

/** Where Debian's packages are unpacked. */
export const UNPACKED = join(import.meta.dirname, '../../.tmp/pgbouncer');
const START_MS = 30_000;
/** PgBouncer refuses to run as root. */
const UNPRIVILEGED = 65_534;
const isRoot = process.getuid?.() === 0;
const asUser = isRoot ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};
/** Its end of input ends PgBouncer: none outlives the process that started it. */
const LEASHED = '"$@" & pid=$!; cat >/dev/null; kill -9 $pid 2>/dev/null; wait $pid';

/** Undefined: it is not here. */
export function findPgBouncer() {
  const { status, stdout } = spawnSync('sh', ['-c', 'PATH="$PATH:/usr/sbin:/sbin" command -v pgbouncer'], {
    encoding: 'utf8',
  });
  if (status === 0) return stdout.trim();
  const unpacked = join(UNPACKED, 'usr/sbin/pgbouncer');
  return existsSync(unpacked) ? unpacked : undefined;
}

/** One PgBouncer on a free port of 127.0.0.1, before one server. */
export class PgBouncerProcess extends LeashedProcess {
  constructor(folder, port, binary) {
    super(folder);
    this.port = port;
    this.binary = binary;
  }

  /**
   * @param databases by the name that clients use: what stands behind it, as in the section `[databases]`
   * @param settings as in the section `[pgbouncer]`
   */
  static async create(databases, settings = {}) {
    const found = findPgBouncer();
    if (!found) throw new Error('there is no pgbouncer: run `node tools/fetch-pgbouncer.mjs`, or install it');
    const folder = mkdtempSync(join(tmpdir(), 'pgbouncer-'));
    const port = await freePort();
    // The unprivileged user may not reach what lies in a home folder.
    const binary = found.startsWith(UNPACKED) ? join(folder, 'usr/sbin/pgbouncer') : found;
    if (binary !== found)
      cpSync(join(UNPACKED, 'usr'), join(folder, 'usr'), { recursive: true, verbatimSymlinks: true });
    const all = {
      listen_addr: '127.0.0.1',
      listen_port: port,
      unix_socket_dir: '',
      auth_type: 'trust',
      auth_file: join(folder, 'users'),
      logfile: join(folder, 'log'),
      ...settings,
    };
    const lines = entries => Object.entries(entries).map(([name, value]) => `${name} = ${value}`);
    const ini = ['[databases]', ...lines(databases), '[pgbouncer]', ...lines(all), ''];
    writeFileSync(join(folder, 'ini'), ini.join('\n'));
    writeFileSync(all.auth_file, '"postgres" ""\n');
    if (isRoot) {
      chmodSync(folder, 0o755);
      for (const path of [folder, join(folder, 'ini'), all.auth_file]) chownSync(path, UNPRIVILEGED, UNPRIVILEGED);
    }
    return new PgBouncerProcess(folder, port, binary);
  }

  url(database) {
    return `postgres://postgres@127.0.0.1:${this.port}/${database}`;
  }

  /** Resolves once it takes connections. */
  async start() {
    const shell = spawn('sh', ['-c', LEASHED, 'pgbouncer', this.binary, '-q', join(this.folder, 'ini')], {
      ...asUser,
      cwd: '/',
      env: { ...process.env, LD_LIBRARY_PATH: this.#libraries },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.holdLeash(shell);
    await once(shell, 'spawn');
    const endsAt = performance.now() + START_MS;
    while (!(await this.#answers())) {
      if (performance.now() > endsAt) throw new Error(`PgBouncer does not start: ${this.#log}`);
      await pause(20);
    }
  }

  /** Debian has a folder for each kind of machine. */
  get #libraries() {
    const machines = ['x86_64', 'aarch64'].map(machine => join(this.folder, `usr/lib/${machine}-linux-gnu`));
    return machines.filter(existsSync).join(':');
  }

  get #log() {
    const file = join(this.folder, 'log');
    return existsSync(file) ? readFileSync(file, 'utf8') : 'it wrote no log';
  }

  #answers() {
    return new Promise(resolve => {
      const socket = connect(this.port, '127.0.0.1');
      const end = isThere => {
        socket.destroy();
        resolve(isThere);
      };
      socket.once('connect', () => end(true));
      socket.once('error', () => end(false));
    });
  }
}
