import type { SnsSqsErrorCode } from './error-codes.js';
import { SnsSqsError } from './sns-sqs.error.js';
import {
  DENIED,
  KEY_DENIED,
  KMS_KEY,
  LEASE_GONE,
  OF_THE_CALL,
  QUEUE_MISSING,
  QUEUE_NAME_TAKEN,
  TAGS_FULL_TEXT,
  THROTTLED,
  TOPIC_MISSING,
  UNSUPPORTED,
  WRONG_CONTENT,
} from './aws-names.js';
import { isUnwritable, judge, namesOf } from './aws-verdicts.js';
import { isInstance, peek, thrownText } from './thrown.js';

const isNamed = (error: unknown, pattern: RegExp, code: SnsSqsErrorCode): boolean =>
  typeof error === 'object' && error !== null && namesOf(error).some(name => name === code || pattern.test(name));

/** Whether an AWS client, an entry of a batch, or this library says by this that the queue does not exist. */
export const isQueueMissing = (error: unknown): boolean => isNamed(error, QUEUE_MISSING, 'QUEUE_NOT_FOUND');

/** Whether an AWS client, an entry of a batch, or this library says by this that the topic or subscription does not exist. */
export const isTopicMissing = (error: unknown): boolean => isNamed(error, TOPIC_MISSING, 'TOPIC_NOT_FOUND');

/** Whether the call failed since another queue, with other settings, has the name. */
export const isQueueNameTaken = (error: unknown): boolean => QUEUE_NAME_TAKEN.test(awsNameOf(error));

/** Whether the queue has as many tags as AWS allows, so that it takes no further one. */
export const areTagsFull = (error: unknown): boolean => TAGS_FULL_TEXT.test(thrownText(error));

/** Whether this process may not make the call. */
export const isAccessDenied = (error: unknown): boolean =>
  isInstance(error, SnsSqsError) && error.code === 'ACCESS_DENIED';

/** Whether the server at the endpoint does not know the call. */
const isUnsupported = (error: unknown): boolean => UNSUPPORTED.test(awsNameOf(error));

/** Whether this process may not make the call, or the server does not know it. */
export const isNotAllowed = (error: unknown): boolean => isAccessDenied(error) || isUnsupported(error);

/** Whether SQS says by the code of a failed entry that the receipt handle no longer holds its message. */
export const isLeaseGone = (code: string): boolean => LEASE_GONE.test(code);

/** What AWS called it, of an error that {@link fromAwsError} made. */
const awsNameOf = (error: unknown): string => (isInstance(error, SnsSqsError) ? String(error.facts.awsError) : '');

/**
 * Whether a call failed for what stands in one of its entries, so that the others may be accepted without it. False:
 * AWS refused or could not take the call, whatever it says; its entries were not looked at.
 */
export function isOfContent(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  if (isUnwritable(error)) return true;
  return namesOf(error).some(name => WRONG_CONTENT.test(name)) && !OF_THE_CALL.test(errorText(error));
}

/** Whether the code of a failed entry tells of AWS's state or of a right, and nothing of the entry. */
export const isOfService = (code: string): boolean =>
  [DENIED, KEY_DENIED, THROTTLED, KMS_KEY].some(names => names.test(code));

/** Whether AWS has answered that it does not carry out the call. False: it may have, and the answer was lost. */
export function isRefusal(error: unknown): boolean {
  const status = peek(peek(error, '$metadata'), 'httpStatusCode');
  return typeof status === 'number' && status >= 400 && status < 500;
}

/** Text of whatever was thrown, for a log line or a wrapped message. Never throws. */
export const errorText = thrownText;

/** Turns what an AWS client threw into an {@link SnsSqsError} that names the operation, the resource and the remedy. */
export function fromAwsError(
  error: unknown,
  operation: string,
  resource: string,
  facts: Record<string, unknown> = {},
): SnsSqsError {
  if (isInstance(error, SnsSqsError)) return error;
  const { code, retryable, remedy } = judge(error);
  const name = peek(error, 'name');
  const awsError = typeof name === 'string' ? name : undefined;
  const awsName = awsError && awsError !== 'Error' ? `${awsError}: ` : '';
  return new SnsSqsError(code, {
    problem: `${operation} on ${resource} failed: ${awsName}${errorText(error)}`,
    remedy,
    retryable,
    cause: error,
    facts: { operation, resource, awsError, ...facts },
  });
}

const PASSING: ReadonlySet<SnsSqsErrorCode> = new Set(['THROTTLED', 'ENDPOINT_UNREACHABLE', 'AWS_CALL_FAILED']);

/** Whether waiting alone may mend it: AWS throttles, answers 5xx or is out of reach. Missing rights and queues need a person. */
export const mayPass = (error: unknown): boolean =>
  error instanceof SnsSqsError && error.retryable && PASSING.has(error.code);
