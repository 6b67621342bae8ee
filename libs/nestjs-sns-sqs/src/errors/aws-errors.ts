import type { SnsSqsErrorCode } from './error-codes.js';
import { SnsSqsError } from './sns-sqs.error.js';
import { isInstance, peek, thrownText } from './thrown.js';

interface Verdict {
  code: SnsSqsErrorCode;
  retryable: boolean;
  remedy: string;
}

/** SQS over the SDK, and by the Query protocol's name. */
const QUEUE_MISSING = /^(QueueDoesNotExist|AWS\.SimpleQueueService\.NonExistentQueue)$/;
const TOPIC_MISSING = /^NotFound(Exception)?$/;
/** CreateQueue API: a queue of this name has other settings. */
const QUEUE_NAME_TAKEN = /QueueNameExists|QueueAlreadyExists/;
/** A server that is not AWS, or is older, does not know the call. */
const UNSUPPORTED = /Unsupported|InvalidAction|NotImplemented/;
/** ChangeMessageVisibility API. */
const LEASE_GONE = /ReceiptHandleIsInvalid|MessageNotInflight|InvalidParameterValue/;

/** AWS's clock and that of this machine differ. */
const CLOCK = /^Request(Expired|InTheFuture|TimeTooSkewed)(Exception)?$/;
/** By the names of the JSON protocol (with a suffix) and of the Query protocol. */
const CREDENTIALS = new RegExp(
  `^(CredentialsProviderError|InvalidSecurity|${[
    'AuthFailure',
    'ExpiredToken',
    'IncompleteSignature',
    'Invalid(AccessKeyId|ClientTokenId|Signature|Token)',
    'Missing(AuthenticationToken|Security(Element|Header))',
    'OptInRequired',
    'SignatureDoesNotMatch',
    'TokenRefreshRequired',
    'UnrecognizedClient',
  ].join('|')})(Exception)?$`,
);
const DENIED = /^((KMS\.|Kms|KMS)?AccessDenied(Exception)?|AuthorizationError(Exception)?|NotAuthorized)$/;
/** The SDK's own list (a spec compares the two), and what SQS, SNS and KMS say beside it. */
const THROTTLED = new RegExp(
  `^(${[
    'BandwidthLimitExceeded',
    'EC2ThrottledException',
    'LimitExceededException',
    'PriorRequestNotComplete',
    'ProvisionedThroughputExceededException',
    'RequestLimitExceeded',
    'RequestThrottled(Exception)?',
    'SlowDown',
    'Throttl(ing|ed)(Exception)?',
    'TooManyRequests(Exception)?',
    'TransactionInProgressException',
    'OverLimit',
    '(KMS\\.|Kms|KMS)Thrott(led|ling)(Exception)?',
  ].join('|')})$`,
);
/** Subscribe API. The use case after the 200th of a topic meets it at its first start. */
const TOO_MANY_SUBSCRIPTIONS = /^(FilterPolicy|Subscription)LimitExceeded(Exception)?$/;
/** The key of a queue or topic is not usable. SQS: `KmsDisabled`; SNS: `KMSDisabled`, over the SDK `KMSDisabledException`. */
const KMS_KEY = /^(KMS\.|Kms|KMS)(Disabled|InvalidKeyUsage|InvalidState|NotFound|OptInRequired)(Exception)?$/;
/** AWS, or the SDK while it writes the call, says by these that an entry is wrong. */
const WRONG_CONTENT =
  /^(InvalidMessageContents|InvalidParameter(Value|Combination)?|ParameterValueInvalid|Validation(Error)?|MissingParameter|InvalidAttribute(Value|Name)|InvalidBatchEntryId|BatchRequestTooLong|ReceiptHandleIsInvalid)(Exception)?$/;
/** The call itself is wrong by these: a topic of another region, say. Its entries were not looked at. */
const OF_THE_CALL = /\b(TopicArn|TargetArn|QueueUrl)\b/;
const UNWRITABLE = /^(RangeError|URIError)$/;
/** Of code that writes the call, or of a function in the user's configuration of AWS: nobody can tell. */
const UNSENT = /^TypeError$/;
/** Of `fetch`, in a request handler of the user's: a network away. */
const FETCH_TEXT = /fetch|terminated|network/i;

const BY_NAME: ReadonlyArray<readonly [RegExp, Verdict]> = [
  [
    CLOCK,
    {
      code: 'CREDENTIALS_MISSING',
      retryable: true,
      remedy: 'set the clock of this machine: AWS takes calls that are stamped within 5 minutes of its own time',
    },
  ],
  [
    CREDENTIALS,
    {
      code: 'CREDENTIALS_MISSING',
      retryable: true,
      remedy: 'give valid credentials by `aws.credentials`, the environment (AWS_ACCESS_KEY_ID, …) or a role',
    },
  ],
  [DENIED, { code: 'ACCESS_DENIED', retryable: true, remedy: 'allow the action in the IAM policy of this process' }],
  [
    QUEUE_MISSING,
    {
      code: 'QUEUE_NOT_FOUND',
      retryable: true,
      remedy: "create it, or let `provisioning: 'create'` do it; check `prefix`, region and account",
    },
  ],
  [
    /^(AWS\.SimpleQueueService\.)?QueueDeletedRecently$/,
    {
      code: 'AWS_CALL_FAILED',
      retryable: true,
      remedy: 'AWS frees the name of a deleted queue after 60 seconds; create it then',
    },
  ],
  [
    TOPIC_MISSING,
    {
      code: 'TOPIC_NOT_FOUND',
      retryable: true,
      remedy: "create it, or let `provisioning: 'create'` do it; check `prefix`, region and account",
    },
  ],
  [
    THROTTLED,
    { code: 'THROTTLED', retryable: true, remedy: 'AWS limits the rate of calls; the call is tried again more slowly' },
  ],
  [
    TOO_MANY_SUBSCRIPTIONS,
    {
      code: 'AWS_CALL_FAILED',
      retryable: false,
      remedy:
        'SNS takes 200 filter policies on one topic: ask AWS to raise the quota, or let several handlers share a queue by the extra `queue`',
    },
  ],
  [
    KMS_KEY,
    {
      code: 'AWS_CALL_FAILED',
      retryable: false,
      remedy: 'enable the KMS key, or give the queue or topic another one; the message was not looked at',
    },
  ],
];

const NETWORK =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENETUNREACH|UND_ERR_\w+|ERR_INVALID_URL)$/;
/** The SDK wraps an error of another realm (a test runner's, say) and keeps nothing but its text. */
const NETWORK_TEXT =
  /\b(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENETUNREACH)\b|socket hang up/;
const NETWORK_NAME = /^(TimeoutError|NetworkingError|Request(Timeout|Aborted)(Exception)?|AggregateError)$/;

const namesOf = (error: unknown): string[] =>
  ['name', 'Code', 'code'].map(key => peek(error, key)).filter(each => typeof each === 'string');

const isNamed = (error: unknown, pattern: RegExp, code: SnsSqsErrorCode): boolean =>
  typeof error === 'object' && error !== null && namesOf(error).some(name => name === code || pattern.test(name));

/** Whether an AWS client, an entry of a batch, or this library says by this that the queue does not exist. */
export const isQueueMissing = (error: unknown): boolean => isNamed(error, QUEUE_MISSING, 'QUEUE_NOT_FOUND');

/** Whether an AWS client, an entry of a batch, or this library says by this that the topic or subscription does not exist. */
export const isTopicMissing = (error: unknown): boolean => isNamed(error, TOPIC_MISSING, 'TOPIC_NOT_FOUND');

/** Whether the call failed since another queue, with other settings, has the name. */
export const isQueueNameTaken = (error: unknown): boolean => QUEUE_NAME_TAKEN.test(awsNameOf(error));

/** Whether the server at the endpoint does not know the call. */
export const isUnsupported = (error: unknown): boolean => UNSUPPORTED.test(awsNameOf(error));

/** Whether SQS says by the code of a failed entry that the receipt handle no longer holds its message. */
export const isLeaseGone = (code: string): boolean => LEASE_GONE.test(code);

/** What AWS called it, of an error that {@link fromAwsError} made. */
const awsNameOf = (error: unknown): string => (isInstance(error, SnsSqsError) ? String(error.facts.awsError) : '');

function isThrownHere(error: unknown, names: RegExp): boolean {
  const name = peek(error, 'name');
  const isOne = typeof name === 'string' && names.test(name) && !FETCH_TEXT.test(errorText(error));
  return isOne && peek(error, '$metadata') === undefined;
}

/** Thrown here, while the call was written: AWS has not seen it. */
const isUnwritable = (error: unknown): boolean => isThrownHere(error, UNWRITABLE);

/**
 * Thrown here, before the call was sent: by the SDK for one of its entries, or by the credentials of the user for all. It
 * may be the fault of one, so each goes alone; and none can be blamed for it.
 */
export const isUnsent = (error: unknown): boolean => isThrownHere(error, UNSENT);

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
export const isOfService = (code: string): boolean => [DENIED, THROTTLED, KMS_KEY].some(names => names.test(code));

function judge(error: unknown): Verdict {
  const names = namesOf(error);
  for (const [pattern, verdict] of BY_NAME) {
    if (names.some(name => pattern.test(name))) return verdict;
  }
  if (/region is missing/i.test(errorText(error))) {
    return { code: 'INVALID_OPTIONS', retryable: false, remedy: 'give `aws.region` or AWS_REGION' };
  }
  if (names.some(name => NETWORK.test(name) || NETWORK_NAME.test(name)) || NETWORK_TEXT.test(errorText(error))) {
    return {
      code: 'ENDPOINT_UNREACHABLE',
      retryable: true,
      remedy: 'check `aws.endpoint`, AWS_ENDPOINT_URL, the region and the network',
    };
  }
  if (isUnwritable(error)) {
    return {
      code: 'AWS_CALL_FAILED',
      retryable: false,
      remedy: 'the SDK could not write the call: correct the message',
    };
  }
  if (isUnsent(error)) {
    return {
      code: 'AWS_CALL_FAILED',
      retryable: true,
      remedy: 'nothing was sent: look in the cause for code of yours, such as a function in `aws.credentials`',
    };
  }
  const given = peek(peek(error, '$metadata'), 'httpStatusCode');
  const status = typeof given === 'number' ? given : 0;
  return {
    code: 'AWS_CALL_FAILED',
    // Below 300: an answer that nobody can read. What AWS made of the call is unknown, as where an answer is lost.
    retryable: status < 300 || status >= 500 || status === 408 || status === 429,
    remedy: 'the cause tells what AWS answered',
  };
}

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
