import type { SnsSqsErrorCode } from './error-codes.js';
import { SnsSqsError } from './sns-sqs.error.js';

interface Verdict {
  code: SnsSqsErrorCode;
  retryable: boolean;
  remedy: string;
}

const BY_NAME: ReadonlyArray<readonly [RegExp, Verdict]> = [
  [
    /^(CredentialsProviderError|UnrecognizedClientException|InvalidClientTokenId|InvalidSecurity|ExpiredToken(Exception)?|SignatureDoesNotMatch|MissingAuthenticationToken|IncompleteSignature)$/,
    {
      code: 'CREDENTIALS_MISSING',
      retryable: true,
      remedy: 'give valid credentials by `aws.credentials`, the environment (AWS_ACCESS_KEY_ID, …) or a role',
    },
  ],
  [
    /^(AccessDenied(Exception)?|AuthorizationError(Exception)?|NotAuthorized|KmsAccessDenied(Exception)?)$/,
    { code: 'ACCESS_DENIED', retryable: true, remedy: 'allow the action in the IAM policy of this process' },
  ],
  [
    /^(QueueDoesNotExist|AWS\.SimpleQueueService\.NonExistentQueue)$/,
    {
      code: 'QUEUE_NOT_FOUND',
      retryable: true,
      remedy: "create it, or let `provisioning: 'create'` do it; check `prefix`, region and account",
    },
  ],
  [
    /^NotFound(Exception)?$/,
    {
      code: 'TOPIC_NOT_FOUND',
      retryable: true,
      remedy: "create it, or let `provisioning: 'create'` do it; check `prefix`, region and account",
    },
  ],
  [
    /^(Throttl(ing|ed)(Exception)?|RequestThrottled(Exception)?|TooManyRequestsException|KmsThrottled|OverLimit|LimitExceededException|SlowDown)$/,
    { code: 'THROTTLED', retryable: true, remedy: 'AWS limits the rate of calls; the call is tried again more slowly' },
  ],
];

const NETWORK =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENETUNREACH|UND_ERR_\w+|ERR_INVALID_URL)$/;
/** The SDK wraps an error of another realm (a test runner's, say) and keeps nothing but its text. */
const NETWORK_TEXT =
  /\b(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENETUNREACH)\b|socket hang up/;
const NETWORK_NAME = /^(TimeoutError|NetworkingError|RequestTimeout|AggregateError)$/;

interface AwsLikeError {
  name?: string;
  code?: string;
  Code?: string;
  message?: string;
  $metadata?: { httpStatusCode?: number };
  errors?: unknown[];
}

function judge(error: AwsLikeError): Verdict {
  const names = [error.name, error.Code, error.code].filter(name => typeof name === 'string');
  for (const [pattern, verdict] of BY_NAME) {
    if (names.some(name => pattern.test(name))) return verdict;
  }
  if (/region is missing/i.test(error.message ?? '')) {
    return { code: 'INVALID_OPTIONS', retryable: false, remedy: 'give `aws.region` or AWS_REGION' };
  }
  if (names.some(name => NETWORK.test(name) || NETWORK_NAME.test(name)) || NETWORK_TEXT.test(errorText(error))) {
    return {
      code: 'ENDPOINT_UNREACHABLE',
      retryable: true,
      remedy: 'check `aws.endpoint`, AWS_ENDPOINT_URL, the region and the network',
    };
  }
  const status = error.$metadata?.httpStatusCode ?? 0;
  return {
    code: 'AWS_CALL_FAILED',
    retryable: status === 0 || status >= 500 || status === 429,
    remedy: 'the cause tells what AWS answered',
  };
}

/** Text of an error for a log line or a wrapped message; an AggregateError of Node's connect has an empty one. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const nested = (error as AwsLikeError).errors?.find(inner => inner instanceof Error);
  return error.message || (nested instanceof Error ? nested.message : error.name);
}

/** Turns what an AWS client threw into an {@link SnsSqsError} that names the operation, the resource and the remedy. */
export function fromAwsError(
  error: unknown,
  operation: string,
  resource: string,
  facts: Record<string, unknown> = {},
): SnsSqsError {
  if (error instanceof SnsSqsError) return error;
  const like: AwsLikeError = typeof error === 'object' && error !== null ? error : {};
  const { code, retryable, remedy } = judge(like);
  const awsName = like.name && like.name !== 'Error' ? `${like.name}: ` : '';
  return new SnsSqsError(
    code,
    `${operation} on ${resource} failed: ${awsName}${errorText(error)}. Remedy: ${remedy}.`,
    {
      retryable,
      cause: error,
      facts: { operation, resource, awsError: like.name, ...facts },
    },
  );
}
