import { setTimeout as pause } from 'node:timers/promises';
import type { PostgresProcess } from '../../support/postgres-process.mjs';
import type { ServiceSlot } from '../fleet.ts';
import type { RestartableBroker } from '../restartable-broker.ts';

export interface OutagesOptions {
  random: () => number;
  berths: readonly ServiceSlot[];
  /** Of these one is left alive at least: on a slow machine nothing would happen else. */
  serving: readonly ServiceSlot[];
  postgres: PostgresProcess;
  broker: RestartableBroker;
  /** For how long, in milliseconds. */
  ms: number;
}

const KILL_EVERY_MS = 1_000;
/** When PostgreSQL and the broker are restarted: shares of the time. */
const POSTGRES_AT = [0.3, 0.7];
const BROKER_AT = [0.2, 0.6];
const AWAY_MS = 500;

/** kill -9 of one process each second; PostgreSQL and the broker are restarted twice. */
export class Outages {
  kills = 0;
  postgresRestarts = 0;
  brokerRestarts = 0;
  readonly #options: OutagesOptions;

  constructor(options: OutagesOptions) {
    this.#options = options;
  }

  /** Resolves when everything runs again. */
  async run(): Promise<void> {
    await Promise.all([this.#kill(), this.#restartPostgres(), this.#restartBroker()]);
  }

  async #kill(): Promise<void> {
    const { berths, random, ms } = this.#options;
    for (const endsAt = performance.now() + ms; performance.now() < endsAt; await pause(KILL_EVERY_MS)) {
      const first = Math.floor(random() * berths.length);
      // One that starts cannot be killed: another one is.
      const killed = berths.some((_, at) => this.#killOne(berths[(first + at) % berths.length]));
      if (killed) this.kills += 1;
    }
  }

  #killOne(berth: ServiceSlot | undefined): boolean {
    const { serving } = this.#options;
    const others = serving.filter(each => each !== berth && each.url !== undefined);
    if (!berth || (serving.includes(berth) && others.length === 0)) return false;
    return berth.kill();
  }

  async #restartPostgres(): Promise<void> {
    const { postgres } = this.#options;
    for await (const _ of this.#at(POSTGRES_AT)) {
      await postgres.stop();
      await pause(AWAY_MS);
      await postgres.start();
      this.postgresRestarts += 1;
    }
  }

  async #restartBroker(): Promise<void> {
    for await (const _ of this.#at(BROKER_AT)) {
      await this.#options.broker.restart(AWAY_MS);
      this.brokerRestarts += 1;
    }
  }

  async *#at(shares: readonly number[]): AsyncGenerator<number> {
    const startedAt = performance.now();
    for (const share of shares) {
      await pause(Math.max(0, startedAt + share * this.#options.ms - performance.now()));
      yield share;
    }
  }
}
