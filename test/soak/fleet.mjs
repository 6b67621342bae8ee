import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startService } from '../../tools/demo/service-process.mjs';
import { FaultyProxy } from './faulty-proxy.mjs';

const ROOT = join(import.meta.dirname, '../..');
/**
 * `shutdownTimeoutMs`, 20 s; then 2 s for each transaction of PGlite that a request still waits for, for the last
 * publishes and the last settlements; and a machine that is busy.
 */
const STOP_LIMIT_MS = 60_000;
const RESTART_AFTER_MS = 500;
const WARNING = /Warning:|Unhandled/;

/** One place for a service: a network of its own, and a process that is started again whenever it ends. */
export class Berth {
  violations = [];
  starts = 0;
  #options;
  #stopped = false;
  #busy = false;
  #pids;
  #life;

  /**
   * @param spared no process of it is ended: its memory is watched
   * @param pids every process that ran is added
   */
  constructor({ name, app, endpoint, env, spared, pids, signal }) {
    this.name = name;
    this.spared = spared;
    this.proxy = new FaultyProxy(Number(new URL(endpoint).port));
    this.#pids = pids;
    this.#options = { name, script: join(ROOT, `dist/apps/${app}/main.js`), signal };
    this.#options.env = { ...env, ...(spared && { WATCH_MEMORY: '1' }) };
  }

  /** Resolves when the first process is ready. */
  async start() {
    await this.proxy.listen();
    const { promise, resolve } = Promise.withResolvers();
    this.#life = this.#live(resolve);
    await promise;
  }

  async stop() {
    this.#stopped = true;
    await this.terminate();
    await this.#life;
    await this.proxy.close();
  }

  get url() {
    return this.service?.url;
  }

  /** kill -9. */
  kill() {
    if (!this.#take()) return false;
    this.killedAt.push({ pid: this.service.pid, at: Date.now() });
    process.kill(this.service.pid, 'SIGKILL');
    return true;
  }
  killedAt = [];

  toldAt = [];
  /** The longest that it took, in milliseconds. */
  slowestStop = 0;

  /** kill -9, whatever else is done to it. */
  abandon() {
    if (this.service) process.kill(this.service.pid, 'SIGKILL');
  }

  /** SIGTERM; ends within its time by itself, or that is a violation. */
  async terminate() {
    while (this.#busy) await pause(50);
    const { service } = this;
    if (!service || !this.#take()) return false;
    const at = Date.now();
    this.toldAt.push({ pid: service.pid, at });
    process.kill(service.pid, 'SIGTERM');
    const timer = setTimeout(() => {
      this.violations.push(`${this.name} has not ended ${STOP_LIMIT_MS} ms after SIGTERM`);
      process.kill(service.pid, 'SIGKILL');
    }, STOP_LIMIT_MS);
    await service.ended;
    clearTimeout(timer);
    this.slowestStop = Math.max(this.slowestStop, Date.now() - at);
    return true;
  }

  /** SIGSTOP, and SIGCONT after `ms`. */
  async freeze(ms) {
    const { service } = this;
    if (!service || !this.#take()) return false;
    process.kill(service.pid, 'SIGSTOP');
    await pause(ms);
    process.kill(service.pid, 'SIGCONT');
    this.#busy = false;
    return true;
  }

  /** False: there is no process now, or something is done to it already. */
  #take() {
    if (!this.service || this.#busy) return false;
    this.#busy = true;
    return true;
  }

  async #live(ready) {
    while (!this.#stopped) {
      const service = await this.#begin();
      if (!service) continue;
      this.#pids.add(service.pid);
      this.#busy = false;
      this.service = service;
      ready();
      const { code, signal } = await service.ended;
      this.service = undefined;
      if (!this.#busy) this.violations.push(`${this.name} ended by itself (${code ?? signal}): ${lastOf(service)}`);
      this.#busy = false;
    }
  }

  /** A service that cannot reach AWS when it starts says so and ends; who runs it starts it again. */
  async #begin() {
    this.starts += 1;
    const onLine = (_, line) => {
      if (WARNING.test(line)) this.violations.push(`${this.name} said: ${line}`);
    };
    try {
      return await startService({
        ...this.#options,
        env: { ...this.#options.env, AWS_ENDPOINT_URL: this.proxy.url },
        onLine,
      });
    } catch (error) {
      if (!/ended with 1 while starting|is not ready after/.test(error.message)) throw error;
      this.failedStarts.push(error.message);
      await pause(RESTART_AFTER_MS);
      return undefined;
    }
  }
  failedStarts = [];
}

const lastOf = ({ lines }) => lines.slice(-5).join(' | ');
