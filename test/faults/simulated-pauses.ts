import { Pauses, type Pausable } from '#lib/server/steer/pauses.js';
import { SharedPauses } from '#lib/server/steer/shared-pauses.js';
import type { SteeringStore } from '#lib/interfaces/steering-store.interface.js';

const SILENT = { log: () => undefined, warn: () => undefined };
/** The library's own look, less often, so that a schedule of hours stays quick. */
export const LOOK_EVERY_MS = 20_000;

export interface PausesOptions {
  queues: readonly string[];
  consumers: () => readonly Pausable[];
  /** Undefined: a pause concerns this process only. */
  store: SteeringStore | undefined;
}

/** `pause()` and `resume()` of a process, as `ServerSQS` has them. */
export class SimulatedPauses {
  readonly #queues: readonly string[];
  readonly #pauses: Pauses;
  readonly #shared: SharedPauses | undefined;

  constructor({ queues, consumers, store }: PausesOptions) {
    this.#queues = queues;
    this.#pauses = new Pauses({ prefix: '', queues: () => queues, consumers, logger: SILENT });
    const shared = { scope: 'service', pauses: this.#pauses, logger: SILENT, everyMs: LOOK_EVERY_MS };
    this.#shared = store && new SharedPauses({ store, ...shared });
  }

  /** Undefined: nothing has to be known before the consumers start. */
  start(): Promise<void> | undefined {
    return this.#shared?.start().then(() => this.#pauses.apply());
  }

  /** Resolves when others can know. */
  async pause(): Promise<void> {
    void this.#pauses.pause();
    await this.#shared?.note(this.#queues, true);
  }

  resume(): void {
    this.#pauses.resume();
    void this.#shared?.note(this.#queues, false);
  }

  stop(): void {
    this.#shared?.stop();
  }
}
