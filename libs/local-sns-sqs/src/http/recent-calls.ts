export interface RecentCall {
  /** Epoch milliseconds, by the broker's clock. */
  at: number;
  /** `sqs.SendMessage` */
  operation: string;
  /** Name of the queue or topic, where the call names one. */
  resource: string;
  /** Of the answer; 0: the connection was cut. */
  status: number;
  /** Real milliseconds, those of a long poll included. */
  ms: number;
}

const MOST = 200;

/** The latest calls, for whoever looks. Each takes the place of the oldest. */
export class RecentCalls {
  private readonly calls: RecentCall[] = [];
  private next = 0;

  note(at: number, operation: string, resource: string, status: number, ms: number): void {
    const oldest = this.calls[this.next];
    if (oldest === undefined) {
      this.calls.push({ at, operation, resource, status, ms });
    } else {
      oldest.at = at;
      oldest.operation = operation;
      oldest.resource = resource;
      oldest.status = status;
      oldest.ms = ms;
    }
    this.next = (this.next + 1) % MOST;
  }

  /** The latest first. */
  list(): RecentCall[] {
    return [...this.calls.slice(this.next), ...this.calls.slice(0, this.next)].reverse().map(call => ({ ...call }));
  }

  clear(): void {
    this.calls.length = 0;
    this.next = 0;
  }
}
