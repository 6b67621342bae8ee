/**
 * Slots beyond `concurrency`, for requests that a service sends to itself: one for each of its handlers that waits for
 * such an answer. Without them the handlers that wait would keep every slot from the requests that they wait for.
 */
export class RequestSlots {
  private lent = 0;
  private taken = 0;

  /** @param onLent there is one more, so that a request may begin, and may be received */
  constructor(private readonly onLent: () => void) {}

  get free(): number {
    return this.lent - this.taken;
  }

  /** A handler waits for an answer from this queue, until the function that is returned is called. */
  lend(): () => void {
    this.lent += 1;
    this.onLent();
    return () => {
      this.lent -= 1;
    };
  }

  /** False: none is free. */
  take(): boolean {
    if (this.free <= 0) return false;
    this.taken += 1;
    return true;
  }

  release(): void {
    this.taken -= 1;
  }
}
