import { Broker } from '../broker.js';
import type { Input } from '../input.js';
import type { Call, Output } from '../operation.js';
import { VirtualClock } from '../virtual-clock.js';
import { SNS_OPERATIONS } from './operations.js';

const CALL: Call = { origin: 'http://local', gone: false, onGone: () => undefined, onUndelivered: () => undefined };
const arn = (name: string): string => `arn:aws:sns:us-east-1:000000000000:${name}`;

function rig() {
  const broker = new Broker({ clock: new VirtualClock(), seed: 1, region: 'us-east-1', accountId: '000000000000' });
  const run = (operation: string, input: Input = {}): Output =>
    SNS_OPERATIONS.get(operation)?.(broker, input, CALL) as Output;
  const create = (Name: string, Attributes: Input = {}, more: Input = {}): Output =>
    run('CreateTopic', { Name, Attributes, ...more });
  const attributesOf = (name: string): Input => run('GetTopicAttributes', { TopicArn: arn(name) }).Attributes as Input;
  return { run, create, attributesOf };
}

const refusal = (code: string): Error => expect.objectContaining({ code }) as Error;

describe('CreateTopic (CreateTopic API)', () => {
  it('answers with the ARN, again and again', () => {
    const { create } = rig();
    expect(create('events')).toEqual({ TopicArn: arn('events') });
    expect(create('events')).toEqual({ TopicArn: arn('events') });
  });

  it('takes FifoTopic=false for what it is, again and again', () => {
    const { create } = rig();
    create('events', { FifoTopic: 'false' });
    expect(create('events', { FifoTopic: 'false' })).toEqual({ TopicArn: arn('events') });
  });

  it.each([
    ['a topic that has other attributes', { DisplayName: 'Other' }, {}],
    ['a topic that has other tags', {}, { Tags: [{ Key: 'team', Value: 'b' }] }],
  ])('refuses %s', (_, attributes, more) => {
    const { create } = rig();
    create('events', { DisplayName: 'Events' }, { Tags: [{ Key: 'team', Value: 'a' }] });
    expect(() => create('events', attributes, more)).toThrow(refusal('InvalidParameter'));
  });

  it.each(['', 'a.b', 'a b', 'x'.repeat(257), 'events.fifo'])('refuses the name %j', name => {
    expect(() => rig().create(name)).toThrow(refusal('InvalidParameter'));
  });

  it('wants FIFO topics, and only them, to end with .fifo', () => {
    const { create, attributesOf } = rig();
    expect(() => create('events', { FifoTopic: 'true' })).toThrow(refusal('InvalidParameter'));
    create('events.fifo', { FifoTopic: 'true' });
    expect(attributesOf('events.fifo')).toMatchObject({ FifoTopic: 'true', ContentBasedDeduplication: 'false' });
  });

  it.each([
    { Nonsense: '1' },
    { ContentBasedDeduplication: 'true' },
    { MaximumMessageSize: '1023' },
    { MaximumMessageSize: '1048577' },
    { SignatureVersion: '3' },
    { DisplayName: 'x'.repeat(101) },
    { Policy: 'nonsense' },
    { Policy: '{"Version":"2012-10-17"}' },
    { TracingConfig: 'Maybe' },
  ])('refuses %j on a standard topic', attributes => {
    expect(() => rig().create('events', attributes)).toThrow(refusal('InvalidParameter'));
  });
});

describe('GetTopicAttributes (GetTopicAttributes API)', () => {
  it('tells what AWS tells of a new topic', () => {
    const { create, attributesOf } = rig();
    create('events');
    expect(attributesOf('events')).toMatchObject({
      TopicArn: arn('events'),
      Owner: '000000000000',
      DisplayName: '',
      SubscriptionsConfirmed: '0',
      SubscriptionsPending: '0',
      SubscriptionsDeleted: '0',
    });
  });

  it.each([
    [arn('none'), 'NotFound'],
    ['events', 'InvalidParameter'],
    ['', 'InvalidParameter'],
  ])('refuses %j as %s', (TopicArn, code) => {
    expect(() => rig().run('GetTopicAttributes', { TopicArn })).toThrow(refusal(code));
  });
});

describe('SetTopicAttributes (SetTopicAttributes API)', () => {
  const rename = (AttributeValue: string, AttributeName = 'DisplayName'): Input => ({
    TopicArn: arn('events'),
    AttributeName,
    AttributeValue,
  });

  it('changes one, and takes it away when it is empty', () => {
    const { run, create, attributesOf } = rig();
    create('events');
    run('SetTopicAttributes', rename('Events'));
    expect(attributesOf('events')).toMatchObject({ DisplayName: 'Events' });
    run('SetTopicAttributes', rename(''));
    expect(attributesOf('events')).toMatchObject({ DisplayName: '' });
  });

  it('does not make a FIFO topic of a standard one', () => {
    const { run, create } = rig();
    create('events');
    expect(() => run('SetTopicAttributes', rename('true', 'FifoTopic'))).toThrow(refusal('InvalidParameter'));
  });
});

describe('ListTopics (ListTopics API)', () => {
  it('lists a hundred at a time', () => {
    const { run, create } = rig();
    for (let index = 0; index < 150; index += 1) create(`topic-${index}`);
    const first = run('ListTopics');
    const second = run('ListTopics', { NextToken: first.NextToken });
    expect([(first.Topics as unknown[]).length, (second.Topics as unknown[]).length]).toEqual([100, 50]);
    expect(second).not.toHaveProperty('NextToken');
    expect(new Set([...(first.Topics as Output[]), ...(second.Topics as Output[])].map(t => t.TopicArn)).size).toBe(
      150,
    );
  });
});

describe('DeleteTopic (DeleteTopic API)', () => {
  it('is no error twice', () => {
    const { run, create } = rig();
    create('events');
    run('DeleteTopic', { TopicArn: arn('events') });
    expect(run('DeleteTopic', { TopicArn: arn('events') })).toEqual({});
    expect(run('ListTopics')).toEqual({ Topics: [] });
  });
});

describe('tags (sns-tags)', () => {
  it('are added, replaced, listed and removed, up to fifty', () => {
    const { run, create } = rig();
    create('events', {}, { Tags: [{ Key: 'a', Value: '1' }] });
    const ResourceArn = arn('events');
    run('TagResource', { ResourceArn, Tags: [{ Key: 'a', Value: '2' }, { Key: 'b' }] });
    expect(run('ListTagsForResource', { ResourceArn })).toEqual({
      Tags: [
        { Key: 'a', Value: '2' },
        { Key: 'b', Value: '' },
      ],
    });
    run('UntagResource', { ResourceArn, TagKeys: ['a', 'b'] });
    expect(run('ListTagsForResource', { ResourceArn })).toEqual({ Tags: [] });
    const Tags = Array.from({ length: 51 }, (_, index) => ({ Key: `t${index}`, Value: '' }));
    expect(() => run('TagResource', { ResourceArn, Tags })).toThrow(refusal('TagLimitExceeded'));
    expect(() => run('ListTagsForResource', { ResourceArn: arn('none') })).toThrow(refusal('ResourceNotFound'));
    expect(() => run('ListTagsForResource', { ResourceArn: 'events' })).toThrow(refusal('InvalidParameter'));
  });

  it.each([
    ['a key twice', [{ Key: 'a' }, { Key: 'a' }]],
    ['a key of AWS', [{ Key: 'aws:cloudformation' }]],
    ['a key of 129 characters', [{ Key: 'k'.repeat(129) }]],
    ['a value of 257 characters', [{ Key: 'a', Value: 'v'.repeat(257) }]],
    ['no key', [{ Value: 'v' }]],
  ])('refuse %s', (_, Tags) => {
    const { run, create } = rig();
    create('events');
    expect(() => run('TagResource', { ResourceArn: arn('events'), Tags })).toThrow(refusal('InvalidParameter'));
    expect(() => create('other', {}, { Tags })).toThrow(refusal('InvalidParameter'));
  });
});
