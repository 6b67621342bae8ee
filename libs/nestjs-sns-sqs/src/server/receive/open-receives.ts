/** One receive without an answer. */
interface OpenReceive {
  startedAt: number;
  /** Messages that it asks for. */
  ask: number;
  /** Its own: a shared one costs the more, the more listen to it. */
  abort: AbortController;
}

/** A receive that finds messages answers in about 10 ms inside a region; after this it is a long poll that waits. */
const YOUNG_RECEIVE_MS = 250;
const ABORT_STEP_MS = 25;

/** The receives of one queue that are in flight, and their end before their time. */
export class OpenReceives {
  private readonly open = new Map<Promise<void>, OpenReceive>();
  private asked = 0;
  private aborting: NodeJS.Timeout | undefined;

  constructor(private readonly now: () => number) {}

  get size(): number {
    return this.open.size;
  }

  /** Messages that they ask for together. */
  get requested(): number {
    return this.asked;
  }

  /** When the oldest of them began; undefined: there is none. */
  get since(): number | undefined {
    const since = Math.min(...this.startTimes(), Infinity);
    return since === Infinity ? undefined : since;
  }

  /** @param ended resolves once the receive's answer has been taken; never rejects */
  add(ended: Promise<void>, receive: OpenReceive): void {
    this.asked += receive.ask;
    this.open.set(ended, receive);
  }

  /** Returns the one that has ended. */
  remove(ended: Promise<void>): OpenReceive | undefined {
    const receive = this.open.get(ended);
    if (!receive) return undefined;
    this.asked -= receive.ask;
    this.open.delete(ended);
    return receive;
  }

  /**
   * Ends them. One that has just begun may have messages on the way, which an abort would leave invisible for their
   * whole lease: it gets a moment to answer.
   */
  endSoon(): void {
    this.keepOpen();
    const youngest = Math.max(-Infinity, ...this.startTimes());
    this.abortAfter(YOUNG_RECEIVE_MS - (this.now() - youngest));
  }

  /** Takes {@link endSoon} back for those that it has not ended yet. */
  keepOpen(): void {
    clearTimeout(this.aborting);
  }

  /** Resolves when none is left. */
  async allEnded(): Promise<void> {
    while (this.open.size > 0) await Promise.all(this.open.keys());
  }

  abortAll(): void {
    this.keepOpen();
    for (const { abort } of this.open.values()) abort.abort();
  }

  /** Step by step: a process that stood still for as long has answers to read that have come meanwhile. */
  private abortAfter(ms: number): void {
    const step = Math.min(ABORT_STEP_MS, Math.max(0, ms));
    this.aborting = setTimeout(() => (ms > step ? this.abortAfter(ms - step) : this.abortAll()), step);
  }

  private startTimes(): number[] {
    return [...this.open.values()].map(({ startedAt }) => startedAt);
  }
}
