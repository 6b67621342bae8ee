import { SQS_MAX_BYTES } from '../../constants.js';
import { messageBytes } from '../../envelope/message-size.js';
import { fromAwsError, isTooLarge } from '../../errors/aws-errors.js';
import { printable, quoted } from '../../logging/printable.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import type { BatchFailure } from '../../interfaces/wire.interface.js';
import type { OutgoingEntry } from './outgoing-event.js';

const REMEDY = 'Remedy: put large content elsewhere (S3) and emit a reference to it.';

/** Throws MESSAGE_TOO_LARGE for what neither SNS nor SQS can ever take. */
export function assertFits(entry: OutgoingEntry, type: string, destination: string): void {
  const bytes = messageBytes(entry.body, entry.attributes);
  if (bytes <= SQS_MAX_BYTES) return;
  throw new SnsSqsError(
    'MESSAGE_TOO_LARGE',
    `${quoted(type)} for ${destination} has ${bytes} bytes (UTF-8, attributes included), AWS takes ${SQS_MAX_BYTES}. ${REMEDY}`,
    { facts: { type, destination, bytes, maxBytes: SQS_MAX_BYTES } },
  );
}

/** What `emit()` errors with when AWS did not accept the message. */
export function publishError(failure: BatchFailure, operation: string, type: string, destination: string): SnsSqsError {
  const facts = { type, destination, awsError: failure.code };
  if (failure.cause !== undefined) return fromAwsError(failure.cause, operation, destination, facts);
  if (failure.senderFault && isTooLarge(failure.message)) {
    return new SnsSqsError(
      'MESSAGE_TOO_LARGE',
      `${quoted(type)} is larger than ${destination} takes: ${printable(failure.message)}. ${REMEDY}`,
      { facts },
    );
  }
  const remedy = failure.senderFault ? 'correct the message' : 'emit it again later';
  return new SnsSqsError(
    'PUBLISH_REJECTED',
    `${destination} did not accept ${quoted(type)}: ${failure.code}: ${printable(failure.message)}. Remedy: ${remedy}.`,
    { retryable: !failure.senderFault, facts },
  );
}
