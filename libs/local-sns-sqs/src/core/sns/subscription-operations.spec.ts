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

describe('Subscribe', () => {
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

  it('wants a topic that is there', () => {
    const TopicArn = 'arn:aws:sns:us-east-1:000000000000:none';
    expect(() => rig().subscribe('q', {}, { TopicArn })).toThrow(refusal('NotFound'));
  });
});

describe('the attributes of a subscription', () => {
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
    expect(() => rig().get('none')).toThrow(refusal('NotFound'));
  });
});

describe('Unsubscribe', () => {
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

describe('ListSubscriptionsByTopic', () => {
  it('lists those of the topic only', () => {
    const { TopicArn, run, subscribe } = rig();
    const { TopicArn: other } = run('CreateTopic', { Name: 'other' });
    subscribe('a');
    subscribe('b', {}, { TopicArn: other });
    expect(run('ListSubscriptionsByTopic', { TopicArn }).Subscriptions).toMatchObject([{ Endpoint: queueArn('a') }]);
    expect(run('ListSubscriptions', {}).Subscriptions).toHaveLength(2);
  });
});
