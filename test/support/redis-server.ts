import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort, RedisProcess } from './redis-process.mjs';
import { waitFor } from './wait-for.js';

/** Whether `redis-server` is on the PATH. `require-redis.mjs` says it loudly when it is not. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;
export const describeWithRedis = hasRedis ? describe : describe.skip;

/** A real Redis on a free port of 127.0.0.1, with files in a folder of its own. */
export class RedisServer {
  private readonly process: RedisProcess;
  /** For tests that look into it. */
  readonly client: Redis;

  private constructor(
    readonly port: number,
    private readonly folder: string,
    isCluster: boolean,
  ) {
    const cluster: Record<string, string> = isCluster
      ? { 'cluster-enabled': 'yes', 'cluster-announce-ip': '127.0.0.1' }
      : {};
    this.process = new RedisProcess({ port, directory: folder, ...cluster });
    this.client = new Redis(port, '127.0.0.1', { lazyConnect: true, retryStrategy: () => 20 });
    this.client.on('error', () => undefined);
  }

  /** @param options.cluster a cluster of this one node, which serves every slot */
  static async start({ cluster = false } = {}): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), mkdtempSync(join(tmpdir(), 'redis-')), cluster);
    await server.launch();
    if (!cluster) return server;
    await server.client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    await waitFor('the cluster to serve', async () =>
      String(await server.client.call('CLUSTER', 'INFO')).includes('cluster_state:ok'),
    );
    return server;
  }

  get url(): string {
    return this.process.url;
  }

  /** Starts it, on the data that it saved. */
  async launch(): Promise<void> {
    await this.process.start();
    await (this.client.status === 'wait' ? this.client.connect() : this.client.ping());
  }

  /** Kills it. */
  halt(): Promise<void> {
    return this.process.stop();
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
