import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startService, type ServiceProcess } from '../../tools/demo/service-process.mjs';
import { FaultyProxy } from './faulty-proxy.ts';
import type { Release } from './releases.ts';
import type { ClockOffset } from './stepped-clock.ts';

const ROOT = join(import.meta.dirname, '../..');
/**
 * `shutdownTimeoutMs`, 20 s; then 2 s for each transaction of PGlite that a request still waits for, for the last
 * publishes and the last settlements; and a machine that is busy.
 */
const STOP_LIMIT_MS = 60_000;
/** A machine that is busy, and calls that fail. */
const START_LIMIT_MS = 180_000;
const RESTART_AFTER_MS = 500;
const WARNING = /Warning:|Unhandled/;

/** The second release is the built service with one script more before it. */
const PRELOADED: Record<Release, string[]> = { 1: ['effect-log.ts'], 2: ['effect-log.ts', 'second-release.ts'] };

export interface BerthOptions {
  name: string;
  app: string;
  /** Of the broker. */
  endpoint: string;
  env: Record<string, string>;
  /** No process of it is ended: its memory is watched. */
  spared: boolean;
  /** Of its first process. */
  release: Release;
  /** Every process that ran is added. */
  pids: Set<number>;
  signal: AbortSignal;
}

/** What was done to which process, in milliseconds since the epoch. */
export interface Strike {
  pid: number;
  at: number;
}

/** One place for a service: a network and a wall clock of its own, and a process that is started again whenever it ends. */
export class ServiceSlot {
  readonly violations: string[] = [];
  readonly killedAt: Strike[] = [];
  readonly toldAt: Strike[] = [];
  readonly failedStarts: string[] = [];
  /** The longest that it took, in milliseconds. */
  slowestStop = 0;
  starts = 0;
  readonly name: string;
  readonly spared: boolean;
  readonly proxy: FaultyProxy;
  service: ServiceProcess | undefined;
  /** Of the process that runs here, or is about to. */
  release: Release;
  /** Of its wall clock from the machine's, in milliseconds. */
  clockOffsetMs = 0;
  readonly #options: BerthOptions;
  #stopped = false;
  #busy = false;
  #life: Promise<void> | undefined;
  #replace: () => void = () => undefined;
  /** Processes that were told to end and have a successor. */
  readonly #retiring = new Set<Promise<void>>();

  constructor(options: BerthOptions) {
    this.name = options.name;
    this.spared = options.spared;
    this.release = options.release;
    this.proxy = new FaultyProxy(Number(new URL(options.endpoint).port));
    this.#options = options;
  }

  /** Resolves when the first process is ready. */
  async start(): Promise<void> {
    await this.proxy.listen();
    await new Promise<void>(resolve => {
      this.#life = this.#live(resolve);
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.terminate();
    await this.#life;
    await Promise.all(this.#retiring);
    await this.proxy.close();
  }

  get url(): string | undefined {
    return this.service?.url;
  }

  /** kill -9. */
  kill(): boolean {
    const service = this.#take();
    if (!service) return false;
    this.killedAt.push({ pid: service.pid, at: Date.now() });
    process.kill(service.pid, 'SIGKILL');
    return true;
  }

  /** kill -9, whatever else is done to it. */
  abandon(): void {
    if (this.service) process.kill(this.service.pid, 'SIGKILL');
  }

  /** SIGTERM; ends within its time by itself, or that is a violation. */
  async terminate(): Promise<boolean> {
    while (this.#busy) await pause(50);
    const service = this.#take();
    if (!service) return false;
    await this.#tellToEnd(service);
    return true;
  }

  /** The process gets SIGTERM, and one of this release starts beside it. False: not now. */
  deploy(release: Release): boolean {
    const service = this.#take();
    if (!service) return false;
    this.release = release;
    const retired = this.#tellToEnd(service).finally(() => this.#retiring.delete(retired));
    this.#retiring.add(retired);
    this.#replace();
    return true;
  }

  /** Sets its wall clock, for the processes to come as well. */
  setClock(offsetMs: number): void {
    this.clockOffsetMs = offsetMs;
    this.service?.send({ clockOffsetMs: offsetMs } satisfies ClockOffset);
  }

  /** SIGSTOP, and SIGCONT after `ms`. */
  async freeze(ms: number): Promise<boolean> {
    const service = this.#take();
    if (!service) return false;
    process.kill(service.pid, 'SIGSTOP');
    await pause(ms);
    process.kill(service.pid, 'SIGCONT');
    this.#busy = false;
    return true;
  }

  async #tellToEnd(service: ServiceProcess): Promise<void> {
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
  }

  /** Undefined: there is no process now, or something is done to it already. */
  #take(): ServiceProcess | undefined {
    if (!this.service || this.#busy) return undefined;
    this.#busy = true;
    return this.service;
  }

  async #live(ready: () => void): Promise<void> {
    while (!this.#stopped) {
      const service = await this.#begin();
      if (!service) continue;
      this.#options.pids.add(service.pid);
      this.#busy = false;
      this.service = service;
      this.setClock(this.clockOffsetMs);
      ready();
      // It was starting when all were to end.
      if (this.#stopped) void this.terminate();
      const replaced = new Promise<undefined>(resolve => {
        this.#replace = () => resolve(undefined);
      });
      const end = await Promise.race([service.ended, replaced]);
      this.service = undefined;
      if (!end) {
        // Who replaced it waits for its end.
        this.#busy = false;
        continue;
      }
      const { code, signal } = end;
      if (!this.#busy) this.violations.push(`${this.name} ended by itself (${code ?? signal}): ${lastOf(service)}`);
      this.#busy = false;
    }
  }

  /** A service that cannot reach AWS when it starts says so and ends; who runs it starts it again. */
  async #begin(): Promise<ServiceProcess | undefined> {
    this.starts += 1;
    const { app, env, spared } = this.#options;
    const onLine = (_: string, line: string): void => {
      if (WARNING.test(line)) this.violations.push(`${this.name} said: ${line}`);
    };
    try {
      return await startService({
        ...this.#options,
        script: join(ROOT, `dist/apps/${app}/main.js`),
        env: {
          ...env,
          ...(spared && { WATCH_MEMORY: '1' }),
          AWS_ENDPOINT_URL: this.proxy.url,
          CLOCK_OFFSET_MS: String(this.clockOffsetMs),
          SOAK_RELEASE: String(this.release),
          NODE_OPTIONS: preloading(PRELOADED[this.release]),
        },
        onLine,
        startLimitMs: START_LIMIT_MS,
      });
    } catch (error) {
      const { message } = error as Error;
      if (!/ended with 1 while starting|is not ready after/.test(message)) throw error;
      this.failedStarts.push(message);
      await pause(RESTART_AFTER_MS);
      return undefined;
    }
  }
}

const preloading = (scripts: readonly string[]): string =>
  scripts.map(script => `--import ${join(import.meta.dirname, script)}`).join(' ');
const lastOf = ({ lines }: ServiceProcess): string => lines.slice(-5).join(' | ');
