import type { SnsSqsError } from '../../errors/sns-sqs.error.js';
import type { SqsMessage } from '../../interfaces/wire.interface.js';

/** When messages were handed out. */
export interface Receipt {
  /** From when on their leases are counted, by the monotonic clock of this process, in milliseconds. */
  receivedAt: number;
  /** The machine may have been suspended since they were handed out, so that their leases may be over. */
  isDoubted: boolean;
}

/** The consumer, as the poller sees it. */
export interface Intake {
  /** How many messages may be received now, without those that receives in flight have asked for. */
  readonly capacity: number;
  /** True while messages are in work: then more capacity is to be expected soon. */
  readonly isBusy: boolean;
  /** How many receives may be under way at one time. @default as many as the capacity asks for */
  readonly maxReceives?: number;
  /** Takes what was received. */
  accept(messages: SqsMessage[], receipt: Receipt): void;
  /** Told how long a receive took that was answered in full, in milliseconds. */
  onFullReceive?(ms: number): void;
  /** A receive failed; the poller goes on by itself after a backoff. */
  onFault(error: SnsSqsError): void;
  /** The first receive that works after one that failed. */
  onRecovery(): void;
}
