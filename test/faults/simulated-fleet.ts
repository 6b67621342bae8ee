import type { InboxClaim, InboxDone } from '#lib/interfaces/inbox-store.interface.js';
import { Violation, type Fate, type StoreTruth } from './fate.ts';
import type { Fates } from './fates.ts';
import type { FaultyStore } from './faulty-store.ts';
import type { FaultyWire } from './faulty-wire.ts';
import type { Schedule } from './schedule.ts';
import { SimulatedProcess } from './simulated-process.ts';
import type { Stage } from './stage.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Longer than any handler takes. */
const HANDLERS_END_MS = 400_000;
/** A stop takes its time, and what is under way then gets this much. */
const STOP_GRACE_MS = 60_000;

export interface FleetParts {
  schedule: Schedule;
  stage: Stage;
  fates: Fates;
  random: () => number;
  time: VirtualTime;
  wire: (endedAt: Map<string, number>) => FaultyWire;
  sharedStore: (process: () => SimulatedProcess) => FaultyStore;
  sharedTruth: StoreTruth;
  fateOf: (claim: InboxClaim) => Fate | undefined;
  noteDone: (truth: StoreTruth, claim: InboxClaim, done: InboxDone) => void;
  /** Every process knows of a pause. */
  arePaused: () => boolean;
  /** The faults are over. */
  isCalm: () => boolean;
}

/** The processes of a service: they start, crash, are replaced, and stop. */
export class SimulatedFleet {
  /** All that ever ran, and those that run now. */
  readonly processes: SimulatedProcess[] = [];
  readonly current: SimulatedProcess[] = [];
  readonly #parts: FleetParts;

  constructor(parts: FleetParts) {
    this.#parts = parts;
  }

  start(version: number): SimulatedProcess {
    const {
      schedule,
      stage,
      fates,
      random,
      time,
      sharedTruth: truth,
      fateOf,
      noteDone,
      arePaused,
      isCalm,
    } = this.#parts;
    const endedAt = new Map<string, number>();
    const process: SimulatedProcess = new SimulatedProcess({
      schedule,
      stage,
      fates,
      random,
      endedAt,
      now: () => time.now,
      version,
      wire: this.#parts.wire(endedAt),
      shared: schedule.inbox === 'shared' ? { store: this.#parts.sharedStore(() => process), truth } : undefined,
      fateOf,
      noteDone,
      noteRefused: (queue, id) => {
        for (const fate of fates.all) if (fate.queue === queue && fate.ids.has(id)) fate.isRefused = true;
      },
      arePaused,
      kill: () => this.crash(process),
      isCalm,
    });
    this.processes.push(process);
    return process;
  }

  at(which: number): SimulatedProcess {
    const process = this.current[which % this.current.length];
    if (!process) throw new Error(`no process ${which}`);
    return process;
  }

  /** Within a quarter of a second, as the library's own watch does. */
  lookAtClocks(): void {
    for (const { watch } of this.current) setTimeout(() => watch.check(), this.#parts.random() * 250);
  }

  /** kill -9, and a new process of the same version. */
  crash(process: SimulatedProcess): void {
    if (!process.alive) return;
    process.retire('died');
    const at = this.current.indexOf(process);
    if (at >= 0) this.current[at] = this.start(this.#parts.schedule.versions.indexOf(process.version));
  }

  /** SIGTERM, and a new process at the same time. */
  async restart({ which, version, within }: Schedule['restarts'][number]): Promise<void> {
    const process = this.at(which);
    this.current[this.current.indexOf(process)] = this.start(version);
    void process.stop(within);
    await this.#parts.time.run(within + STOP_GRACE_MS, () => process.stopped || !process.alive);
    if (process.alive && !process.stopped)
      throw new Violation(`stop(${within}) has not ended ${STOP_GRACE_MS} ms after its time`);
    process.retire('cut');
  }

  /**
   * Receives of a message that SQS counted and nobody got, or that a process got which has gone: others cannot know that
   * it did not try it.
   */
  unheard(fate: Fate): number {
    return this.processes.reduce((sum, process) => {
      const { wire, alive } = process;
      const runs = fate.runs.filter(({ runner }) => runner === process).length;
      const untold = alive ? 0 : Math.max(0, wire.receivesOf(fate.ids) - runs);
      return sum + wire.unheardOf(fate.ids) + untold;
    }, 0);
  }

  /** Throws when one does not end, or leaves anything behind. */
  async stopAll(): Promise<void> {
    const { time } = this.#parts;
    // A handler that kills its process later starts none in its place.
    this.current.length = 0;
    const stops = this.processes.map(process => process.stop(0));
    let ended = false;
    void Promise.all(stops).then(() => {
      ended = true;
    });
    await time.run(120_000, () => ended);
    if (!ended) throw new Violation('a consumer has not stopped');
    await time.run(HANDLERS_END_MS);
    if (time.pending > 0)
      throw new Violation(`${time.pending} timers are left after everything has stopped: ${time.timers.join()}`);
    for (const { consumers, alive } of this.processes) {
      for (const consumer of alive ? consumers : [])
        for (const [what, count] of Object.entries(consumer.snapshot()))
          if (count !== 0) throw new Violation(`${count} ${what} are left in a closed consumer`);
    }
  }
}
