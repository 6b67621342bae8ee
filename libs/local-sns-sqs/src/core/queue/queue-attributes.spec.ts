import {
  checkAttributes,
  checkTogether,
  initialAttributes,
  parseRedriveAllowPolicy,
  parseRedrivePolicy,
  sameValue,
} from './queue-attributes.js';

const DLQ = 'arn:aws:sqs:us-east-1:000000000000:dlq';
const redrive = (maxReceiveCount: unknown, deadLetterTargetArn: unknown = DLQ): string =>
  JSON.stringify({ deadLetterTargetArn, maxReceiveCount });
const check =
  (name: string, value: string, fifo = false) =>
  (): void =>
    checkAttributes(new Map([[name, value]]), fifo);
const code = (name: string): Error => expect.objectContaining({ code: name }) as Error;

describe('initialAttributes (CreateQueue API)', () => {
  it("are AWS's defaults", () => {
    expect(Object.fromEntries(initialAttributes(false))).toMatchObject({
      VisibilityTimeout: '30',
      DelaySeconds: '0',
      MessageRetentionPeriod: '345600',
      MaximumMessageSize: '1048576',
      ReceiveMessageWaitTimeSeconds: '0',
    });
    expect(initialAttributes(false).has('FifoQueue')).toBe(false);
  });

  it('say more of a FIFO queue', () => {
    expect(Object.fromEntries(initialAttributes(true))).toMatchObject({
      FifoQueue: 'true',
      ContentBasedDeduplication: 'false',
      DeduplicationScope: 'queue',
      FifoThroughputLimit: 'perQueue',
    });
  });
});

describe('checkAttributes (SetQueueAttributes API)', () => {
  it.each([
    ['VisibilityTimeout', '0', '43200', '43201'],
    ['DelaySeconds', '0', '900', '901'],
    ['MessageRetentionPeriod', '60', '1209600', '59'],
    ['MaximumMessageSize', '1024', '1048576', '1023'],
    ['ReceiveMessageWaitTimeSeconds', '0', '20', '21'],
  ])('keeps %s within %s and %s', (name, least, most, beyond) => {
    expect(check(name, least)).not.toThrow();
    expect(check(name, most)).not.toThrow();
    for (const bad of [beyond, '-1', '1.5', '', 'x']) expect(check(name, bad)).toThrow(code('InvalidAttributeValue'));
  });

  it.each(['Nonsense', 'All', 'QueueArn', 'ApproximateNumberOfMessages', 'constructor'])('does not know %s', name => {
    expect(check(name, '1')).toThrow(code('InvalidAttributeName'));
  });

  it.each([
    ['ContentBasedDeduplication', 'true'],
    ['DeduplicationScope', 'messageGroup'],
    ['FifoThroughputLimit', 'perMessageGroupId'],
  ])('knows %s on FIFO queues only', (name, value) => {
    expect(check(name, value, true)).not.toThrow();
    expect(check(name, value)).toThrow(code('InvalidAttributeName'));
    expect(check(name, 'sometimes', true)).toThrow(code('InvalidAttributeValue'));
  });

  it('takes a policy up to 8 KB, and an empty one as none', () => {
    const policy = (size: number): string => JSON.stringify({ Id: 'x'.repeat(size), Statement: [] });
    expect(check('Policy', policy(8_000))).not.toThrow();
    expect(check('Policy', policy(8_200))).toThrow(code('InvalidAttributeValue'));
    expect(check('Policy', '{}')).toThrow(code('InvalidAttributeValue'));
    for (const name of ['Policy', 'RedrivePolicy', 'RedriveAllowPolicy']) expect(check(name, '')).not.toThrow();
  });
});

describe('checkTogether (high-throughput-fifo)', () => {
  it('allows a limit per group only where deduplication is per group', () => {
    const limit = { FifoThroughputLimit: 'perMessageGroupId' };
    const together = (scope: string) => (): void =>
      checkTogether(new Map(Object.entries({ ...limit, DeduplicationScope: scope })));
    expect(together('messageGroup')).not.toThrow();
    expect(together('queue')).toThrow(code('InvalidAttributeValue'));
  });
});

describe('parseRedrivePolicy (CreateQueue API)', () => {
  it.each([1, 1_000, '5'])('takes a count of %j', count => {
    expect(parseRedrivePolicy(redrive(count))).toEqual({ deadLetterTargetArn: DLQ, maxReceiveCount: Number(count) });
  });

  it.each([
    ['a count of 0', redrive(0)],
    ['a count above 1000', redrive(1_001)],
    ['a count that is none', redrive('many')],
    ['no count', redrive(undefined)],
    ['no target', JSON.stringify({ maxReceiveCount: 3 })],
    ['a target that is no queue', redrive(3, 'arn:aws:sns:us-east-1:000000000000:t')],
    ['a target by name', redrive(3, 'dlq')],
  ])('refuses %s', (_, value) => {
    expect(() => parseRedrivePolicy(value)).toThrow(code('InvalidParameterValue'));
  });

  it.each(['nonsense', '[]', '1'])('refuses %s', value => {
    expect(() => parseRedrivePolicy(value)).toThrow(code('InvalidAttributeValue'));
  });
});

describe('parseRedriveAllowPolicy (CreateQueue API)', () => {
  it.each([
    [{ redrivePermission: 'allowAll' }],
    [{ redrivePermission: 'denyAll' }],
    [{ redrivePermission: 'byQueue', sourceQueueArns: [DLQ] }],
  ])('takes %j', policy => {
    expect(parseRedriveAllowPolicy(JSON.stringify(policy))).toMatchObject(policy);
  });

  it.each([
    [{ redrivePermission: 'byQueue' }],
    [{ redrivePermission: 'byQueue', sourceQueueArns: Array(11).fill(DLQ) as string[] }],
    [{ redrivePermission: 'denyAll', sourceQueueArns: [DLQ] }],
    [{ redrivePermission: 'maybe' }],
    [{ redrivePermission: 'byQueue', sourceQueueArns: DLQ }],
  ])('refuses %j', policy => {
    expect(() => parseRedriveAllowPolicy(JSON.stringify(policy))).toThrow(code('InvalidAttributeValue'));
  });
});

describe('sameValue (CreateQueue API)', () => {
  it.each([
    ['VisibilityTimeout', '30', '30', true],
    ['VisibilityTimeout', '31', '30', false],
    ['VisibilityTimeout', '30', undefined, false],
    ['RedrivePolicy', redrive(3), redrive('3'), true],
    ['RedrivePolicy', redrive(3), redrive(4), false],
    ['Policy', '{"Statement":[],"Id":"a"}', '{ "Id": "a", "Statement": [] }', true],
    ['Policy', '', undefined, true],
  ])('%s %s and %s: %s', (name, wanted, existing, same) => {
    expect(sameValue(name, wanted, existing)).toBe(same);
  });
});
