import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, Pool, type PoolClient, type PoolConfig } from 'pg';
import { hasPostgres, makeFolder, PostgresProcess } from './postgres-process.mjs';
import { waitFor } from './wait-for.js';

export { hasPostgres };
export const describeWithPostgres = hasPostgres ? describe : describe.skip;

const START_LIMIT_MS = 90_000;
/** For connections that come back a moment later. */
const GIVE_BACK_MS = 5_000;

/** The server of this run of Jest: `DATABASE_URL`, or one that the first spec to need it starts for all. */
async function serverUrl(): Promise<string> {
  const given = process.env['DATABASE_URL'];
  if (given) return given;
  const run = process.env['POSTGRES_RUN'] ?? '';
  const [url, error] = [join(run, 'url'), join(run, 'error')];
  if (isFirst(run)) {
    try {
      const server = await PostgresProcess.create();
      write(join(run, 'folder'), server.folder);
      await server.start({ owner: Number(process.env['POSTGRES_OWNER']), stop: join(run, 'stop') });
      write(url, server.url);
    } catch (thrown) {
      write(error, String(thrown));
    }
  }
  await waitFor('PostgreSQL to start', () => existsSync(url) || existsSync(error), START_LIMIT_MS);
  if (existsSync(error)) throw new Error(readFileSync(error, 'utf8'));
  return readFileSync(url, 'utf8');
}

/** Making a folder succeeds once. */
function isFirst(run: string): boolean {
  try {
    makeFolder(run);
    return true;
  } catch {
    return false;
  }
}

/** Whoever finds the file finds all of it. */
function write(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

/** A database of a spec's own on the real PostgreSQL of this run. */
export class TestDatabase {
  /** Of its superuser. */
  readonly pool: Pool;
  private readonly pools: Pool[] = [];
  private readonly clients: PoolClient[] = [];

  private constructor(
    private readonly server: string,
    readonly name: string,
  ) {
    this.pool = this.connect();
  }

  static async create(): Promise<TestDatabase> {
    const server = await serverUrl();
    const name = `test_${randomBytes(6).toString('hex')}`;
    await asAdmin(server, `CREATE DATABASE ${name} TEMPLATE template0`);
    return new TestDatabase(server, name);
  }

  get url(): string {
    const url = new URL(this.server);
    url.pathname = `/${this.name}`;
    return url.href;
  }

  /** Another pool on it, which {@link drop} closes. */
  connect(config: PoolConfig = {}): Pool {
    const pool = new Pool({ connectionString: this.url, ...config });
    // Of idle connections that the test cuts.
    pool.on('error', () => undefined);
    pool.on('connect', client => this.clients.push(client));
    this.pools.push(pool);
    return pool;
  }

  /** Runs SQL as the server's superuser, in the server's own database. */
  admin(sql: string): Promise<void> {
    return asAdmin(this.server, sql);
  }

  /** Ends every connection to the database, as a restart does. */
  async cutConnections(): Promise<void> {
    await this.admin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${this.name}'`);
  }

  /** A connection that a failed test has not given back is cut: what is told is that test, and no socket that stays. */
  async drop(): Promise<void> {
    await Promise.race([
      Promise.all(this.pools.map(pool => pool.end())),
      pause(GIVE_BACK_MS, undefined, { ref: false }),
    ]);
    for (const client of this.clients) client.on('error', () => undefined);
    await this.admin(`DROP DATABASE IF EXISTS ${this.name} WITH (FORCE)`);
  }
}

async function asAdmin(server: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
