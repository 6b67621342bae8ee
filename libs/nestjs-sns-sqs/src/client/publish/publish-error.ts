import { SQS_MAX_BYTES } from '../../constants.js';
import { messageBytes } from '../../envelope/message-size.js';
import { fromAwsError } from '../../errors/aws-errors.js';
import { printable, quoted } from '../../logging/printable.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import type { BatchFailure } from '../../interfaces/wire.interface.js';
import { isTooLarge } from '../../wire/batch-failure.js';
import type { OutgoingEntry } from './outgoing-event.js';

const REMEDY = 'put large content elsewhere (S3) and emit a reference to it';

/** The size, in bytes. Throws MESSAGE_TOO_LARGE for what neither SNS nor SQS can ever take. */
export function assertFits(entry: OutgoingEntry, type: string, destination: string): number {
  const bytes = messageBytes(entry.body, entry.attributes);
  if (bytes <= SQS_MAX_BYTES) return bytes;
  throw new SnsSqsError('MESSAGE_TOO_LARGE', {
    problem: `${quoted(type)} for ${destination} has ${bytes} bytes (UTF-8, attributes included), AWS takes ${SQS_MAX_BYTES}`,
    remedy: REMEDY,
    facts: { type, destination, bytes, maxBytes: SQS_MAX_BYTES },
  });
}

/** `Message must be shorter than 262144 bytes`, `cannot be longer than 262144 bytes`. */
const LIMIT = /(?:shorter|longer|more) than (\d{4,}) bytes/;

function tooLarge(failure: BatchFailure, publish: FailedPublish, facts: Record<string, unknown>): SnsSqsError {
  const { type, destination, bytes, defaultMaxBytes } = publish;
  // SNS tells no number; then it is the default, unless the message would fit into that.
  const told = Number(LIMIT.exec(failure.message)?.[1] ?? defaultMaxBytes);
  const maxBytes = bytes === undefined || bytes > told ? told : undefined;
  const size = bytes === undefined ? 'is larger' : `has ${bytes} bytes (UTF-8, attributes included), more`;
  const limit = maxBytes === undefined ? '' : ` (MaximumMessageSize, ${maxBytes} bytes)`;
  return new SnsSqsError('MESSAGE_TOO_LARGE', {
    problem: `${quoted(type)} ${size} than ${destination} takes${limit}: ${printable(failure.message)}`,
    remedy: `${REMEDY}. A topic or queue takes up to ${SQS_MAX_BYTES} bytes if its MaximumMessageSize allows this`,
    facts: { ...facts, ...(bytes !== undefined && { bytes }), ...(maxBytes !== undefined && { maxBytes }) },
  });
}

/** The publish that failed. */
export interface FailedPublish {
  operation: string;
  type: string;
  destination: string;
  /** Size of the message; undefined: it was not written. */
  bytes?: number | undefined;
  /** What the topic or queue takes when it has no MaximumMessageSize of its own. */
  defaultMaxBytes: number;
}

/** What `emit()` errors with when AWS did not accept the message. */
export function publishError(failure: BatchFailure, publish: FailedPublish): SnsSqsError {
  const { operation, type, destination } = publish;
  const facts = { type, destination, awsError: failure.code };
  if (isTooLarge(failure)) return tooLarge(failure, publish, facts);
  if (failure.cause !== undefined) return fromAwsError(failure.cause, operation, destination, facts);
  const isFinal = failure.senderFault || failure.isRefusedCall === true;
  const remedy = failure.senderFault ? 'correct the message' : 'emit it again later';
  return new SnsSqsError('PUBLISH_REJECTED', {
    problem: `${destination} did not accept ${quoted(type)}: ${failure.code}: ${printable(failure.message)}`,
    remedy,
    retryable: !isFinal,
    facts,
  });
}
