import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as sns from '@aws-sdk/client-sns';
import * as sqs from '@aws-sdk/client-sqs';
import { fromAwsError, isOfContent } from './aws-errors.js';

const codeOf = (name: string): string => fromAwsError({ name, $metadata: { httpStatusCode: 400 } }, '', '').code;

type ErrorClass = new (options: { message: string; $metadata: object }) => Error;

/** The errors that the SDK's models of SNS and SQS name. */
const MODELLED = [...Object.values(sns), ...Object.values(sqs)]
  .filter((each): each is typeof each & ErrorClass => typeof each === 'function' && each.prototype instanceof Error)
  .map(each => new each({ message: '', $metadata: {} }).name)
  .filter(name => name !== 'Error');

const KMS = MODELLED.filter(name => /^kms/i.test(name));

describe("AWS's own names", () => {
  it('are read from the models of both services', () => {
    expect(KMS).toEqual(expect.arrayContaining(['KmsDisabled', 'KMSDisabledException', 'KMSOptInRequired']));
  });

  it('of errors of a KMS key are no fault of an entry, with the suffix of the SDK and without', () => {
    for (const name of [...KMS, ...KMS.map(each => each.replace(/Exception$/, ''))]) {
      const { code, message } = fromAwsError({ name, $metadata: { httpStatusCode: 400 } }, '', '');
      const kind = /AccessDenied/.test(name)
        ? 'ACCESS_DENIED'
        : /Thrott/.test(name)
          ? 'THROTTLED'
          : /KMS key/.test(message) && code;
      expect([name, kind]).toEqual([name, kind || 'a KMS key']);
      expect([name, isOfContent({ name })]).toEqual([name, false]);
    }
  });

  /** The names in a list of the SDK's. */
  function listed(list: string): string[] {
    const retry = createRequire(join(process.cwd(), 'x.js')).resolve('@smithy/core/retry');
    const [, text = ''] = new RegExp(`${list} = \\[([^\\]]+)\\]`).exec(readFileSync(retry, 'utf8')) ?? [];
    return [...text.matchAll(/"(\w+)"/g)].map(([, name = '']) => name);
  }

  it("of throttling are those of the SDK, and those of the services' models", () => {
    const names = listed('THROTTLING_ERROR_CODES');
    expect(names.length).toBeGreaterThan(10);
    const throttling = [...names, ...MODELLED.filter(name => /thrott|OverLimit/i.test(name))];
    expect(throttling.filter(name => codeOf(name) !== 'THROTTLED')).toEqual([]);
  });

  it('of what passes, and of a clock that is off, are those of the SDK', () => {
    const passing = listed('TRANSIENT_ERROR_CODES');
    expect(passing.length).toBeGreaterThan(2);
    expect(passing.filter(name => codeOf(name) !== 'ENDPOINT_UNREACHABLE')).toEqual([]);
    const ofAClock = listed('CLOCK_SKEW_ERROR_CODES').filter(name => name !== 'AccessDeniedException');
    expect(ofAClock.length).toBeGreaterThan(4);
    expect(ofAClock.filter(name => codeOf(name) !== 'CREDENTIALS_MISSING')).toEqual([]);
  });

  it('of what is wrong with a message may concern one entry only', () => {
    const wrong = MODELLED.filter(name =>
      /^(InvalidParameter|InvalidMessage|Validation|BatchRequestTooLong)/.test(name),
    );
    expect(wrong.length).toBeGreaterThan(4);
    expect(wrong.filter(name => !isOfContent({ name }))).toEqual([]);
  });

  it('have a remedy each, but for those that no call of this library meets', () => {
    const generic = MODELLED.filter(name => /the cause tells/.test(fromAwsError({ name }, '', '').message));
    expect(generic.filter(name => !isOfContent({ name })).toSorted()).toEqual([
      'BatchEntryIdsNotDistinct',
      'BatchEntryIdsNotDistinctException',
      'EmptyBatchRequest',
      'EmptyBatchRequestException',
      // Of phones.
      'EndpointDisabledException',
      'InternalErrorException',
      'InvalidIdFormat',
      // Of replays.
      'InvalidStateException',
      'MessageNotInflight',
      'OptedOutException',
      'PlatformApplicationDisabledException',
      'PurgeQueueInProgress',
      // It is repaired.
      'QueueNameExists',
      'ReplayLimitExceededException',
      'ResourceNotFoundException',
      'ResourceNotFoundException',
      'TooManyEntriesInBatchRequest',
      'TooManyEntriesInBatchRequestException',
      'UnsupportedOperation',
      'UserErrorException',
      'VerificationException',
    ]);
  });
});
