import { monotonicNow } from '../../async/clock.js';
import type { Delivery } from '../delivery.js';
import type { AttemptCounter } from './attempt-counter.js';
import { MarkSightings } from './mark-sightings.js';
import type { SoloRuns } from './solo-runs.js';
import { saysAlone, StartMarks, type KnownMark, type StartMarksOptions } from './start-marks.js';

export interface SuspectsOptions extends StartMarksOptions {
  maxReceiveCount: number;
  attempts: Pick<AttemptCounter, 'unknownReceives'>;
  solo: SoloRuns;
  now?: () => number;
}

/** AWS takes 50 tags on a queue, and others have some too. */
const MAX_MARKS = 20;
/** Of the lease: for so long a mark is the same that is of a process that has died. It is renewed far more often. */
const DEAD_SHARE = 0.9;
/** Of so few attempts none is left to try a message alone: its first mark decides. */
const FEWEST_TO_TRY_ALONE = 3;
/** For so many leases a suspect waits while all marks are taken, and are the same: their messages may come no more. */
const FULL_LEASES = 4;
/** Messages whose deaths are remembered. */
const REMEMBERED = 1_000;

/**
 * Tells a message that kills its process from one that was only handed out often. Where no store counts starts for all
 * processes, SQS's receive count is all that outlives a process, and it counts both alike. So a message that has been
 * received nearly as often as it may be tried, by processes that this one knows nothing of, is marked in the queue's
 * tags while its handler runs, under a name of the process's own. The mark is renewed for as long: one that is found, and
 * found the same when the message comes again a lease later, was left by a process that died. One that has changed is of
 * a process that lives and has lost its lease. Those that were in work beside a message that kills leave marks too: so
 * each of them is run once more, one at a time (see `SoloRuns`), under a mark that says so, and who dies then has killed.
 * No clock but this process's monotonic one counts. A few calls for such a message, none for any other.
 */
export class Suspects {
  private readonly marks: StartMarks;
  /** By message id: marks of processes that died. They stay until the message has left its queue. */
  private readonly deaths = new Map<string, readonly string[]>();
  private readonly sightings: MarkSightings;
  /** The marks that were all that a queue takes, and since when. */
  private full = { names: '', since: 0 };
  private readonly now: () => number;

  constructor(private readonly options: SuspectsOptions) {
    this.now = options.now ?? monotonicNow;
    this.marks = new StartMarks(options);
    this.sightings = new MarkSightings(this.leases(DEAD_SHARE), this.now);
  }

  /** For how long a message waits that another process may have, in whole seconds. */
  get waitSeconds(): number {
    return this.options.visibilityTimeoutSeconds;
  }

  /** Its process may have died so often that it must not be started without a mark. */
  isSuspect(delivery: Delivery): boolean {
    const { attempts, maxReceiveCount } = this.options;
    const left = this.areTriedAlone ? 2 : 1;
    return attempts.unknownReceives(delivery) >= Math.max(1, maxReceiveCount - left);
  }

  private get areTriedAlone(): boolean {
    return this.options.maxReceiveCount >= FEWEST_TO_TRY_ALONE;
  }

  /**
   * Before its handler. `'run'`: it is marked now. `'wait'`: there is a mark, and its process may live. `'behind'`: it is
   * to be run alone, and another is. `'deadly'`: a process died of it. Never rejects.
   */
  async begin(delivery: Delivery): Promise<'run' | 'wait' | 'behind' | 'deadly'> {
    const { marks } = this;
    const { messageId } = delivery;
    if (marks.has(messageId)) return 'wait';
    try {
      const known = await marks.read();
      const found = marks.of(messageId, known);
      // Another delivery of it may have been marked here meanwhile, and its mark be the one that was found.
      if (marks.has(messageId)) return 'wait';
      const isDead = found.length > 0;
      if (isDead) {
        const seen = this.look(messageId, found);
        if (seen !== 'doubtful') return seen;
        if (!this.options.solo.begin(delivery)) return 'behind';
      }
      const name = marks.newName(messageId);
      const left = await marks.removeStale(known, name);
      if (!isDead && left >= MAX_MARKS) return this.mayMakeRoom(known) ? 'wait' : 'run';
      if (marks.has(messageId)) return 'wait';
      // The consumer has ended meanwhile, and its handler does not begin.
      if (marks.isStopped) return 'run';
      if (isDead) this.rememberDeaths(messageId, found);
      await marks.put(delivery, name, isDead);
    } catch (error) {
      marks.noteOutOfReach(error);
    }
    return 'run';
  }

  /**
   * Its handler has ended, or was not called. Never rejects.
   * @param isGone it does not come again. One that does, because it has failed, may be what earlier processes died of
   */
  end(delivery: Delivery, isGone = false): Promise<void> | undefined {
    // A stop waits for it, and may come when its end has begun.
    if (!this.marks.isOf(delivery)) return this.marks.ended(delivery);
    return this.marks.end(delivery, isGone ? this.takeDeaths(delivery.messageId) : []);
  }

  /** It is in the dead letter queue, and no longer in its own. Never rejects. */
  async noteGone(messageId: string): Promise<void> {
    if (this.deaths.size === 0) return;
    const names = this.takeDeaths(messageId);
    if (names.length > 0) await this.marks.remove(names);
  }

  /** For the end of the consumer: no timer is left. */
  stop(): void {
    this.marks.stop();
  }

  /**
   * The queue takes no more marks. Each death that is told apart takes some away; meanwhile another suspect would die
   * without a mark, again and again.
   */
  private mayMakeRoom(known: readonly KnownMark[]): boolean {
    const names = known
      .map(([name]) => name)
      .toSorted()
      .join();
    if (names !== this.full.names) this.full = { names, since: this.now() };
    return this.now() - this.full.since < this.leases(FULL_LEASES);
  }

  /** At the marks of other processes. One that has changed is of a handler that runs. */
  private look(messageId: string, found: readonly KnownMark[]): 'wait' | 'doubtful' | 'deadly' {
    const areDead = found.map(([name, value]) => this.sightings.isDead(name, value));
    if (areDead.includes(false)) return 'wait';
    if (this.areTriedAlone && !found.some(saysAlone)) return 'doubtful';
    this.sightings.forget(found.map(([name]) => name));
    this.rememberDeaths(messageId, found);
    return 'deadly';
  }

  private rememberDeaths(messageId: string, found: readonly KnownMark[]): void {
    this.deaths.delete(messageId);
    this.deaths.set(
      messageId,
      found.map(([name]) => name),
    );
    // Of a message that another process has brought to its end nothing is heard here.
    if (this.deaths.size > REMEMBERED) this.deaths.delete(this.deaths.keys().next().value ?? messageId);
  }

  private takeDeaths(messageId: string): readonly string[] {
    const names = this.deaths.get(messageId) ?? [];
    this.deaths.delete(messageId);
    return names;
  }

  /** In milliseconds. */
  private leases(count: number): number {
    return this.options.visibilityTimeoutSeconds * 1000 * count;
  }
}
