/**
 * What an answer may be under way: between the moment in which SQS hands a message out and the one in which its answer
 * has arrived here. Of a short lease no more than a fifth, or little would be left of it.
 */
const UNDER_WAY = { ms: 6_000, share: 1 / 5 };

/** Milliseconds of the monotonic clock. */
export interface ReceiveTimes {
  /** Before the call. */
  beganAt: number;
  /** When its answer had arrived; after a stall of the event loop, a moment before the stall. */
  arrivedAt: number;
}

/**
 * From when on a lease is counted, as late as is safe. SQS hides a message when it hands it out, which is just before it
 * answers: perhaps as long as the long poll after the call began. So it is counted from the answer, less what an answer
 * may be under way (6 s, a fifth of the visibility timeout at most), and never from before the call. A lease is thought
 * longer than it is only where an answer was under way for longer than that.
 */
export function leaseStart({ beganAt, arrivedAt }: ReceiveTimes, visibilityTimeoutSeconds: number): number {
  const allowanceMs = Math.min(UNDER_WAY.ms, visibilityTimeoutSeconds * 1000 * UNDER_WAY.share);
  return Math.max(beganAt, arrivedAt - allowanceMs);
}
