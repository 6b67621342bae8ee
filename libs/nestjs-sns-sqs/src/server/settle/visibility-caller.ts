import type { BatchFailure, SqsWire } from '../../interfaces/wire.interface.js';
import { BatchCaller, type BatchCallerOptions } from '../../wire/batch-caller.js';
import type { Leased, Removal } from './removal.js';
import { grantableSeconds } from './visibility.js';

type Result = Promise<BatchFailure | undefined>;

/** Changes when messages of one queue are visible, in batches. */
export class VisibilityCaller {
  readonly caller: BatchCaller<Leased & { visibilityTimeoutSeconds: number }>;
  /** By receipt handle. */
  private readonly hiding = new Map<string, Result>();

  constructor(
    wire: Pick<SqsWire, 'changeVisibilityBatch'>,
    queueUrl: string,
    batching: BatchCallerOptions,
    private readonly now: () => number,
  ) {
    this.caller = new BatchCaller(entries => wire.changeVisibilityBatch(queueUrl, entries), batching);
  }

  /** For `seconds`, or for as long as SQS still grants. Never rejects: resolves to why it could not. */
  hide({ receiptHandle, receivedAt, origin }: Omit<Removal, 'receives'>, seconds: number): Result {
    const visibilityTimeoutSeconds = grantableSeconds(seconds, receivedAt, this.now());
    const result = this.caller.add({ receiptHandle, origin, visibilityTimeoutSeconds });
    this.hiding.set(receiptHandle, result);
    void result.then(() => {
      if (this.hiding.get(receiptHandle) === result) this.hiding.delete(receiptHandle);
    });
    return result;
  }

  /**
   * Of messages that may be about to be hidden here: that is tried again and again, and one that was made visible before
   * would be hidden after all. So it is made visible when that has ended, however. Never rejects.
   */
  makeVisible(receiptHandles: readonly string[]): Result[] {
    const results = receiptHandles.map(receiptHandle => {
      const hiding = this.hiding.get(receiptHandle);
      return hiding ? hiding.then(() => this.makeVisibleNow(receiptHandle)) : this.add(receiptHandle);
    });
    // Their subjects stand still meanwhile.
    this.caller.dispatch();
    return results;
  }

  private makeVisibleNow(receiptHandle: string): Result {
    const result = this.add(receiptHandle);
    this.caller.dispatchSoon();
    return result;
  }

  private add(receiptHandle: string): Result {
    return this.caller.add({ receiptHandle, visibilityTimeoutSeconds: 0 });
  }
}
