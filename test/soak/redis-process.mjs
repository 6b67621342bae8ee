import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** A redis-server of the soak's own, which writes each change to its disk before it answers. */
export class RedisProcess {
  /** From when to when it was away, in milliseconds since the epoch. */
  outages = [];
  #child;
  #restarting = Promise.resolve();

  constructor(port, directory) {
    this.port = port;
    this.directory = directory;
    process.once('exit', () => this.#child?.kill('SIGKILL'));
  }

  get url() {
    return `redis://127.0.0.1:${this.port}`;
  }

  get pid() {
    return this.#child.pid;
  }

  async start() {
    const options = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '', '--bind', '127.0.0.1'];
    this.#child = spawn('redis-server', ['--port', String(this.port), '--dir', this.directory, ...options], {
      stdio: 'ignore',
    });
    await once(this.#child, 'spawn');
    while (!(await this.#answers())) await pause(20);
  }

  async stop() {
    this.#child.kill('SIGTERM');
    await once(this.#child, 'exit');
  }

  restart(ms) {
    this.#restarting = this.#restarting.then(async () => {
      const outage = { from: Date.now(), to: Infinity };
      this.outages.push(outage);
      await this.stop();
      await pause(ms);
      await this.start();
      outage.to = Date.now();
    });
    return this.#restarting;
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
      socket.write('PING\r\n');
    });
  }
}
