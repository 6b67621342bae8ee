/** What a receiver sees of a rate limit. */
interface Limited {
  /** Messages that may be received now. */
  readonly room: number;
  take(messages: number): void;
}

/** Receives from a queue that always has messages, ten at most at once and one call after the other. For fake time. */
export class SlowReceiver {
  /** Messages so far. */
  received = 0;
  private isReceiving = false;

  /** @param callMs how long SQS takes for each call */
  constructor(private readonly callMs: number) {}

  /** Receives for as long as the limit has room. To be called again when there may be some. */
  receive(limit: Limited): void {
    const some = Math.min(10, limit.room);
    if (this.isReceiving || some <= 0) return;
    this.isReceiving = true;
    setTimeout(() => {
      this.isReceiving = false;
      this.received += some;
      limit.take(some);
      this.receive(limit);
    }, this.callMs);
  }
}
