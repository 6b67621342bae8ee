import type { ClockWatch } from '../../async/clock-watch.js';
import type { SqsMessage, SqsWire } from '../../interfaces/wire.interface.js';
import { AttemptIds, type ReceiveAttempt } from './attempt-ids.js';
import type { Receipt } from './intake.js';
import { leaseStart } from './lease-start.js';

export interface ReceiveCallsOptions {
  queueUrl: string;
  /** Its receives carry attempt ids. @default false */
  fifo?: boolean;
  wire: SqsWire;
  visibilityTimeoutSeconds: number;
  /** Undefined: the event loop and the machine are taken to run all the time. */
  watch?: ClockWatch | undefined;
  /** Told the date of SQS's answers, and when their receives began. */
  onDate?: (date: number, startedAt: number) => void;
}

/** One receive. */
export interface ReceiveCall {
  startedAt: number;
  abort: AbortController;
  /** Rejects as the wire does; {@link ReceiveCalls.noteFailed} is to be told. */
  answer: Promise<SqsMessage[]>;
  /** Undefined on a standard queue. */
  attempt: ReceiveAttempt | undefined;
}

/** Makes the receives of one queue, and tells from when on the leases count of what they give. */
export class ReceiveCalls {
  /** Undefined on a standard queue. */
  private readonly attempts: AttemptIds | undefined;

  constructor(
    private readonly options: ReceiveCallsOptions,
    private readonly now: () => number,
  ) {
    this.attempts = options.fifo ? new AttemptIds(now) : undefined;
  }

  begin(maxMessages: number, waitTimeSeconds: number): ReceiveCall {
    const { wire, queueUrl, visibilityTimeoutSeconds, onDate } = this.options;
    const startedAt = this.now();
    const abort = new AbortController();
    const attempt = this.attempts?.next();
    const asked = { queueUrl, maxMessages, waitTimeSeconds, visibilityTimeoutSeconds, signal: abort.signal };
    const request = onDate ? { ...asked, onDate: (date: number) => onDate(date, startedAt) } : asked;
    const answer = wire.receive(attempt ? { ...request, attemptId: attempt.id } : request);
    return { startedAt, abort, answer, attempt };
  }

  /** What SQS has given to it may be given again. */
  noteFailed({ attempt }: ReceiveCall, error: unknown): void {
    if (attempt) this.attempts?.noteFailed(attempt, error);
  }

  /** Of an answer that has just arrived. */
  receiptOf({ startedAt: beganAt }: ReceiveCall): Receipt {
    const { watch, visibilityTimeoutSeconds } = this.options;
    const now = this.now();
    const arrivedAt = watch ? watch.arrivalOf(now) : now;
    return {
      receivedAt: leaseStart({ beganAt, arrivedAt }, visibilityTimeoutSeconds),
      isDoubted: watch?.hasJumpedSince(beganAt) ?? false,
    };
  }
}
