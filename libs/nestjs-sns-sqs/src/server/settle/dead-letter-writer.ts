import type { LoggerService } from '@nestjs/common';
import { SNS_DEFAULT_MAX_BYTES, SQS_MAX_BYTES } from '../../constants.js';
import { messageBytes } from '../../envelope/message-size.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import type { BatchFailure, OutgoingSqsMessage, SqsWire } from '../../interfaces/wire.interface.js';
import type { ProvisionedQueue } from '../../topology/topology.model.js';
import { BatchCaller, type BatchCallerOptions } from '../../wire/batch-caller.js';
import { isTooLarge } from '../../wire/batch-failure.js';
import type { Delivery } from '../delivery.js';
import { deadLetterOf } from './dead-letter.js';

export interface DeadLetterWriterOptions {
  queue: ProvisionedQueue & { fifo: boolean };
  wire: Pick<SqsWire, 'sendBatch'>;
  batching: BatchCallerOptions;
  logger: Pick<LoggerService, 'error'>;
  /** A copy was refused: DEAD_LETTER_REFUSED. The message is not deleted, and copied again later. @default it is logged */
  onRefused?: ((error: SnsSqsError) => void) | undefined;
  /** The first copy that is accepted after one that was refused. */
  onAccepted?: (() => void) | undefined;
}

/**
 * What a copy may have that was too large with `bytes`: what the queue says (`MaximumMessageSize`), or else the older
 * bound of AWS; at last 0, which is nothing beside the message.
 */
function smallerSize(bytes: number, message: string): number {
  const told = /shorter than ([\d,]+) bytes/i.exec(message)?.[1]?.replaceAll(',', '');
  const limit = told === undefined ? SNS_DEFAULT_MAX_BYTES : Number(told) - 1;
  return limit < bytes ? limit : 0;
}

/** Copies messages to a dead letter queue, and tells when it takes none. */
export class DeadLetterWriter {
  private readonly copies: BatchCaller<Omit<OutgoingSqsMessage, 'id'>>;
  private isRefusing = false;

  constructor(private readonly options: DeadLetterWriterOptions) {
    const { wire, queue, batching } = options;
    this.copies = new BatchCaller(entries => wire.sendBatch(queue.deadLetterQueueUrl, entries), batching, {
      maxBytes: SQS_MAX_BYTES,
      bytesOf: ({ body, attributes }) => messageBytes(body, attributes),
    });
  }

  /** What waits for a fuller batch leaves now. */
  dispatch(): void {
    this.copies.dispatch();
  }

  /** From now on nothing waits for a fuller batch. */
  stopLingering(): void {
    this.copies.stopLingering();
  }

  /** `failure` is the result of all copies that have none. */
  abandon(failure: BatchFailure): void {
    this.copies.abandon(failure);
  }

  /** Resolves when SQS has the copy, or when it was given up for now. Never rejects. */
  async write(delivery: Delivery, error: unknown, attempt: number): Promise<'accepted' | 'refused'> {
    const failure = await this.copy(delivery, error, attempt);
    if (failure) this.noteRefused(delivery, failure);
    else this.noteAccepted();
    return failure ? 'refused' : 'accepted';
  }

  /** A queue may take less than AWS's 1 MiB: then the copy goes with as much of what we add as fits. */
  private async copy(delivery: Delivery, error: unknown, attempt: number): Promise<BatchFailure | undefined> {
    const { queue } = this.options;
    const now = new Date();
    for (let maxBytes = SQS_MAX_BYTES; ;) {
      const failure = await this.copies.add(deadLetterOf(delivery, queue, attempt, error, now, maxBytes));
      if (!failure || !isTooLarge(failure) || maxBytes === 0) return failure;
      maxBytes = smallerSize(maxBytes, failure.message);
    }
  }

  private noteRefused({ messageId }: Delivery, { code, message, cause }: BatchFailure): void {
    const { queue, onRefused, logger } = this.options;
    const error = new SnsSqsError('DEAD_LETTER_REFUSED', {
      problem: `The dead letter queue of ${queue.name} does not accept message ${messageId}: ${code}: ${message}. The message stays in ${queue.name}, is not run again and is copied again later; it is lost when the queue's retention is over`,
      remedy: 'allow sqs:SendMessage on the dead letter queue, and let it take 1 MiB (MaximumMessageSize)',
      retryable: true,
      cause,
      facts: { queue: queue.name, messageId, awsError: code },
    });
    this.isRefusing = true;
    if (onRefused) onRefused(error);
    else logger.error(error.message);
  }

  private noteAccepted(): void {
    if (!this.isRefusing) return;
    this.isRefusing = false;
    this.options.onAccepted?.();
  }
}
