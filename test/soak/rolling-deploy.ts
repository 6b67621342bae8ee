import { setTimeout as pause } from 'node:timers/promises';
import type { ServiceSlot } from './fleet.ts';
import type { Release } from './releases.ts';

export interface RollingDeployOptions {
  /** Of one service. Others of it stay with the first release, so that both run side by side all the time. */
  berths: readonly ServiceSlot[];
  everyMs: number;
}

const LOOK_EVERY_MS = 100;
const otherThan = (release: Release): Release => (release === 1 ? 2 : 1);

/** Again and again one process of a service is replaced by one of the other release: a deploy, a rollback, a deploy. */
export class RollingDeploy {
  done = 0;
  readonly #berths: readonly ServiceSlot[];
  readonly #everyMs: number;
  readonly #end = new AbortController();

  constructor({ berths, everyMs }: RollingDeployOptions) {
    this.#berths = berths;
    this.#everyMs = everyMs;
  }

  /** Resolves once it has been told to end, and every one of these processes is told to be of the second release. */
  async run(): Promise<void> {
    for (let turn = 0; !this.#end.signal.aborted; turn += 1) {
      const berth = this.#berths[turn % this.#berths.length];
      if (berth) await this.#deploy(berth, otherThan(berth.release));
      await pause(this.#everyMs, undefined, { signal: this.#end.signal }).catch(() => undefined);
    }
    // What only the second one knows must not wait for ever.
    for (const berth of this.#berths) if (berth.release === 1) await this.#deploy(berth, 2);
  }

  end(): void {
    this.#end.abort();
  }

  /** Something else may be done to the process now. */
  async #deploy(berth: ServiceSlot, release: Release): Promise<void> {
    while (!berth.deploy(release)) await pause(LOOK_EVERY_MS);
    this.done += 1;
  }
}
