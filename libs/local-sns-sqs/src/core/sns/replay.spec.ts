import { CoreDriver, DAY, HOUR, MINUTE, refusal, refusalCode, SECOND } from '../../../test/core-driver.js';

const RAW = { RawMessageDelivery: 'true' };
const THIRTY_DAYS = { ArchivePolicy: JSON.stringify({ MessageRetentionPeriod: '30' }) };

let core: CoreDriver;
let topic: string;
let published: number;

beforeEach(() => {
  core = new CoreDriver();
  topic = core.createTopic('t.fifo', { ContentBasedDeduplication: 'true', ...THIRTY_DAYS });
  published = 0;
});

const publish = (...bodies: string[]): void => {
  for (const body of bodies) {
    published += 1;
    core.publish(topic, body, { MessageGroupId: 'g', MessageDeduplicationId: String(published) });
  }
};
const at = (time: number): string => new Date(time).toISOString();
const policy = (from: number, to?: number): { ReplayPolicy: string } => ({
  ReplayPolicy: JSON.stringify({
    PointType: 'Timestamp',
    StartingPoint: at(from),
    ...(to !== undefined && { EndingPoint: at(to) }),
  }),
});
const set = (SubscriptionArn: string, { ReplayPolicy }: { ReplayPolicy: string }): void => {
  const input = { SubscriptionArn, AttributeName: 'ReplayPolicy', AttributeValue: ReplayPolicy };
  core.sns('SetSubscriptionAttributes', input);
};
const attributesOf = (SubscriptionArn: string): Record<string, string> =>
  core.sns('GetSubscriptionAttributes', { SubscriptionArn })['Attributes'] as Record<string, string>;
const topicAttributes = (): Record<string, string> =>
  core.sns('GetTopicAttributes', { TopicArn: topic })['Attributes'] as Record<string, string>;
const setArchive = (value: string): void => {
  core.sns('SetTopicAttributes', { TopicArn: topic, AttributeName: 'ArchivePolicy', AttributeValue: value });
};
/** A queue that may be subscribed. */
const queueFor = (name: string): string =>
  core.createQueue(name, { ...core.admitting(topic, name), MessageRetentionPeriod: String((14 * DAY) / SECOND) });
const drain = (queue: string): string[] => {
  const received = core.receive(queue);
  for (const { ReceiptHandle } of received) core.delete(queue, ReceiptHandle);
  return received.map(({ Body }) => Body);
};

describe('an archive (message-archiving-and-replay-topic-owner)', () => {
  it('begins with its policy, and is as long as the policy says', () => {
    const since = core.clock.now();
    expect(topicAttributes()).toMatchObject({ ...THIRTY_DAYS, BeginningArchiveTime: at(since) });
    core.advance(31 * DAY);
    expect(topicAttributes()['BeginningArchiveTime']).toBe(at(since + DAY));
  });

  it.each([
    '{"MessageRetentionPeriod":"0"}',
    '{"MessageRetentionPeriod":"366"}',
    '{"MessageRetentionPeriod":"x"}',
    '{"other":1}',
    '[]',
    'x',
  ])('takes 1 to 365 days: not %s', value => {
    expect(refusalCode(() => setArchive(value))).toBe('InvalidParameter');
  });

  it('is for FIFO topics', () => {
    expect(refusalCode(() => core.createTopic('standard', THIRTY_DAYS))).toBe('InvalidParameter');
  });

  it('keeps its topic from being deleted until it is ended', () => {
    expect(refusalCode(() => core.sns('DeleteTopic', { TopicArn: topic }))).toBe('InvalidState');
    setArchive('{}');
    expect(topicAttributes()).not.toHaveProperty('BeginningArchiveTime');
    core.sns('DeleteTopic', { TopicArn: topic });
    expect(core.sns('ListTopics')['Topics']).toEqual([]);
  });

  it('forgets its messages when it is ended', () => {
    const since = core.clock.now();
    publish('1');
    setArchive('{}');
    setArchive(THIRTY_DAYS.ArchivePolicy);
    const queue = queueFor('q.fifo');
    core.subscribe(topic, 'q.fifo', { ...RAW, ...policy(since) });
    core.advance(MINUTE);
    expect(drain(queue)).toEqual([]);
  });
});

describe('a replay (message-archiving-and-replay-subscriber)', () => {
  it('gives a new subscription what was published before, with the same ids and times, marked as replayed', () => {
    const since = core.clock.now();
    const { MessageId } = core.publish(topic, 'old', { MessageGroupId: 'g' });
    core.advance(HOUR);
    const queue = queueFor('q.fifo');
    const arn = core.subscribe(topic, 'q.fifo', policy(since));
    expect(attributesOf(arn)).toMatchObject({ ...policy(since), ReplayStatus: 'Pending' });
    core.advance(MINUTE);
    expect(attributesOf(arn)['ReplayStatus']).toBe('Completed');
    const notification = JSON.parse(drain(queue)[0] ?? '') as unknown;
    expect(notification).toMatchObject({ MessageId, Message: 'old', Timestamp: at(since), Replayed: true });
    core.publish(topic, 'new', { MessageGroupId: 'g' });
    expect(JSON.parse(drain(queue)[0] ?? '')).not.toHaveProperty('Replayed');
  });

  it('gives nothing of before without a policy', () => {
    publish('1');
    const queue = queueFor('q.fifo');
    core.subscribe(topic, 'q.fifo', RAW);
    core.advance(MINUTE);
    expect(drain(queue)).toEqual([]);
  });

  it('marks raw messages by an attribute', () => {
    const since = core.clock.now();
    publish('1');
    const queue = queueFor('q.fifo');
    core.subscribe(topic, 'q.fifo', { ...RAW, ...policy(since) });
    core.advance(MINUTE);
    expect(core.receive(queue)[0]?.MessageAttributes).toEqual({
      Replayed: { DataType: 'String', StringValue: 'true' },
    });
  });

  it('begins at the point that the policy names, and goes on with what is published meanwhile, in order', () => {
    publish('1');
    core.advance(HOUR);
    const from = core.clock.now();
    publish('2', '3');
    core.advance(HOUR);
    const queue = queueFor('q.fifo');
    core.subscribe(topic, 'q.fifo', { ...RAW, ...policy(from) });
    publish('4');
    expect(drain(queue)).toEqual([]);
    core.advance(MINUTE);
    expect(drain(queue)).toEqual(['2', '3', '4']);
    publish('5');
    expect(drain(queue)).toEqual(['5']);
  });

  it('takes its time over many', () => {
    const since = core.clock.now();
    publish(...Array.from({ length: 250 }, (_, index) => String(index)));
    queueFor('q.fifo');
    const arn = core.subscribe(topic, 'q.fifo', { ...RAW, ...policy(since) });
    core.advance(SECOND);
    expect(attributesOf(arn)['ReplayStatus']).toBe('In progress');
    publish('250');
    core.advance(SECOND);
    expect(attributesOf(arn)['ReplayStatus']).toBe('Completed');
    expect(core.broker.queues.get('q.fifo')?.ready).toBe(251);
    expect([...(core.broker.queues.get('q.fifo')?.messages.values() ?? [])].map(({ content }) => content.body)).toEqual(
      Array.from({ length: 251 }, (_, index) => String(index)),
    );
  });

  it('with an end pauses the subscription, until it has a policy without one', () => {
    const since = core.clock.now();
    publish('1');
    core.advance(HOUR);
    const end = core.clock.now();
    core.advance(HOUR);
    publish('2');
    core.advance(HOUR);
    const queue = queueFor('q.fifo');
    const arn = core.subscribe(topic, 'q.fifo', { ...RAW, ...policy(since, end) });
    core.advance(MINUTE);
    expect(drain(queue)).toEqual(['1']);
    publish('3');
    expect(drain(queue)).toEqual([]);
    set(arn, policy(end));
    core.advance(MINUTE);
    expect(drain(queue)).toEqual(['2', '3']);
    publish('4');
    expect(drain(queue)).toEqual(['4']);
  });

  it('is over when its policy is taken away', () => {
    const since = core.clock.now();
    publish('1');
    const queue = queueFor('q.fifo');
    const arn = core.subscribe(topic, 'q.fifo', { ...RAW, ...policy(since) });
    set(arn, { ReplayPolicy: '' });
    core.advance(MINUTE);
    publish('2');
    expect(drain(queue)).toEqual(['2']);
    expect(attributesOf(arn)).not.toHaveProperty('ReplayStatus');
  });

  it("goes through the subscription's filter", () => {
    const since = core.clock.now();
    publish('{"a":1}', '{"a":2}');
    const queue = queueFor('q.fifo');
    const filter = { FilterPolicy: '{"a":[2]}', FilterPolicyScope: 'MessageBody' };
    core.subscribe(topic, 'q.fifo', { ...RAW, ...filter, ...policy(since) });
    core.advance(MINUTE);
    expect(drain(queue)).toEqual(['{"a":2}']);
  });

  it('fails when the archive is ended meanwhile, and does not begin after Unsubscribe', () => {
    const since = core.clock.now();
    publish('1');
    const queue = queueFor('q.fifo');
    const arn = core.subscribe(topic, 'q.fifo', { ...RAW, ...policy(since) });
    setArchive('{}');
    core.advance(MINUTE);
    expect(attributesOf(arn)['ReplayStatus']).toBe('Failed');
    setArchive(THIRTY_DAYS.ArchivePolicy);
    publish('2');
    set(arn, policy(since));
    core.sns('Unsubscribe', { SubscriptionArn: arn });
    core.advance(MINUTE);
    expect(drain(queue)).toEqual([]);
  });

  it.each([
    ['no archive', '{"PointType":"Timestamp","StartingPoint":"2025-01-01T00:00:00.000Z"}', /no active ArchivePolicy/],
    ['another kind of point', '{"PointType":"SequenceNumber","StartingPoint":"1"}', /PointType/],
    ['no start', '{"PointType":"Timestamp"}', /StartingPoint/],
    ['no time', '{"PointType":"Timestamp","StartingPoint":"x"}', /StartingPoint/],
    [
      'an end before its start',
      '{"PointType":"Timestamp","StartingPoint":"2025-01-02T00:00:00.000Z","EndingPoint":"2025-01-01T00:00:00.000Z"}',
      /EndingPoint/,
    ],
    ['no JSON', 'x', /JSON/],
  ])('is refused with %s', (what, ReplayPolicy, text) => {
    if (what === 'no archive') setArchive('{}');
    queueFor('q.fifo');
    expect(refusal(() => core.subscribe(topic, 'q.fifo', { ReplayPolicy })).message).toMatch(text);
    expect(core.sns('ListSubscriptions')['Subscriptions']).toEqual([]);
  });
});

describe('a standard queue behind a FIFO topic (fifo-topic-message-ordering)', () => {
  it('gets every message once, live and replayed', () => {
    const since = core.clock.now();
    publish('1');
    const queue = queueFor('q');
    core.subscribe(topic, 'q', { ...RAW, ...policy(since) });
    core.advance(MINUTE);
    publish('2');
    expect(drain(queue)).toEqual(['1', '2']);
  });
});
