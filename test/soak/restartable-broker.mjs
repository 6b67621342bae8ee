import { setTimeout as pause } from 'node:timers/promises';
import { Broker } from '../../dist/libs/local-sns-sqs/esm/core/broker.js';
import { FaultPlan } from '../../dist/libs/local-sns-sqs/esm/faults/fault-plan.js';
import { HttpFace } from '../../dist/libs/local-sns-sqs/esm/http/server.js';
import { SystemClock } from '../../dist/libs/local-sns-sqs/esm/system-clock.js';

/**
 * The embedded broker, whose HTTP face can go away and come back. Its state stays, as that of SNS and SQS would: they
 * keep messages on disks of several data centres, the embedded broker in memory.
 */
export class RestartableBroker {
  #faults;
  #face;
  #port = 0;
  #restarting = Promise.resolve();

  constructor({ seed, random }) {
    const defer = run => setImmediate(() => run());
    this.core = new Broker({ clock: new SystemClock(), seed, region: 'us-east-1', accountId: '000000000000', defer });
    this.#faults = new FaultPlan(() => this.core.now(), random);
  }

  async listen() {
    this.#face = new HttpFace(this.core, this.#faults);
    const endpoint = await this.#face.listen(this.#port);
    this.#port = Number(new URL(endpoint).port);
    return endpoint;
  }

  /** Every connection is cut, and nobody listens for `ms`. */
  restart(ms) {
    this.#restarting = this.#restarting.then(async () => {
      await this.#face.close();
      await pause(ms);
      await this.listen();
    });
    return this.#restarting;
  }

  async misbehave(rule, ms) {
    const remove = this.#faults.add(rule);
    await pause(ms);
    remove();
  }

  async stop() {
    await this.#face.close();
    this.core.deadlines.clear();
  }
}
