import { Broker } from '../broker.js';
import type { Input } from '../input.js';
import type { Call, Output } from '../operation.js';
import { VirtualClock } from '../virtual-clock.js';
import { SNS_OPERATIONS } from './operations.js';

const CALL: Call = { origin: 'http://local', gone: false, onGone: () => undefined, onUndelivered: () => undefined };
const queueArn = (name: string): string => `arn:aws:sqs:us-east-1:000000000000:${name}`;

function rig(topic = 'events') {
  const broker = new Broker({ clock: new VirtualClock(), seed: 1, region: 'us-east-1', accountId: '000000000000' });
  const run = (operation: string, input: Input): Output =>
    SNS_OPERATIONS.get(operation)?.(broker, input, CALL) as Output;
  const TopicArn = broker.topicArn(topic);
  run('CreateTopic', { Name: topic, Attributes: topic.endsWith('.fifo') ? { FifoTopic: 'true' } : {} });
  const subscribe = (queue = 'q', Attributes: Input = {}, more: Input = {}): string => {
    const input = { TopicArn, Protocol: 'sqs', Endpoint: queueArn(queue), Attributes, ...more };
    return run('Subscribe', input).SubscriptionArn as string;
  };
  const get = (SubscriptionArn: string): Input =>
    run('GetSubscriptionAttributes', { SubscriptionArn }).Attributes as Input;
  const set = (SubscriptionArn: string, AttributeName: string, AttributeValue: string): Output =>
    run('SetSubscriptionAttributes', { SubscriptionArn, AttributeName, AttributeValue });
  return { TopicArn, run, subscribe, get, set };
}

const refusal = (code: string): Error => expect.objectContaining({ code }) as Error;
const FILTER = '{"type":["a"]}';

describe('Subscribe (Subscribe API)', () => {
  it('makes one subscription of a queue, however often it is asked to', () => {
    const { TopicArn, run, subscribe } = rig();
    const arn = subscribe('q', { RawMessageDelivery: 'true' });
    expect(arn.startsWith(`${TopicArn}:`)).toBe(true);
    expect(subscribe('q', { RawMessageDelivery: 'True' })).toBe(arn);
    expect(subscribe('q')).toBe(arn);
    expect(run('ListSubscriptionsByTopic', { TopicArn }).Subscriptions).toHaveLength(1);
  });

  it('refuses the same queue with other attributes', () => {
    const { subscribe } = rig();
    subscribe('q', { FilterPolicy: FILTER });
    expect(() => subscribe('q', { FilterPolicy: '{"type":["b"]}' })).toThrow(refusal('InvalidParameter'));
    expect(() => subscribe('q', { RawMessageDelivery: 'true' })).toThrow(refusal('InvalidParameter'));
  });

  it('refuses a FIFO queue on a standard topic, and takes both kinds on a FIFO topic', () => {
    expect(() => rig().subscribe('q.fifo')).toThrow(refusal('InvalidParameter'));
    expect(() => rig('events.fifo').subscribe('q.fifo')).not.toThrow();
    expect(() => rig('events.fifo').subscribe('q')).not.toThrow();
  });

  it.each([
    ['another protocol', {}, { Protocol: 'https', Endpoint: 'https://example.com' }],
    ['an endpoint that is no queue', {}, { Endpoint: 'q' }],
    ['no endpoint', {}, { Endpoint: undefined }],
    ['an unknown attribute', { Nonsense: '1' }, {}],
    ['a flag that is neither', { RawMessageDelivery: 'maybe' }, {}],
    ['an unknown scope', { FilterPolicy: FILTER, FilterPolicyScope: 'Everything' }, {}],
    ['a filter that is no JSON', { FilterPolicy: '{' }, {}],
    ['a nested filter on attributes', { FilterPolicy: '{"a":{"b":["c"]}}' }, {}],
    ['a dead letter queue that is none', { RedrivePolicy: '{"deadLetterTargetArn":"dlq"}' }, {}],
    [
      'a dead letter queue of the other type',
      { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: queueArn('dlq.fifo') }) },
      {},
    ],
  ])('refuses %s', (_, attributes, more) => {
    expect(() => rig().subscribe('q', attributes, more)).toThrow(refusal('InvalidParameter'));
  });

  it.each(['application', 'email', 'email-json', 'firehose', 'http', 'https', 'lambda', 'sms'])(
    'refuses the protocol %s by its name',
    Protocol => {
      expect(() => rig().subscribe('q', {}, { Protocol })).toThrow(new RegExp(`the protocol "${Protocol}" is not`));
    },
  );

  it('says what AWS says to a protocol that is none', () => {
    const more = { Protocol: 'pigeon' };
    expect(() => rig().subscribe('q', {}, more)).toThrow(/does not support this protocol string: pigeon/);
  });

  it('takes 200 filter policies of a topic (subscription-filter-policy-constraints)', () => {
    const { subscribe, set } = rig();
    for (let index = 0; index < 200; index += 1) subscribe(`q${index}`, { FilterPolicy: FILTER });
    expect(() => subscribe('more', { FilterPolicy: FILTER })).toThrow(refusal('FilterPolicyLimitExceeded'));
    const arn = subscribe('more');
    expect(() => set(arn, 'FilterPolicy', FILTER)).toThrow(refusal('FilterPolicyLimitExceeded'));
  });

  it('takes 100 subscriptions of a topic for messages above 256 KiB (large-message-payloads)', () => {
    const { TopicArn, run, subscribe } = rig();
    const resize = (bytes: number): Output =>
      run('SetTopicAttributes', { TopicArn, AttributeName: 'MaximumMessageSize', AttributeValue: String(bytes) });
    for (let index = 0; index < 101; index += 1) subscribe(`q${index}`);
    expect(() => resize(262_145)).toThrow(refusal('InvalidParameter'));
    expect(() => resize(262_144)).not.toThrow();
    const [first] = run('ListSubscriptionsByTopic', { TopicArn }).Subscriptions as Output[];
    run('Unsubscribe', { SubscriptionArn: first?.SubscriptionArn });
    resize(262_145);
    expect(() => subscribe('one-too-many')).toThrow(refusal('InvalidParameter'));
  });

  it('wants a topic that is there', () => {
    const TopicArn = 'arn:aws:sns:us-east-1:000000000000:none';
    expect(() => rig().subscribe('q', {}, { TopicArn })).toThrow(refusal('NotFound'));
  });
});

describe('the attributes of a subscription (SetSubscriptionAttributes API)', () => {
  it('tell what AWS tells', () => {
    const { TopicArn, subscribe, get } = rig();
    const arn = subscribe();
    expect(get(arn)).toMatchObject({
      SubscriptionArn: arn,
      TopicArn,
      Protocol: 'sqs',
      Endpoint: queueArn('q'),
      RawMessageDelivery: 'false',
      PendingConfirmation: 'false',
    });
    expect(get(arn)).not.toHaveProperty('FilterPolicyScope');
  });

  it('tell the scope where there is a filter', () => {
    const { subscribe, get } = rig();
    expect(get(subscribe('a', { FilterPolicy: FILTER }))).toMatchObject({ FilterPolicyScope: 'MessageAttributes' });
    const nested = { FilterPolicy: '{"a":{"b":["c"]}}', FilterPolicyScope: 'MessageBody' };
    expect(get(subscribe('b', nested))).toMatchObject(nested);
  });

  it('change one by one, and go when they are empty', () => {
    const { subscribe, get, set } = rig();
    const arn = subscribe();
    set(arn, 'FilterPolicy', FILTER);
    set(arn, 'RawMessageDelivery', 'TRUE');
    expect(get(arn)).toMatchObject({ FilterPolicy: FILTER, RawMessageDelivery: 'true' });
    set(arn, 'FilterPolicy', '');
    expect(get(arn)).not.toHaveProperty('FilterPolicy');
  });

  it('change only when they stand together', () => {
    const { subscribe, get, set } = rig();
    const arn = subscribe('q', { FilterPolicy: '{"a":{"b":["c"]}}', FilterPolicyScope: 'MessageBody' });
    expect(() => set(arn, 'FilterPolicyScope', 'MessageAttributes')).toThrow(refusal('InvalidParameter'));
    expect(() => set(arn, 'TopicArn', 'x')).toThrow(refusal('InvalidParameter'));
    expect(get(arn)).toMatchObject({ FilterPolicyScope: 'MessageBody' });
  });

  it('belong to a subscription that is there', () => {
    const { TopicArn, get } = rig();
    expect(() => get(`${TopicArn}:00000000-0000-4000-8000-000000000000`)).toThrow(refusal('NotFound'));
    expect(() => get('none')).toThrow(refusal('InvalidParameter'));
    expect(() => get(TopicArn)).toThrow(refusal('InvalidParameter'));
  });
});

describe('Unsubscribe (Unsubscribe API)', () => {
  it('is no error twice, and is counted', () => {
    const { TopicArn, run, subscribe } = rig();
    const SubscriptionArn = subscribe();
    for (let time = 1; time <= 2; time += 1) expect(run('Unsubscribe', { SubscriptionArn })).toEqual({});
    expect(run('ListSubscriptions', {})).toEqual({ Subscriptions: [] });
    expect(run('GetTopicAttributes', { TopicArn }).Attributes).toMatchObject({
      SubscriptionsConfirmed: '0',
      SubscriptionsDeleted: '1',
    });
  });
});

describe('ListSubscriptionsByTopic (ListSubscriptionsByTopic API)', () => {
  it('lists those of the topic only', () => {
    const { TopicArn, run, subscribe } = rig();
    const { TopicArn: other } = run('CreateTopic', { Name: 'other' });
    subscribe('a');
    subscribe('b', {}, { TopicArn: other });
    expect(run('ListSubscriptionsByTopic', { TopicArn }).Subscriptions).toMatchObject([{ Endpoint: queueArn('a') }]);
    expect(run('ListSubscriptions', {}).Subscriptions).toHaveLength(2);
  });
});
