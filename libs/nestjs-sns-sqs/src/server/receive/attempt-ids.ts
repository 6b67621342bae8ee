import { randomUUID } from 'node:crypto';
import { isRefusal } from '../../errors/aws-errors.js';

/** SQS remembers a receive under this id; this process uses it since then, by the monotonic clock, in milliseconds. */
export interface ReceiveAttempt {
  id: string;
  since: number;
}

/** AWS's five minutes (ReceiveMessage API), less the time of a call. */
const REPEATABLE_MS = 270_000;

/**
 * The ids of receives from a FIFO queue (`ReceiveRequestAttemptId`). A receive whose answer was lost is made again under
 * its id, and SQS hands out the same messages under the same handles, with new leases. Under another id their
 * groups would stand still for the whole lease. Two receives never use one id at the same time.
 */
export class AttemptIds {
  private readonly lost: ReceiveAttempt[] = [];

  constructor(private readonly now: () => number) {}

  next(): ReceiveAttempt {
    const now = this.now();
    for (let attempt = this.lost.shift(); attempt; attempt = this.lost.shift()) {
      if (now - attempt.since < REPEATABLE_MS) return attempt;
    }
    return { id: randomUUID(), since: now };
  }

  /** A receive failed: unless AWS has refused it, it may have handed messages out. */
  noteFailed(attempt: ReceiveAttempt, error: unknown): void {
    if (!isRefusal(error)) this.lost.push(attempt);
  }
}
