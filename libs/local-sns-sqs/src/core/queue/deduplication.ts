const MEMORY_MS = 5 * 60 * 1000;

export interface Remembered {
  messageId: string;
  sequenceNumber: string;
  expiresAt: number;
}

/** The messages of the last five minutes, deleted or not. */
export class Deduplication {
  /** Told of everything that is remembered. */
  onRemember: ((key: string, remembered: Remembered) => void) | undefined;
  private readonly sent = new Map<string, Remembered>();
  private sweepAt = Infinity;

  find(key: string, now: number): Remembered | undefined {
    this.sweep(now);
    const found = this.sent.get(key);
    return found && found.expiresAt > now ? found : undefined;
  }

  remember(key: string, messageId: string, sequenceNumber: string, now: number): void {
    const expiresAt = now + MEMORY_MS;
    // deleted first, so that the map stays in order of expiry
    this.sent.delete(key);
    const remembered = { messageId, sequenceNumber, expiresAt };
    this.sent.set(key, remembered);
    this.onRemember?.(key, remembered);
    if (this.sweepAt === Infinity) this.sweepAt = expiresAt + 1000;
  }

  /** In order of expiry. */
  entries(): Iterable<[string, Remembered]> {
    return this.sent;
  }

  /** Adds an entry from before a restart, in order of expiry. */
  restore(key: string, remembered: Remembered): void {
    this.sent.set(key, remembered);
    if (this.sweepAt === Infinity) this.sweepAt = remembered.expiresAt + 1000;
  }

  clear(): void {
    this.sent.clear();
    this.sweepAt = Infinity;
  }

  private sweep(now: number): void {
    if (now < this.sweepAt) return;
    this.sweepAt = Infinity;
    for (const [key, { expiresAt }] of this.sent) {
      if (expiresAt > now) {
        this.sweepAt = expiresAt + 1000;
        break;
      }
      this.sent.delete(key);
    }
  }
}
