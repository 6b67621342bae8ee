import { assertFits, publishError } from './publish-error.js';

const failure = { id: '0', code: 'InvalidParameter', message: 'no', senderFault: true };
const publish = {
  operation: 'PublishBatch',
  type: 'user.registered',
  destination: 'users-domain-events',
  bytes: 300_000,
  defaultMaxBytes: 262_144,
};
const errorOf = (changes: Partial<typeof failure> & { cause?: unknown }) =>
  publishError({ ...failure, ...changes }, publish);

describe('assertFits', () => {
  const entryOf = (bytes: number) => ({
    body: 'x'.repeat(bytes - 11),
    attributes: { type: { DataType: 'String', StringValue: 'a' } },
  });

  it('takes 1 MiB, attributes counted', () => {
    expect(() => assertFits(entryOf(1_048_576), 'a', 'q')).not.toThrow();
  });

  it('refuses one byte more and tells the size', () => {
    expect(() => assertFits(entryOf(1_048_577), 'a', 'q')).toThrow(
      expect.objectContaining({
        code: 'MESSAGE_TOO_LARGE',
        retryable: false,
        facts: { type: 'a', destination: 'q', bytes: 1_048_577, maxBytes: 1_048_576 },
      }) as Error,
    );
  });

  it('counts bytes and not characters', () => {
    expect(() => assertFits({ body: '🙈'.repeat(262_145), attributes: {} }, 'a', 'q')).toThrow(/1048580 bytes/);
  });
});

describe('publishError', () => {
  it.each([
    'Message too long',
    'One or more parameters are invalid. Reason: Message must be shorter than 262144 bytes.',
  ])('knows a message that is too large by %p', message => {
    expect(errorOf({ message })).toMatchObject({ code: 'MESSAGE_TOO_LARGE', retryable: false });
  });

  it.each([
    ['Message too long', 262_144],
    ['One or more parameters are invalid. Reason: Message must be shorter than 102400 bytes.', 102_400],
    ['Batch requests cannot be longer than 131072 bytes. You have sent 300000 bytes.', 131_072],
  ])("tells the topic's own limit, %p", (message, maxBytes) => {
    const cause = Object.assign(new Error(message), { name: 'BatchRequestTooLongException' });
    for (const error of [errorOf({ message }), errorOf({ message, cause })]) {
      expect(error).toMatchObject({ code: 'MESSAGE_TOO_LARGE', facts: { bytes: 300_000, maxBytes } });
      expect(error.message).toContain(`has 300000 bytes`);
      expect(error.message).toContain(`MaximumMessageSize, ${maxBytes} bytes`);
    }
  });

  it('does not take a limit of AWS for a message that is too large', () => {
    expect(errorOf({ message: 'Rate exceeded', senderFault: false })).toMatchObject({
      code: 'PUBLISH_REJECTED',
      retryable: true,
    });
  });

  it("tells the sender to correct the message, and says AWS's words", () => {
    const error = errorOf({});
    expect(error).toMatchObject({
      code: 'PUBLISH_REJECTED',
      retryable: false,
      facts: { type: 'user.registered', destination: 'users-domain-events', awsError: 'InvalidParameter' },
    });
    expect(error.message).toMatch(
      /did not accept "user\.registered": InvalidParameter: no\. Remedy: correct the message/,
    );
  });

  it('tells what the whole call failed with', () => {
    const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const error = errorOf({ cause });
    expect(error).toMatchObject({ code: 'ENDPOINT_UNREACHABLE', facts: { type: 'user.registered' } });
    expect(error.cause).toBe(cause);
    expect(error.message).toContain('PublishBatch on users-domain-events failed');
  });
});
