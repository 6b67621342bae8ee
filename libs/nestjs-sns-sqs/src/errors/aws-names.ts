// How AWS, its SDK and Node name their errors. aws-names.spec.ts compares these with the models of the SDK.

/** SQS over the SDK, and by the Query protocol's name. */
export const QUEUE_MISSING = /^(QueueDoesNotExist|AWS\.SimpleQueueService\.NonExistentQueue)$/;
export const TOPIC_MISSING = /^NotFound(Exception)?$/;
/** CreateQueue API: a queue of this name has other settings. */
export const QUEUE_NAME_TAKEN = /QueueNameExists|QueueAlreadyExists/;
/** In the text of TagQueue's InvalidParameterValue: the queue has the 50 tags that AWS allows. */
export const TAGS_FULL_TEXT = /too many tags/i;
/** A server that is not AWS, or is older, does not know the call. */
export const UNSUPPORTED = /Unsupported|InvalidAction|NotImplemented/;
/** ChangeMessageVisibility API. */
export const LEASE_GONE = /ReceiptHandleIsInvalid|MessageNotInflight|InvalidParameterValue/;

/** AWS's clock and that of this machine differ. */
export const CLOCK = /^Request(Expired|InTheFuture|TimeTooSkewed)(Exception)?$/;
/** The call came without TLS, or with another signature than version 4. */
export const INSECURE = /^InvalidSecurity(Exception)?$/;
/** By the names of the JSON protocol (with a suffix) and of the Query protocol. */
export const CREDENTIALS = new RegExp(
  `^(CredentialsProviderError|${[
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
export const DENIED = /^(AccessDenied(Exception)?|AuthorizationError(Exception)?|NotAuthorized)$/;
export const KEY_DENIED = /^(KMS\.|Kms|KMS)AccessDenied(Exception)?$/;
/** The SDK's own list (a spec compares the two), and what SQS, SNS and KMS say beside it. */
export const THROTTLED = new RegExp(
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
export const TOO_MANY_FILTERS = /^FilterPolicyLimitExceeded(Exception)?$/;
export const TOO_MANY_SUBSCRIPTIONS = /^SubscriptionLimitExceeded(Exception)?$/;
export const TOO_MANY_TOPICS = /^TopicLimitExceeded(Exception)?$/;
/** CreateTopic API: another call on the same topic is under way, or a topic of this name was deleted a moment ago. */
export const SAME_RESOURCE = /^(ConcurrentAccess|StaleTag)(Exception)?$/;
/** CreateTopic API: more tags than AWS takes, or against the tag policy of the organization. */
export const TAGS_REFUSED = /^(TagLimitExceeded|TagPolicy)(Exception)?$/;
/** Of a queue's URL (SQS). */
export const WRONG_URL = /^InvalidAddress(Exception)?$/;
/** The key of a queue or topic is not usable. SQS: `KmsDisabled`; SNS: `KMSDisabled`, over the SDK `KMSDisabledException`. */
export const KMS_KEY = /^(KMS\.|Kms|KMS)(Disabled|InvalidKeyUsage|InvalidState|NotFound|OptInRequired)(Exception)?$/;
/** AWS, or the SDK while it writes the call, says by these that an entry is wrong. */
export const WRONG_CONTENT =
  /^(InvalidMessageContents|InvalidParameter(Value|Combination)?|ParameterValueInvalid|Validation(Error)?|MissingParameter|InvalidAttribute(Value|Name)|InvalidBatchEntryId|BatchRequestTooLong|ReceiptHandleIsInvalid)(Exception)?$/;
/** The call itself is wrong by these: a topic of another region, say. Its entries were not looked at. */
export const OF_THE_CALL = /\b(TopicArn|TargetArn|QueueUrl)\b/;
export const UNWRITABLE = /^(RangeError|URIError)$/;
/** Of code that writes the call, or of a function in the user's configuration of AWS: nobody can tell. */
export const UNSENT = /^TypeError$/;
/** Of `fetch`, in a request handler of the user's: a network away. */
export const FETCH_TEXT = /fetch|terminated|network/i;

export const NETWORK =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENETUNREACH|UND_ERR_\w+|ERR_INVALID_URL)$/;
/** The SDK wraps an error of another realm (a test runner's, say) and keeps nothing but its text. */
export const NETWORK_TEXT =
  /\b(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENETUNREACH)\b|socket hang up/;
export const NETWORK_NAME = /^(TimeoutError|NetworkingError|Request(Timeout|Aborted)(Exception)?|AggregateError)$/;
