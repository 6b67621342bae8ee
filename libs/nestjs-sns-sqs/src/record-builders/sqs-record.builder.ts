import { SQS_MAX_DELAY_SECONDS } from '../constants.js';
import { invalidRecord, RecordBuilder } from './record-builder.js';
import type { PublishRecord } from './record.js';

/** The result of `SqsRecordBuilder.build()`, for `ClientSQS.emit()` and `send()`. */
export type SqsRecord<T = unknown> = PublishRecord<T>;

/** An hour, in milliseconds: as long as a reply queue keeps a reply. */
const MAX_REPLY_TIMEOUT_MS = 3_600_000;

/**
 * A command with more than its data: `new SqsRecordBuilder(data).setGroupId(user.id).build()`.
 *
 * @example
 * ```ts
 * const command = new SqsRecordBuilder({ userId: user.id }).setGroupId(user.id).build();
 * await lastValueFrom(notifications.emit('send-welcome-email', command));
 * ```
 * @throws {SnsSqsError} INVALID_RECORD: a value that AWS would refuse.
 */
export class SqsRecordBuilder<T = unknown> extends RecordBuilder<T> {
  /** Seconds until it can be received, whole, 0 to 900. Standard queues only: FIFO queues refuse it. */
  setDelaySeconds(seconds: number): this {
    if (!Number.isInteger(seconds) || seconds < 0 || seconds > SQS_MAX_DELAY_SECONDS) {
      throw invalidRecord(`delay ${seconds} s is not allowed`, `give whole seconds from 0 to ${SQS_MAX_DELAY_SECONDS}`);
    }
    this.options.delaySeconds = seconds;
    return this;
  }

  /**
   * `send()`: milliseconds, whole, from 1, until the first reply; then it errors with REPLY_TIMEOUT, and a request that
   * has not started by then is not run. @default the client's `replyTimeoutMs`
   */
  setReplyTimeoutMs(milliseconds: number): this {
    if (!Number.isInteger(milliseconds) || milliseconds < 1 || milliseconds > MAX_REPLY_TIMEOUT_MS) {
      throw invalidRecord(
        `reply timeout ${milliseconds} ms is not allowed`,
        `give whole milliseconds from 1 to ${MAX_REPLY_TIMEOUT_MS}`,
      );
    }
    this.options.replyTimeoutMs = milliseconds;
    return this;
  }
}
