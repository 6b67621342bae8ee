import { errorText, fromAwsError, isQueueMissing, isTopicMissing } from './aws-errors.js';
import { SnsSqsError } from './sns-sqs.error.js';

const failed = (changes: object, message = 'no') =>
  fromAwsError(Object.assign(new Error(message), changes), 'ReceiveMessage', 'q');

describe('fromAwsError', () => {
  it.each([
    ['CredentialsProviderError', 'CREDENTIALS_MISSING'],
    ['ExpiredToken', 'CREDENTIALS_MISSING'],
    ['ExpiredTokenException', 'CREDENTIALS_MISSING'],
    ['InvalidClientTokenId', 'CREDENTIALS_MISSING'],
    ['SignatureDoesNotMatch', 'CREDENTIALS_MISSING'],
    ['InvalidSignatureException', 'CREDENTIALS_MISSING'],
    ['IncompleteSignatureException', 'CREDENTIALS_MISSING'],
    ['MissingAuthenticationTokenException', 'CREDENTIALS_MISSING'],
    ['UnrecognizedClientException', 'CREDENTIALS_MISSING'],
    ['InvalidAccessKeyId', 'CREDENTIALS_MISSING'],
    ['AuthFailure', 'CREDENTIALS_MISSING'],
    ['OptInRequired', 'CREDENTIALS_MISSING'],
    ['RequestTimeoutException', 'ENDPOINT_UNREACHABLE'],
    ['RequestAbortedException', 'ENDPOINT_UNREACHABLE'],
    ['AccessDenied', 'ACCESS_DENIED'],
    ['AccessDeniedException', 'ACCESS_DENIED'],
    ['AuthorizationError', 'ACCESS_DENIED'],
    ['KmsAccessDenied', 'ACCESS_DENIED'],
    ['KMSAccessDenied', 'ACCESS_DENIED'],
    ['KMSThrottling', 'THROTTLED'],
    ['QueueDoesNotExist', 'QUEUE_NOT_FOUND'],
    ['AWS.SimpleQueueService.NonExistentQueue', 'QUEUE_NOT_FOUND'],
    ['NotFound', 'TOPIC_NOT_FOUND'],
    ['NotFoundException', 'TOPIC_NOT_FOUND'],
    ['Throttling', 'THROTTLED'],
    ['ThrottledException', 'THROTTLED'],
    ['RequestThrottled', 'THROTTLED'],
    ['OverLimit', 'THROTTLED'],
    ['TimeoutError', 'ENDPOINT_UNREACHABLE'],
  ])('knows %s as %s, which may pass', (name, code) => {
    expect(failed({ name })).toMatchObject({ code, retryable: true });
  });

  it.each(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'])('knows a network away by %s', code => {
    expect(failed({ code }).code).toBe('ENDPOINT_UNREACHABLE');
  });

  it.each(['connect ECONNREFUSED 127.0.0.1:4566', 'socket hang up'])('knows a network away by the text %p', text => {
    expect(failed({}, text).code).toBe('ENDPOINT_UNREACHABLE');
  });

  it('knows a network away by what an AggregateError holds', () => {
    const error = new AggregateError([new Error('connect ECONNREFUSED ::1:4566')], '');
    const { code, message } = fromAwsError(error, 'ReceiveMessage', 'q');
    expect(code).toBe('ENDPOINT_UNREACHABLE');
    expect(message).toContain('connect ECONNREFUSED ::1:4566');
  });

  it('calls a missing region what it is: an option', () => {
    expect(failed({}, 'Region is missing')).toMatchObject({ code: 'INVALID_OPTIONS', retryable: false });
  });

  it.each([
    [200, true],
    [301, false],
    [400, false],
    [403, false],
    [408, true],
    [429, true],
    [500, true],
    [503, true],
    [undefined, true],
  ])('takes an unknown failure with the status %p for retryable: %p', (httpStatusCode, retryable) => {
    const error = failed({ name: 'Strange', $metadata: { httpStatusCode } });
    expect(error).toMatchObject({ code: 'AWS_CALL_FAILED', retryable });
  });

  it.each(['RequestExpired', 'RequestInTheFuture', 'RequestTimeTooSkewed', 'RequestTimeTooSkewedException'])(
    'tells by %s that the clock of the machine is off',
    name => {
      const error = failed({ name, $metadata: { httpStatusCode: 403 } });
      expect(error).toMatchObject({ code: 'CREDENTIALS_MISSING', retryable: true });
      expect(error.message).toMatch(/set the clock of this machine/);
    },
  );

  it('takes what was thrown before a call was sent for what may pass, and says where to look', () => {
    const error = fromAwsError(new TypeError('Cannot read properties of undefined'), 'PublishBatch', 't');
    expect(error).toMatchObject({ code: 'AWS_CALL_FAILED', retryable: true });
    expect(error.remedy).toContain('aws.credentials');
    expect(fromAwsError(new URIError('URI malformed'), 'PublishBatch', 't').retryable).toBe(false);
  });

  it('names operation, resource, cause and remedy', () => {
    const cause = Object.assign(new Error('not you'), { name: 'AccessDenied' });
    const error = fromAwsError(cause, 'ReceiveMessage', 'dev-q', { type: 'a' });
    expect(error.message).toBe(
      'ReceiveMessage on dev-q failed: AccessDenied: not you. Remedy: allow the action in the IAM policy of this process.',
    );
    expect(error.cause).toBe(cause);
    expect(error.facts).toEqual({
      operation: 'ReceiveMessage',
      resource: 'dev-q',
      awsError: 'AccessDenied',
      type: 'a',
    });
  });

  it('takes the name of a queue that was deleted less than a minute ago for one that comes free', () => {
    const error = failed({ name: 'QueueDeletedRecently', $metadata: { httpStatusCode: 400 } });
    expect(error).toMatchObject({ code: 'AWS_CALL_FAILED', retryable: true });
    expect(error.message).toContain('60 seconds');
  });

  it('says of a queue with too many messages in flight what that is, which is no rate', () => {
    const error = failed({ name: 'OverLimit', $metadata: { httpStatusCode: 403 } });
    expect(error).toMatchObject({ code: 'THROTTLED', retryable: true });
    expect(error.message).toContain('120,000 messages in flight');
    expect(error.message).not.toContain('rate of calls');
  });

  it.each([
    ['ConcurrentAccessException', 'AWS_CALL_FAILED', true, /again in a moment/],
    ['StaleTag', 'AWS_CALL_FAILED', true, /again in a moment/],
    ['SubscriptionLimitExceededException', 'AWS_CALL_FAILED', false, /12,500,000/],
    ['SubscriptionLimitExceeded', 'AWS_CALL_FAILED', false, /12,500,000/],
    ['TopicLimitExceededException', 'AWS_CALL_FAILED', false, /100,000/],
    ['TagLimitExceededException', 'AWS_CALL_FAILED', false, /50 tags/],
    ['TagPolicyException', 'AWS_CALL_FAILED', false, /tag policy/],
    ['InvalidAddress', 'AWS_CALL_FAILED', false, /queue URL/],
    ['InvalidSecurity', 'CREDENTIALS_MISSING', true, /https/],
    ['InvalidSecurityException', 'CREDENTIALS_MISSING', true, /https/],
    ['KmsAccessDenied', 'ACCESS_DENIED', true, /kms:GenerateDataKey/],
    ['KMS.AccessDeniedException', 'ACCESS_DENIED', true, /key's policy/],
    ['KMSAccessDeniedException', 'ACCESS_DENIED', true, /kms:Decrypt/],
  ] as const)('says of %s what helps', (name, code, retryable, remedy) => {
    const error = failed({ name, $metadata: { httpStatusCode: 403 } });
    expect(error).toMatchObject({ code, retryable, remedy: expect.stringMatching(remedy) as string });
    expect(error.remedy).not.toContain('filter policies');
  });

  it.each(['FilterPolicyLimitExceeded', 'FilterPolicyLimitExceededException'])(
    '%s says what to do about the 201st use case of a topic',
    name => {
      const error = failed({ name, $metadata: { httpStatusCode: 403 } });
      expect(error).toMatchObject({ code: 'AWS_CALL_FAILED', retryable: false });
      expect(error.message).toContain('200 filter policies');
    },
  );

  it('leaves an error of ours as it is', () => {
    const ours = new SnsSqsError('SERVER_CLOSED', 'stopped');
    expect(fromAwsError(ours, 'ReceiveMessage', 'q')).toBe(ours);
  });

  it.each([undefined, null, 'a text'])('takes %p that was thrown', thrown => {
    expect(fromAwsError(thrown, 'ReceiveMessage', 'q').message).toContain(`failed: ${thrown}.`);
  });
});

it.each<[unknown, string]>([
  [new Error('no'), 'no'],
  [new RangeError(), 'RangeError'],
  [new AggregateError([new Error('inner')]), 'inner'],
  [7, '7'],
])('errorText of %p is %p', (error, text) => {
  expect(errorText(error)).toBe(text);
});

describe('isQueueMissing, isTopicMissing', () => {
  const named = (name: string): Error => Object.assign(new Error('no'), { name });

  it.each<[string, unknown, boolean, boolean]>([
    ["the SDK's error of SQS", named('QueueDoesNotExist'), true, false],
    ["the Query protocol's", named('AWS.SimpleQueueService.NonExistentQueue'), true, false],
    ['one that has it as its code only', Object.assign(new Error('no'), { Code: 'QueueDoesNotExist' }), true, false],
    ["a batch entry's failure", { id: '0', code: 'QueueDoesNotExist', message: '', senderFault: true }, true, false],
    ['our own', new SnsSqsError('QUEUE_NOT_FOUND', 'no'), true, false],
    ["the SDK's error of SNS", named('NotFoundException'), false, true],
    ["SNS's own name", named('NotFound'), false, true],
    ['our own of a topic', new SnsSqsError('TOPIC_NOT_FOUND', 'no'), false, true],
    ['another with such a name in it', named('KMSNotFoundException'), false, false],
    ['a text', 'QueueDoesNotExist', false, false],
    ['nothing', undefined, false, false],
  ])('know %s', (_, error, queue, topic) => {
    expect([isQueueMissing(error), isTopicMissing(error)]).toEqual([queue, topic]);
  });
});
