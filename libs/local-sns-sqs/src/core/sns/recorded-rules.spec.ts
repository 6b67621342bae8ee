import type { Input } from '../input.js';
import { CoreDriver, refusal, refusalCode } from '../../../test/core-driver.js';

let core: CoreDriver;

beforeEach(() => {
  core = new CoreDriver();
});

describe('a filter on the body with dotted keys (recorded)', () => {
  const BODIES = [
    { object: { nested: { test: 'v' } } },
    { 'object.nested.test': 'v' },
    { 'object.nested': { test: 'v' } },
    { object: { 'nested.test': 'v' } },
  ];
  /** Which of the bodies pass. */
  const passing = (policy: Input, bodies: unknown[]): unknown[] => {
    const topic = core.createTopic('t');
    const FilterPolicy = JSON.stringify(policy);
    const attributes = { FilterPolicy, FilterPolicyScope: 'MessageBody', RawMessageDelivery: 'true' };
    const queue = core.subscribedQueue(topic, 'q', attributes);
    for (const body of bodies) core.publish(topic, JSON.stringify(body));
    return core.bodies(queue).map(body => JSON.parse(body) as unknown);
  };

  it.each([
    ['flat', { 'object.nested.test': ['v'] }],
    ['half flat', { 'object.nested': { test: ['v'] } }],
    ['nested', { object: { nested: { test: ['v'] } } }],
    ['in $or', { $or: [{ 'object.nested.test': ['v'] }, { other: ['w'] }] }],
  ])('takes a policy that is %s for every form of the body', (_, policy) => {
    expect(passing(policy, [...BODIES, { object: { nested: { test: 'w' } } }])).toEqual(BODIES);
  });

  it('asks for both keys in one item of a list', () => {
    const both = { items: [{ a: 1, b: 2 }] };
    const apart = { items: [{ a: 1 }, { b: 2 }] };
    expect(passing({ 'items.a': [1], 'items.b': [2] }, [both, apart])).toEqual([both]);
  });

  it('takes together what a body says in two forms', () => {
    const body = { 'a.b': 1, a: { c: 2 } };
    expect(passing({ a: { b: [1], c: [2] } }, [body])).toEqual([body]);
  });

  it('counts a dotted key once, whatever its form, and its depth as that of the nested one', () => {
    const subscribe = (policy: Input) => () => {
      core.createQueue('other');
      const attributes = { FilterPolicy: JSON.stringify(policy), FilterPolicyScope: 'MessageBody' };
      core.subscribe(core.createTopic('t'), 'other', attributes);
    };
    const values = Array.from({ length: 51 }, (_, index) => String(index));
    expect(refusal(subscribe({ 'a.b.c': values })).message).toMatch(/too complex/);
    expect(
      subscribe({ $or: [{ 'a.b': ['1'] }, { a: { b: ['2'] } }], c: ['1'], d: ['1'], e: ['1'], f: ['1'] }),
    ).not.toThrow();
  });

  it('looks at keys of attributes as they are', () => {
    const topic = core.createTopic('t');
    const queue = core.subscribedQueue(topic, 'q', { FilterPolicy: JSON.stringify({ 'a.b': ['v'] }) });
    core.publish(topic, 'x', { MessageAttributes: { 'a.b': { DataType: 'String', StringValue: 'v' } } });
    expect(core.bodies(queue)).toHaveLength(1);
  });
});

describe('numbers and wildcards in filters (subscription-filter-policy-constraints)', () => {
  const passes = (rule: unknown, value: string): boolean => {
    const driver = new CoreDriver();
    const topic = driver.createTopic('t');
    const queue = driver.subscribedQueue(topic, 'q', { FilterPolicy: JSON.stringify({ n: [rule] }) });
    const DataType = Number.isNaN(Number(value)) ? 'String' : 'Number';
    driver.publish(topic, 'x', { MessageAttributes: { n: { DataType, StringValue: value } } });
    return driver.bodies(queue).length === 1;
  };
  const policyProblem = (policy: Input): string => {
    core.createQueue('q');
    const FilterPolicy = JSON.stringify(policy);
    return refusal(() => core.subscribe(core.createTopic('t'), 'q', { FilterPolicy })).message;
  };

  it.each([
    [{ numeric: ['=', 1.000001] }, '1', true],
    [{ numeric: ['=', 1.00001] }, '1', false],
    [{ numeric: ['>', 1] }, '1.000001', false],
    [{ numeric: ['<=', 1] }, '1.000001', true],
    [0.3, '0.30000000000000004', true],
    [{ 'anything-but': [0.3] }, '0.3000000001', false],
  ])('compares numbers to five decimals: %j and %s', (rule, value, expected) => {
    expect(passes(rule, value)).toBe(expected);
  });

  it.each([
    [{ wildcard: 'a*b*c*' }, 'a1b2c3', true],
    [{ wildcard: String.raw`a\*b` }, 'a*b', true],
    [{ wildcard: String.raw`a\*b` }, 'axb', false],
    [{ wildcard: String.raw`a\\*` }, String.raw`a\x`, true],
  ])('matches %j and %s', (rule, value, expected) => {
    expect(passes(rule, value)).toBe(expected);
  });

  it('takes three wildcards in a pattern, none beside another, and no more than 100 points of them', () => {
    expect(policyProblem({ n: [{ wildcard: '*a*b*c*' }] })).toMatch(/more than 3 wildcards/);
    expect(policyProblem({ n: [{ wildcard: 'a**b' }] })).toMatch(/Consecutive wildcard characters at pos 1/);
    expect(policyProblem({ n: [{ 'anything-but': { wildcard: 'a**b' } }] })).toMatch(/Consecutive/);
    const rules = Array.from({ length: 34 }, (_, index) => ({ wildcard: `${index}*a*` }));
    expect(policyProblem({ n: rules })).toMatch(/too many wildcards/);
  });
});

describe('PublishBatch with an entry that is unsound in itself (recorded)', () => {
  const good = { Id: 'good', Message: 'x', MessageGroupId: 'g', MessageDeduplicationId: 'd' };
  const batch =
    (topic: string, ...entries: Input[]) =>
    () =>
      core.sns('PublishBatch', { TopicArn: topic, PublishBatchRequestEntries: entries });

  it.each<[string, string, Input]>([
    [
      'an empty text in an attribute',
      'ParameterValueInvalid',
      { MessageAttributes: { a: { DataType: 'String', StringValue: '' } } },
    ],
    ['an attribute without a type', 'ValidationError', { MessageAttributes: { a: { StringValue: 'v' } } }],
    ['no group', 'InvalidParameter', { MessageGroupId: undefined }],
    ['no deduplication id', 'InvalidParameter', { MessageDeduplicationId: undefined }],
    ['no default', 'InvalidParameter', { Message: '{"sqs":"x"}', MessageStructure: 'json' }],
  ])('refuses the whole request for %s, and publishes nothing', (_, code, bad) => {
    const topic = core.createTopic('t.fifo');
    const queue = core.subscribedQueue(topic, 'q.fifo');
    expect(refusalCode(batch(topic, good, { ...good, Id: 'bad', MessageDeduplicationId: 'e', ...bad }))).toBe(code);
    expect(core.bodies(queue)).toEqual([]);
    expect(batch(topic, good)()).toMatchObject({ Successful: [{ Id: 'good' }], Failed: [] });
    expect(core.bodies(queue)).toHaveLength(1);
  });
});

describe('attributes of messages (recorded)', () => {
  it('has a ValidationError for one without a DataType', () => {
    const topic = core.createTopic('t');
    const MessageAttributes = { attr1: { StringValue: 'v' } };
    expect(refusal(() => core.publish(topic, 'x', { MessageAttributes }))).toMatchObject({
      code: 'ValidationError',
      message:
        "1 validation error detected: Value null at 'messageAttributes.attr1.member.dataType' failed to satisfy constraint: Member must not be null",
    });
  });
});

describe('Subscribe and its attributes (recorded)', () => {
  let topic: string;

  beforeEach(() => {
    topic = core.createTopic('t');
    core.createQueue('q');
  });

  it('is idempotent by the attributes that are named', () => {
    const FilterPolicy = JSON.stringify({ a: ['1'] });
    const arn = core.subscribe(topic, 'q', { RawMessageDelivery: 'true', FilterPolicy });
    expect(core.subscribe(topic, 'q')).toBe(arn);
    expect(core.subscribe(topic, 'q', { RawMessageDelivery: 'true' })).toBe(arn);
    expect(core.subscribe(topic, 'q', { FilterPolicy })).toBe(arn);
    expect(refusalCode(() => core.subscribe(topic, 'q', { RawMessageDelivery: 'false' }))).toBe('InvalidParameter');
    expect(refusalCode(() => core.subscribe(topic, 'q', { FilterPolicy: '' }))).toBe('InvalidParameter');
  });

  it('refuses an empty RawMessageDelivery, subscribed and set', () => {
    expect(refusalCode(() => core.subscribe(topic, 'q', { RawMessageDelivery: '' }))).toBe('InvalidParameter');
    const SubscriptionArn = core.subscribe(topic, 'q');
    const input = { SubscriptionArn, AttributeName: 'RawMessageDelivery', AttributeValue: '' };
    expect(refusal(() => core.sns('SetSubscriptionAttributes', input)).message).toBe(
      'Invalid parameter: RawMessageDelivery: Invalid value []. Must be true or false.',
    );
  });

  it('still takes an empty FilterPolicy and RedrivePolicy away', () => {
    const attributes = { FilterPolicy: JSON.stringify({ a: ['1'] }) };
    const SubscriptionArn = core.subscribe(topic, 'q', attributes);
    core.sns('SetSubscriptionAttributes', { SubscriptionArn, AttributeName: 'FilterPolicy', AttributeValue: '' });
    expect(core.sns('GetSubscriptionAttributes', { SubscriptionArn })['Attributes']).not.toHaveProperty('FilterPolicy');
  });

  it('refuses a RedrivePolicy with maxReceiveCount, which is for queues', () => {
    const { RedrivePolicy = '' } = core.redriveTo('q', 3);
    expect(refusalCode(() => core.subscribe(topic, 'q', { RedrivePolicy }))).toBe('InvalidParameter');
  });
});
