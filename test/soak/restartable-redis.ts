import { setTimeout as pause } from 'node:timers/promises';
import { RedisProcess } from '../support/redis-process.mjs';

/** From when to when, in milliseconds since the epoch. */
export interface Outage {
  from: number;
  to: number;
}

/** A redis-server that writes each change to its disk before it answers, and that may go away. */
export class RestartableRedis extends RedisProcess {
  readonly outages: Outage[] = [];
  #restarting: Promise<void> = Promise.resolve();

  constructor(port: number, directory: string) {
    super({ port, directory, appendfsync: 'always' });
  }

  restart(ms: number): Promise<void> {
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
}
