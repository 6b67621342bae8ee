import { monotonicNow } from '../async/clock.js';

/** Delay of the first look after a message was written here, in milliseconds; each later one is twice as long. */
const SOON_MS = 3;

/**
 * When a relay looks for messages again. A message that was written in this process is seen only after its commit, and
 * nobody tells when that is: the relay looks after a moment, and then at growing intervals up to `pollMs`.
 */
export class RelayWaiter {
  private delayMs: number;
  private isAwake = false;
  private end: (() => void) | undefined;
  private timer: NodeJS.Timeout | undefined;
  private endsAt = 0;

  constructor(
    private readonly pollMs: number,
    private readonly random: () => number,
  ) {
    this.delayMs = pollMs;
  }

  /** A message was written here: it can be seen as soon as its transaction has committed. */
  onWritten(): void {
    this.delayMs = SOON_MS;
    if (this.end && this.endsAt > monotonicNow() + SOON_MS) this.endIn(SOON_MS);
  }

  /** Messages may be there now. */
  wake(): void {
    this.isAwake = true;
    this.end?.();
  }

  /**
   * Until it is worthwhile to look again.
   * @param atMost in milliseconds: something else is due then
   */
  async wait(atMost = Infinity): Promise<void> {
    if (!this.isAwake) {
      const ms = this.nextDelay();
      await new Promise<void>(resolve => {
        this.end = resolve;
        this.endIn(Math.min(ms, atMost));
      });
      clearTimeout(this.timer);
      this.end = undefined;
    }
    this.isAwake = false;
  }

  private nextDelay(): number {
    const delay = this.delayMs;
    this.delayMs = Math.min(2 * delay, this.pollMs);
    // Relays that were started together do not look at the same moment for ever.
    return delay < this.pollMs ? delay : this.pollMs * (1 - this.random() / 10);
  }

  private endIn(ms: number): void {
    clearTimeout(this.timer);
    this.endsAt = monotonicNow() + ms;
    this.timer = setTimeout(() => this.end?.(), ms);
    // A process that has nothing else to do may end.
    this.timer.unref();
  }
}
