import { Broker } from '../broker.js';
import type { Input } from '../input.js';
import type { Call, Output } from '../operation.js';
import { SQS_OPERATIONS } from '../sqs/operations.js';
import { VirtualClock } from '../virtual-clock.js';
import { SNS_OPERATIONS } from './operations.js';

const CALL: Call = { origin: 'http://local', gone: false, onGone: () => undefined, onUndelivered: () => undefined };
const RAW = { RawMessageDelivery: 'true' };
const isFifo = (name: string): boolean => name.endsWith('.fifo');

/** A topic, and queues that are subscribed to it. */
function rig(topic = 'events') {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const broker = new Broker({ clock, seed: 1, region: 'us-east-1', accountId: '000000000000' });
  const sns = (operation: string, input: Input): Output =>
    SNS_OPERATIONS.get(operation)?.(broker, input, CALL) as Output;
  const sqs = (operation: string, input: Input): Output =>
    SQS_OPERATIONS.get(operation)?.(broker, input, CALL) as Output;
  const TopicArn = broker.topicArn(topic);
  sns('CreateTopic', { Name: topic, Attributes: isFifo(topic) ? { FifoTopic: 'true' } : {} });
  const queue = (name: string, allowed = true): string => {
    const statement = {
      Effect: 'Allow',
      Principal: { Service: 'sns.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: broker.queueArn(name),
      Condition: { ArnEquals: { 'aws:SourceArn': TopicArn } },
    };
    const Policy = JSON.stringify({ Statement: [statement] });
    const Attributes = { ...(isFifo(name) && { FifoQueue: 'true' }), ...(allowed && { Policy }) };
    sqs('CreateQueue', { QueueName: name, Attributes });
    return broker.queueArn(name);
  };
  const subscribe = (name: string, Attributes: Input = {}, allowed = true): string => {
    const Endpoint = queue(name, allowed);
    return sns('Subscribe', { TopicArn, Protocol: 'sqs', Endpoint, Attributes }).SubscriptionArn as string;
  };
  const publish = (input: Input = {}): Output => sns('Publish', { TopicArn, Message: 'hello', ...input });
  const received = (name: string): Output[] => {
    const QueueUrl = `http://local/000000000000/${name}`;
    const asked = { MaxNumberOfMessages: 10, AttributeNames: ['All'], MessageAttributeNames: ['All'] };
    return (sqs('ReceiveMessage', { QueueUrl, ...asked }).Messages ?? []) as Output[];
  };
  return { broker, sns, queue, subscribe, publish, received };
}

const bodies = (messages: Output[]): unknown[] => messages.map(({ Body }) => Body);
const text = (StringValue: string): Input => ({ DataType: 'String', StringValue });
const numbered = (count: number): Input =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`a${index}`, text('x')]));

describe('delivery (sns-large-payload-raw-message-delivery, sns-message-and-json-formats)', () => {
  it('gives every subscribed queue the message', () => {
    const { subscribe, publish, received } = rig();
    for (const name of ['one', 'two']) subscribe(name, RAW);
    publish();
    expect([bodies(received('one')), bodies(received('two'))]).toEqual([['hello'], ['hello']]);
  });

  it('carries attributes as they are when delivery is raw', () => {
    const { subscribe, publish, received } = rig();
    subscribe('q', RAW);
    publish({ MessageAttributes: { type: text('user.registered') } });
    expect(received('q')[0]?.MessageAttributes).toEqual({ type: text('user.registered') });
  });

  it("wraps the message in SNS's own JSON when it is not", () => {
    const { broker, subscribe, publish, received } = rig();
    subscribe('q');
    const { MessageId } = publish({ Subject: 'Hello', MessageAttributes: { type: text('user.registered') } });
    const [message] = received('q');
    expect(message).not.toHaveProperty('MessageAttributes');
    expect(JSON.parse(message?.Body as string)).toMatchObject({
      Type: 'Notification',
      MessageId,
      TopicArn: broker.topicArn('events'),
      Subject: 'Hello',
      Message: 'hello',
      Timestamp: '2026-01-01T00:00:00.000Z',
      MessageAttributes: { type: { Type: 'String', Value: 'user.registered' } },
    });
  });

  it('gives queues their part of a message that has one per protocol', () => {
    const { subscribe, publish, received } = rig();
    subscribe('q', RAW);
    publish({ MessageStructure: 'json', Message: '{"default":"for all","sqs":"for queues"}' });
    publish({ MessageStructure: 'json', Message: '{"default":"for all"}' });
    expect(bodies(received('q'))).toEqual(['for queues', 'for all']);
  });

  it('keeps away what a filter refuses, by attributes or by the body', () => {
    const { subscribe, publish, received } = rig();
    subscribe('attributes', { ...RAW, FilterPolicy: '{"type":["a"]}' });
    subscribe('body', { ...RAW, FilterPolicy: '{"kind":["a"]}', FilterPolicyScope: 'MessageBody' });
    publish({ Message: '{"kind":"b"}', MessageAttributes: { type: text('a') } });
    publish({ Message: '{"kind":"a"}', MessageAttributes: { type: text('b') } });
    expect([bodies(received('attributes')), bodies(received('body'))]).toEqual([['{"kind":"b"}'], ['{"kind":"a"}']]);
  });

  it('follows a change of the filter', () => {
    const { sns, subscribe, publish, received } = rig();
    const SubscriptionArn = subscribe('q', { ...RAW, FilterPolicy: '{"type":["a"]}' });
    publish();
    sns('SetSubscriptionAttributes', { SubscriptionArn, AttributeName: 'FilterPolicy', AttributeValue: '{}' });
    publish({ Message: 'after' });
    expect(bodies(received('q'))).toEqual(['after']);
  });

  it('discards a raw message with more than ten attributes, and wraps it without a word', () => {
    const { subscribe, publish, received } = rig();
    subscribe('raw', RAW);
    subscribe('wrapped');
    publish({ MessageAttributes: numbered(11) });
    publish({ Message: 'ten', MessageAttributes: numbered(10) });
    expect(bodies(received('raw'))).toEqual(['ten']);
    expect(received('wrapped')).toHaveLength(2);
  });

  it('delivers nothing to a queue whose policy does not let the topic in', () => {
    const { subscribe, publish, received } = rig();
    subscribe('q', RAW, false);
    publish();
    expect(received('q')).toEqual([]);
  });

  it("puts what it cannot deliver into the subscription's dead letter queue", () => {
    const { broker, queue, subscribe, publish, received } = rig();
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: queue('undelivered') });
    subscribe('q', { ...RAW, RedrivePolicy });
    broker.queues.delete('q');
    publish();
    expect(bodies(received('undelivered'))).toEqual(['hello']);
  });

  it('delivers nothing once unsubscribed, or once the topic is gone', () => {
    const { broker, sns, subscribe, publish, received } = rig();
    const SubscriptionArn = subscribe('q', RAW);
    subscribe('other', RAW);
    sns('Unsubscribe', { SubscriptionArn });
    publish();
    expect([received('q').length, received('other').length]).toEqual([0, 1]);
    sns('DeleteTopic', { TopicArn: broker.topicArn('events') });
    expect(() => publish()).toThrow(expect.objectContaining({ code: 'NotFound' }));
    expect(broker.subscriptions.size).toBe(0);
  });
});

describe('delivery from a FIFO topic (fifo-topic-message-delivery)', () => {
  const ids = (MessageGroupId: string, MessageDeduplicationId: string): Input => ({
    MessageGroupId,
    MessageDeduplicationId,
  });

  it('keeps group, order and deduplication id in a FIFO queue, and delivers a message once', () => {
    const { subscribe, publish, received } = rig('events.fifo');
    subscribe('q.fifo', RAW);
    for (const id of ['1', '2', '1', '3']) publish({ Message: id, ...ids('g', id) });
    const messages = received('q.fifo');
    expect(bodies(messages)).toEqual(['1', '2', '3']);
    expect(messages[1]?.Attributes).toMatchObject(ids('g', '2'));
  });

  it('delivers to a standard queue too, without a group', () => {
    const { subscribe, publish, received } = rig('events.fifo');
    subscribe('q', RAW);
    publish(ids('g', '1'));
    expect(received('q')[0]?.Attributes).not.toHaveProperty('MessageGroupId');
  });
});
