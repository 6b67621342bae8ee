import type { SnsSqsErrorCode } from './error-codes.js';
import { peek, thrownText } from './thrown.js';
import {
  CLOCK,
  CREDENTIALS,
  DENIED,
  FETCH_TEXT,
  INSECURE,
  KEY_DENIED,
  KMS_KEY,
  NETWORK,
  NETWORK_NAME,
  NETWORK_TEXT,
  QUEUE_MISSING,
  SAME_RESOURCE,
  TAGS_REFUSED,
  THROTTLED,
  TOO_MANY_FILTERS,
  TOO_MANY_SUBSCRIPTIONS,
  TOO_MANY_TOPICS,
  TOPIC_MISSING,
  UNSENT,
  UNWRITABLE,
  WRONG_URL,
} from './aws-names.js';

/** What this library makes of an error of AWS. */
export interface Verdict {
  code: SnsSqsErrorCode;
  retryable: boolean;
  remedy: string;
}

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
  [
    INSECURE,
    {
      code: 'CREDENTIALS_MISSING',
      retryable: true,
      remedy: 'call AWS over https, and sign with Signature Version 4: check `aws.endpoint`',
    },
  ],
  [DENIED, { code: 'ACCESS_DENIED', retryable: true, remedy: 'allow the action in the IAM policy of this process' }],
  [
    KEY_DENIED,
    {
      code: 'ACCESS_DENIED',
      retryable: true,
      remedy:
        "allow kms:GenerateDataKey and kms:Decrypt on the KMS key of the queue or topic, in the IAM policy of this process and in the key's policy",
    },
  ],
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
    /^OverLimit$/,
    {
      code: 'THROTTLED',
      retryable: true,
      remedy:
        'the queue has 120,000 messages in flight, and SQS hands out no more: look for a consumer that receives messages and does not delete them; the call is tried again more slowly',
    },
  ],
  [
    THROTTLED,
    { code: 'THROTTLED', retryable: true, remedy: 'AWS limits the rate of calls; the call is tried again more slowly' },
  ],
  [
    SAME_RESOURCE,
    {
      code: 'AWS_CALL_FAILED',
      retryable: true,
      remedy: 'another call changes the same topic, or has just deleted it; try it again in a moment',
    },
  ],
  [
    TOO_MANY_SUBSCRIPTIONS,
    {
      code: 'AWS_CALL_FAILED',
      retryable: false,
      remedy:
        'the topic has as many subscriptions as SNS allows (12,500,000; a FIFO topic 100): end those that nobody needs, or ask AWS to raise the quota',
    },
  ],
  [
    TOO_MANY_TOPICS,
    {
      code: 'AWS_CALL_FAILED',
      retryable: false,
      remedy:
        'the account has as many topics as SNS allows (100,000; 1,000 FIFO topics): delete those that nobody needs, or ask AWS to raise the quota',
    },
  ],
  [
    TAGS_REFUSED,
    {
      code: 'AWS_CALL_FAILED',
      retryable: false,
      remedy: 'AWS allows 50 tags, and an organization can have a tag policy: remove or correct tags',
    },
  ],
  [
    WRONG_URL,
    {
      code: 'AWS_CALL_FAILED',
      retryable: false,
      remedy: 'SQS knows no such queue URL: check `queueUrl`, region and account',
    },
  ],
  [
    TOO_MANY_FILTERS,
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

/** What an error calls itself: over the SDK, in a batch's entry, in Node. */
export const namesOf = (error: unknown): string[] =>
  ['name', 'Code', 'code'].map(key => peek(error, key)).filter(each => typeof each === 'string');

function isThrownHere(error: unknown, names: RegExp): boolean {
  const name = peek(error, 'name');
  const isOne = typeof name === 'string' && names.test(name) && !FETCH_TEXT.test(thrownText(error));
  return isOne && peek(error, '$metadata') === undefined;
}

/** Thrown here, while the call was written: AWS has not seen it. */
export const isUnwritable = (error: unknown): boolean => isThrownHere(error, UNWRITABLE);

/**
 * Thrown here, before the call was sent: by the SDK for one of its entries, or by the credentials of the user for all. It
 * may be the fault of one, so each goes alone; and none can be blamed for it.
 */
export const isUnsent = (error: unknown): boolean => isThrownHere(error, UNSENT);

/** By its names first, then by its text, then by its HTTP status. */
export function judge(error: unknown): Verdict {
  const names = namesOf(error);
  for (const [pattern, verdict] of BY_NAME) {
    if (names.some(name => pattern.test(name))) return verdict;
  }
  if (/region is missing/i.test(thrownText(error))) {
    return { code: 'INVALID_OPTIONS', retryable: false, remedy: 'give `aws.region` or AWS_REGION' };
  }
  if (names.some(name => NETWORK.test(name) || NETWORK_NAME.test(name)) || NETWORK_TEXT.test(thrownText(error))) {
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
