import { setTimeout as pause } from 'node:timers/promises';
import { RedisProcess } from '../support/redis-process.mjs';

/** A redis-server that writes each change to its disk before it answers, and that may go away. */
export class RestartableRedis extends RedisProcess {
  /** From when to when it was away, in milliseconds since the epoch. */
  outages = [];
  #restarting = Promise.resolve();

  constructor(port, directory) {
    super({ port, directory, appendfsync: 'always' });
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
}
