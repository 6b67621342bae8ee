import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { waitFor } from './wait-for.js';

/** Whether `redis-server` is on the PATH. `require-redis.mjs` says it loudly when it is not. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;
export const describeWithRedis = hasRedis ? describe : describe.skip;

/** Its end of input ends Redis: none outlives the process that started it, however that ends. */
const LEASHED = 'redis-server "$@" >/dev/null & pid=$!; cat >/dev/null; kill -9 $pid 2>/dev/null; wait $pid';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A real Redis on a free port of 127.0.0.1, with files in a folder of its own. */
export class RedisServer {
  private readonly folder = mkdtempSync(join(tmpdir(), 'redis-'));
  private shell: ChildProcess | undefined;
  /** For tests that look into it. */
  readonly client: Redis;

  private constructor(
    readonly port: number,
    private readonly isCluster: boolean,
  ) {
    this.client = new Redis(port, '127.0.0.1', { lazyConnect: true, retryStrategy: () => 20 });
    this.client.on('error', () => undefined);
  }

  /** @param options.cluster a cluster of this one node, which serves every slot */
  static async start({ cluster = false } = {}): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), cluster);
    await server.launch();
    if (!cluster) return server;
    await server.client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    await waitFor('the cluster to serve', async () =>
      String(await server.client.call('CLUSTER', 'INFO')).includes('cluster_state:ok'),
    );
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it, on the data that it saved: it keeps an append-only file. */
  async launch(): Promise<void> {
    const settings = { port: this.port, bind: '127.0.0.1', dir: this.folder, save: '""', appendonly: 'yes' };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    // `--save ""` has to reach Redis as an empty text.
    const given = args.map(arg => (arg === '""' ? '' : arg));
    const cluster = this.isCluster ? ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'] : [];
    this.shell = spawn('sh', ['-c', LEASHED, 'redis', ...given, ...cluster], { stdio: ['pipe', 'ignore', 'ignore'] });
    if (this.client.status === 'wait') await this.client.connect().catch(() => undefined);
    await waitFor('Redis to answer', async () => (await this.client.ping().catch(() => '')) === 'PONG');
  }

  /** Kills it. */
  async halt(): Promise<void> {
    if (!this.shell) return;
    const ended = once(this.shell, 'exit');
    this.shell.stdin?.end();
    this.shell = undefined;
    await ended;
  }

  /** It stands still: connections stay, nothing is answered. Gives the way to wake it. */
  async freeze(): Promise<() => void> {
    const info = await this.client.info('server');
    const pid = Number(/process_id:(\d+)/.exec(info)?.[1]);
    process.kill(pid, 'SIGSTOP');
    return () => process.kill(pid, 'SIGCONT');
  }

  async stop(): Promise<void> {
    this.client.disconnect();
    await this.halt();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
