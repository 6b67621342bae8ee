/** Keeps to a number of messages per second. */
export class Pace {
  private freeAt = 0;

  /** @param now milliseconds that only go forward */
  constructor(
    private readonly perSecond: number,
    private readonly now: () => number,
    private readonly pause: (ms: number) => Promise<void>,
  ) {}

  /** Messages that may go together, at least one. */
  get burst(): number {
    return Math.max(1, Math.floor(this.perSecond));
  }

  /** Resolves when so many messages may go. */
  async take(messages: number): Promise<void> {
    const now = this.now();
    const at = Math.max(now, this.freeAt);
    this.freeAt = at + (messages * 1_000) / this.perSecond;
    if (at > now) await this.pause(at - now);
  }
}
