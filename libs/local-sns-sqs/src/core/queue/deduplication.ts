const MEMORY_MS = 5 * 60 * 1000;

export interface Remembered {
  messageId: string;
  sequenceNumber: string;
  expiresAt: number;
}

/** What was sent in the last five minutes, deleted or not. */
export class Deduplication {
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
    this.sent.set(key, { messageId, sequenceNumber, expiresAt });
    if (this.sweepAt === Infinity) this.sweepAt = expiresAt + 1000;
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
