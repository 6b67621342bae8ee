import { setTimeout as pause } from 'node:timers/promises';
import { Broker } from '#broker/core/broker.js';
import { FaultPlan, type FaultRule } from '#broker/faults/fault-plan.js';
import { HttpServer } from '#broker/http/server.js';
import { SystemClock } from '#broker/system-clock.js';

/**
 * The embedded broker, whose HTTP face can go away and come back. Its state stays, as that of SNS and SQS would: they
 * keep messages on disks of several data centres, the embedded broker in memory.
 */
export class RestartableBroker {
  readonly core: Broker;
  readonly #faults: FaultPlan;
  #server: HttpServer | undefined;
  #port = 0;
  #restarting: Promise<unknown> = Promise.resolve();

  constructor({ seed, random }: { seed: number; random: () => number }) {
    const defer = (run: () => void): unknown => setImmediate(() => run());
    this.core = new Broker({ clock: new SystemClock(), seed, region: 'us-east-1', accountId: '000000000000', defer });
    this.#faults = new FaultPlan(() => this.core.now(), random);
  }

  async listen(): Promise<string> {
    this.#server = new HttpServer(this.core, this.#faults);
    const endpoint = await this.#server.listen(this.#port);
    this.#port = Number(new URL(endpoint).port);
    return endpoint;
  }

  /** Every connection is cut, and nobody listens for `ms`. */
  restart(ms: number): Promise<unknown> {
    this.#restarting = this.#restarting.then(async () => {
      await this.#server?.close();
      await pause(ms);
      await this.listen();
    });
    return this.#restarting;
  }

  async misbehave(rule: FaultRule, ms: number): Promise<void> {
    const remove = this.#faults.add(rule);
    await pause(ms);
    remove();
  }

  async stop(): Promise<void> {
    await this.#server?.close();
    this.core.deadlines.clear();
  }
}
