import type { Broker } from '../broker.js';
import { type Input, isRecord, optionalString, stringMap } from '../input.js';
import type { Operation, Output } from '../operation.js';
import { AwsError } from '../errors.js';
import { invalidParameter, required } from './errors.js';
import { FilterPolicyProblem } from './filter-conditions.js';
import { parseFilterPolicy } from './filter-policy.js';
import { findSubscription, subscriptionArnOf } from './find-subscription.js';
import { findTopic } from './find-topic.js';
import { page } from './paging.js';
import { readReplayPolicy, replayPolicyChanged } from './replay.js';
import { Subscription } from './subscription.js';
import type { Topic } from './topic.js';
import { checkSubscriptionsOfLargeTopic } from './topic-attributes.js';

const QUEUE_ARN = /^arn:aws[\w-]*:sqs:[\w-]+:\d{12}:[A-Za-z0-9_-]{1,80}(\.fifo)?$/;
const MAX_FILTERS_OF_TOPIC = 200;
/** Those of AWS that are refused here for what they are. */
const OTHER_PROTOCOLS: ReadonlySet<string> = new Set([
  'application',
  'email',
  'email-json',
  'firehose',
  'http',
  'https',
  'lambda',
  'sms',
]);
const SETTABLE = new Set([
  'DeliveryPolicy',
  'FilterPolicy',
  'FilterPolicyScope',
  'RawMessageDelivery',
  'RedrivePolicy',
  'SubscriptionRoleArn',
  'ReplayPolicy',
]);

function checkRedrive(value: string, fifo: boolean): void {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    throw invalidParameter('RedrivePolicy: failed to parse JSON.');
  }
  const target = isRecord(parsed) ? parsed.deadLetterTargetArn : undefined;
  if (typeof target !== 'string' || !QUEUE_ARN.test(target)) {
    throw invalidParameter('RedrivePolicy: deadLetterTargetArn is an invalid arn');
  }
  const foreign = Object.keys(parsed as Input).find(key => key !== 'deadLetterTargetArn');
  // What a queue counts by, a subscription does not (recorded for maxReceiveCount).
  if (foreign !== undefined) throw invalidParameter(`RedrivePolicy: unknown property ${foreign}`);
  if (target.endsWith('.fifo') !== fifo) {
    throw invalidParameter('RedrivePolicy: the dead-letter queue must be of the same type as the subscribed queue');
  }
}

/** Checks attributes as they would stand together. `where` is how AWS begins the message. */
function checkAttributes(all: ReadonlyMap<string, string>, endpoint: string, where: string): void {
  for (const [name, value] of all) {
    if (!SETTABLE.has(name)) throw invalidParameter('AttributeName');
    if (name === 'RawMessageDelivery' && !/^(true|false)$/i.test(value)) {
      throw invalidParameter(`${where}RawMessageDelivery: Invalid value [${value}]. Must be true or false.`);
    }
    if (name === 'FilterPolicyScope' && value !== 'MessageAttributes' && value !== 'MessageBody') {
      throw invalidParameter(
        `${where}FilterPolicyScope: Invalid value [${value}]. Please use either MessageBody or MessageAttributes`,
      );
    }
    if (name === 'RedrivePolicy' && value !== '') checkRedrive(value, endpoint.endsWith('.fifo'));
  }
  const filter = all.get('FilterPolicy');
  if (!filter) return;
  try {
    parseFilterPolicy(filter, all.get('FilterPolicyScope') === 'MessageBody' ? 'MessageBody' : 'MessageAttributes');
  } catch (error) {
    if (error instanceof FilterPolicyProblem) throw invalidParameter(`${where}FilterPolicy: ${error.message}`);
    throw error;
  }
}

/** What AWS would deliver to, and this broker would silently not. */
function checkHere(broker: Broker, arn: string, what: string): void {
  const hint = broker.elsewhere(arn);
  if (hint !== '') throw invalidParameter(`${what}${hint}`);
}

function checkDeadLetterQueueHere(broker: Broker, all: ReadonlyMap<string, string>, where: string): void {
  const policy = all.get('RedrivePolicy');
  if (!policy) return;
  const { deadLetterTargetArn } = JSON.parse(policy) as { deadLetterTargetArn: string };
  checkHere(broker, deadLetterTargetArn, `${where}RedrivePolicy: the dead-letter queue cannot be reached`);
}

const normalized = (name: string, value: string): string =>
  name === 'RawMessageDelivery' ? value.toLowerCase() : value;

const INITIAL: Readonly<Record<string, string>> = {
  RawMessageDelivery: 'false',
  FilterPolicyScope: 'MessageAttributes',
};

/** Subscribing again compares what is named, and leaves the rest as it is (recorded). */
const sameAttributes = (wanted: ReadonlyMap<string, string>, existing: Subscription): boolean =>
  [...wanted].every(([name, value]) => value === (existing.attributes.get(name) ?? INITIAL[name] ?? ''));

/** A topic has so many filter policies (subscription-filter-policy-constraints). */
function checkFilterQuota(topic: Topic, wanted: ReadonlyMap<string, string>): void {
  if (!wanted.get('FilterPolicy')) return;
  const filters = [...topic.subscriptions.values()].filter(({ filter }) => filter).length;
  if (filters < MAX_FILTERS_OF_TOPIC) return;
  throw new AwsError('FilterPolicyLimitExceeded', 'Filter policy limit exceeded for this topic', { status: 403 });
}

export const subscribe: Operation = (broker, input) => {
  const topic = findTopic(broker, input);
  const protocol = required(input, 'Protocol');
  if (protocol !== 'sqs') {
    throw invalidParameter(
      OTHER_PROTOCOLS.has(protocol)
        ? `Protocol Reason: the protocol "${protocol}" is not supported here, only "sqs" is`
        : `Amazon SNS does not support this protocol string: ${protocol}`,
    );
  }
  const endpoint = required(input, 'Endpoint');
  if (!QUEUE_ARN.test(endpoint)) throw invalidParameter('SQS endpoint ARN');
  if (endpoint.endsWith('.fifo') && !topic.fifo) {
    throw invalidParameter(
      'Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics',
    );
  }
  const wanted = new Map([...stringMap(input, 'Attributes')].map(([name, value]) => [name, normalized(name, value)]));
  checkHere(broker, endpoint, 'SQS endpoint ARN Reason: the queue cannot be reached');
  checkAttributes(wanted, endpoint, 'Attributes Reason: ');
  checkDeadLetterQueueHere(broker, wanted, 'Attributes Reason: ');
  readReplayPolicy(wanted.get('ReplayPolicy') ?? '', topic, 'Attributes Reason: ');
  for (const existing of topic.subscriptions.values()) {
    if (existing.endpoint !== endpoint) continue;
    if (sameAttributes(wanted, existing)) return { SubscriptionArn: existing.arn };
    throw invalidParameter('Attributes Reason: Subscription already exists with different attributes');
  }
  for (const [name, value] of wanted) if (value === '') wanted.delete(name);
  checkFilterQuota(topic, wanted);
  checkSubscriptionsOfLargeTopic(topic.maximumMessageSize, topic.subscriptions.size + 1);
  const arn = `${topic.arn}:${broker.ids.uuid()}`;
  const subscription = new Subscription(arn, topic.arn, protocol, endpoint, wanted);
  topic.subscriptions.set(arn, subscription);
  broker.subscriptions.set(arn, subscription);
  if (wanted.has('ReplayPolicy')) replayPolicyChanged(broker, topic, subscription);
  return { SubscriptionArn: arn };
};

/** Removing what is not there is no error. */
export const unsubscribe: Operation = (broker, input) => {
  const arn = subscriptionArnOf(input);
  const subscription = broker.subscriptions.get(arn);
  if (!subscription) return {};
  const topic = broker.topics.get(subscription.topicArn);
  if (topic?.subscriptions.delete(arn)) topic.deletedSubscriptions++;
  subscription.replay?.cancel();
  broker.subscriptions.delete(arn);
  return {};
};

export const confirmSubscription: Operation = () => {
  throw new AwsError(
    'InvalidParameter',
    'Invalid parameter: Token: subscriptions of the sqs protocol are confirmed at once',
  );
};

export const getSubscriptionAttributes: Operation = (broker, input) => {
  const subscription = findSubscription(broker, input);
  const shown: Record<string, string> = {
    SubscriptionArn: subscription.arn,
    TopicArn: subscription.topicArn,
    Protocol: subscription.protocol,
    Endpoint: subscription.endpoint,
    Owner: broker.accountId,
    ConfirmationWasAuthenticated: 'true',
    PendingConfirmation: 'false',
    RawMessageDelivery: 'false',
    SubscriptionPrincipal: `arn:aws:iam::${broker.accountId}:user/local`,
    ...Object.fromEntries(subscription.attributes),
  };
  if (subscription.replay) shown.ReplayStatus = subscription.replay.status;
  if (subscription.filter) shown.FilterPolicyScope = subscription.scope;
  else delete shown.FilterPolicyScope;
  return { Attributes: shown };
};

export const setSubscriptionAttributes: Operation = (broker, input) => {
  const subscription = findSubscription(broker, input);
  const name = required(input, 'AttributeName');
  const value = normalized(name, optionalString(input, 'AttributeValue') ?? '');
  if (!SETTABLE.has(name)) throw invalidParameter('AttributeName');
  const changed = new Map(subscription.attributes);
  changed.set(name, value);
  checkAttributes(changed, subscription.endpoint, '');
  checkDeadLetterQueueHere(broker, changed, '');
  if (value === '') changed.delete(name);
  const topic = broker.topics.get(subscription.topicArn);
  if (topic && name === 'ReplayPolicy') readReplayPolicy(value, topic, '');
  if (topic && !subscription.filter) checkFilterQuota(topic, changed);
  subscription.attributes.clear();
  for (const [key, setting] of changed) subscription.attributes.set(key, setting);
  subscription.attributesChanged();
  if (topic && name === 'ReplayPolicy') replayPolicyChanged(broker, topic, subscription);
  return {};
};

const list = (broker: Broker, input: Input, all: Iterable<Subscription>): Output =>
  page(input, 'Subscriptions', [...all], subscription => ({
    SubscriptionArn: subscription.arn,
    Owner: broker.accountId,
    Protocol: subscription.protocol,
    Endpoint: subscription.endpoint,
    TopicArn: subscription.topicArn,
  }));

export const listSubscriptions: Operation = (broker, input) => list(broker, input, broker.subscriptions.values());

export const listSubscriptionsByTopic: Operation = (broker, input) =>
  list(broker, input, findTopic(broker, input).subscriptions.values());
