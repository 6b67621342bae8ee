import { invalidRecord, RecordBuilder } from './record-builder.js';
import type { PublishRecord } from './record.js';

/** What `SqsRecordBuilder.build()` gives, for `ClientSQS.emit()`. */
export type SqsRecord<T = unknown> = PublishRecord<T>;

/** AWS's bound of a delay, in seconds (quotas-queues). */
const MAX_DELAY_SECONDS = 900;

/** A command with more than its data: `new SqsRecordBuilder(data).setGroupId(user.id).build()`. */
export class SqsRecordBuilder<T = unknown> extends RecordBuilder<T> {
  /** Seconds until it can be received, whole, 0 to 900. Standard queues only: FIFO queues refuse it. */
  setDelaySeconds(seconds: number): this {
    if (!Number.isInteger(seconds) || seconds < 0 || seconds > MAX_DELAY_SECONDS) {
      throw invalidRecord(`delay ${seconds} s is not allowed`, `give whole seconds from 0 to ${MAX_DELAY_SECONDS}`);
    }
    this.options.delaySeconds = seconds;
    return this;
  }
}
