import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { LeashedProcess } from './leashed-process.mjs';

/** Its end of input ends Redis: none outlives the process that started it, however that ends. */
const LEASHED = 'redis-server "$@" >/dev/null & pid=$!; cat >/dev/null; kill -9 $pid 2>/dev/null; wait $pid';

const START_LIMIT_MS = 15_000;

/** A redis-server on a port of 127.0.0.1; what it has answered for is in the append-only file of its folder. */
export class RedisProcess extends LeashedProcess {
  #settings;

  constructor({ port, directory, ...settings }) {
    super();
    this.port = port;
    // With `everysec` Redis answers for writes that it puts off while the disk is busy, for up to two seconds, and a kill
    // loses them. With `no` each is written before its answer, and only a crash of the machine loses it.
    const durable = { save: '', appendonly: 'yes', appendfsync: 'no' };
    this.#settings = { port, dir: directory, bind: '127.0.0.1', ...durable, ...settings };
  }

  get url() {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Resolves once it answers; rejects when it does not within its time. */
  async start() {
    const args = Object.entries(this.#settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const shell = spawn('sh', ['-c', LEASHED, 'redis', ...args], { stdio: ['pipe', 'ignore', 'ignore'] });
    this.holdLeash(shell);
    await once(shell, 'spawn');
    const endsAt = Date.now() + START_LIMIT_MS;
    while (!(await this.#answers())) {
      if (Date.now() > endsAt) throw new Error(`redis-server does not answer on port ${this.port}`);
      await pause(20);
    }
  }

  #answers() {
    return new Promise(resolve => {
      const socket = connect(this.port, '127.0.0.1');
      const end = isThere => {
        socket.destroy();
        resolve(isThere);
      };
      socket.once('data', data => end(String(data).startsWith('+PONG')));
      socket.once('error', () => end(false));
      socket.once('close', () => end(false));
      socket.write('PING\r\n');
    });
  }
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
