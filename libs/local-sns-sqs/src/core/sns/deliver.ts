import type { Broker } from '../broker.js';
import { AwsError } from '../errors.js';
import { type AttributeValue, toMessageAttributes } from '../message-attributes.js';
import { isAllowed } from '../policy/policy.js';
import type { Queue } from '../queue/queue.js';
import { place } from '../sqs/outgoing.js';
import { passes } from './filter-policy.js';
import type { Published } from './published-message.js';
import type { Subscription } from './subscription.js';
import type { Topic } from './topic.js';

const NO_ATTRIBUTES: ReadonlyMap<string, AttributeValue> = new Map();
/** SNS raw delivery discards a message with more attributes than SQS takes. */
const MAX_RAW_ATTRIBUTES = 10;

/** SNS's own JSON around a message, for subscriptions without raw delivery. */
function wrapped(
  broker: Broker,
  topic: Topic,
  subscription: Subscription,
  published: Published,
  replayed: boolean,
): string {
  const attributes = [...(published.attributes?.values ?? NO_ATTRIBUTES)].map(([name, value]) => [
    name,
    { Type: value.DataType, Value: value.StringValue ?? value.BinaryValue },
  ]);
  const host = `https://sns.${broker.region}.amazonaws.com/`;
  return JSON.stringify({
    Type: 'Notification',
    MessageId: published.id,
    ...(published.sequenceNumber && { SequenceNumber: published.sequenceNumber }),
    TopicArn: topic.arn,
    ...(published.subject !== undefined && { Subject: published.subject }),
    Message: published.text,
    Timestamp: new Date(published.publishedAt).toISOString(),
    ...(!topic.fifo && {
      SignatureVersion: topic.attributes.get('SignatureVersion') ?? '1',
      Signature: 'bG9jYWw=',
      SigningCertURL: `${host}SimpleNotificationService-local.pem`,
    }),
    UnsubscribeURL: `${host}?Action=Unsubscribe&SubscriptionArn=${subscription.arn}`,
    ...(replayed && { Replayed: true }),
    ...(attributes.length > 0 && { MessageAttributes: Object.fromEntries(attributes) }),
  });
}

const SNS_PRINCIPAL = ['Service:sns.amazonaws.com'];

const accepts = (queue: Queue, topicArn: string, account: string): boolean =>
  isAllowed(queue.policy, {
    principals: SNS_PRINCIPAL,
    action: 'sqs:SendMessage',
    resource: queue.arn,
    context: new Map([
      ['aws:sourcearn', topicArn],
      ['aws:sourceaccount', account],
      ['aws:sourceowner', account],
      ['aws:principalisawsservice', 'true'],
      ['aws:principalservicename', 'sns.amazonaws.com'],
      ['aws:securetransport', 'true'],
    ]),
  });

/** Raw delivery has no other place for it. */
function withReplayed(attributes: Published['attributes']): Published['attributes'] {
  const values = attributes?.values ?? NO_ATTRIBUTES;
  if (values.size >= MAX_RAW_ATTRIBUTES) return attributes;
  return toMessageAttributes(new Map([...values, ['Replayed', { DataType: 'String', StringValue: 'true' }]]));
}

function putInto(
  broker: Broker,
  queue: Queue,
  topic: Topic,
  subscription: Subscription,
  published: Published,
  replayed: boolean,
): void {
  const { raw } = subscription;
  const body = raw ? published.text : wrapped(broker, topic, subscription, published, replayed);
  const own = raw ? published.attributes : undefined;
  const attributes = raw && replayed ? withReplayed(own) : own;
  const groupId = topic.fifo && !queue.fifo ? undefined : published.groupId;
  place(broker, queue, {
    input: {
      ...(groupId !== undefined && { MessageGroupId: groupId }),
      ...(queue.fifo && { MessageDeduplicationId: published.deduplicationId }),
    },
    body,
    bytes: Buffer.byteLength(body) + (attributes?.bytes ?? 0),
    attributes,
    traceHeader: undefined,
    systemAttributesMd5: undefined,
  });
}

/** Tries one queue. False: SNS could not deliver there, as when the queue's policy does not allow it. */
function attempt(
  broker: Broker,
  arn: string,
  topic: Topic,
  subscription: Subscription,
  published: Published,
  replayed: boolean,
): boolean {
  const queue = broker.queueByArn(arn);
  if (!queue || !accepts(queue, topic.arn, broker.accountId)) return false;
  try {
    putInto(broker, queue, topic, subscription, published, replayed);
    return true;
  } catch (error) {
    if (error instanceof AwsError) return false;
    throw error;
  }
}

/**
 * Gives a message to a subscription if it passes the filter. What cannot be delivered goes to the subscription's dead
 * letter queue at once: SNS's own retries over 23 days end the same way here, as nothing changes meanwhile.
 */
export function deliverOne(
  broker: Broker,
  topic: Topic,
  subscription: Subscription,
  published: Published,
  replayed = false,
): void {
  const attributes = published.attributes?.values ?? NO_ATTRIBUTES;
  if (subscription.filter && !passes(subscription.filter, attributes, published.text)) return;
  if (subscription.raw && attributes.size > MAX_RAW_ATTRIBUTES) return;
  if (attempt(broker, subscription.endpoint, topic, subscription, published, replayed)) return;
  const { deadLetterArn } = subscription;
  if (deadLetterArn !== undefined) attempt(broker, deadLetterArn, topic, subscription, published, replayed);
}

/** Gives a message to every subscription that is not busy with a replay. */
export function deliver(broker: Broker, topic: Topic, published: Published): void {
  for (const subscription of topic.subscriptions.values()) {
    if (subscription.replay && !subscription.replay.passesLive(published.publishedAt)) continue;
    deliverOne(broker, topic, subscription, published);
  }
}
