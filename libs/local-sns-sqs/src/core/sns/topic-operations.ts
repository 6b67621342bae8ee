import type { Broker } from '../broker.js';
import { AwsError } from '../errors.js';
import { type Input, optionalString, recordList, stringList, stringMap } from '../input.js';
import type { Operation } from '../operation.js';
import { archivePolicyChanged } from './archive-policy.js';
import { invalidParameter, required } from './errors.js';
import { findTopic, topicArnOf } from './find-topic.js';
import { page } from './paging.js';
import { Topic } from './topic.js';
import { checkSubscriptionsOfLargeTopic, checkTopicAttribute, settledTopicAttribute } from './topic-attributes.js';

const MAX_TAGS = 50;

/** Restrictions: sns-tags. */
function readTags(input: Input): Map<string, string> {
  const tags = new Map<string, string>();
  for (const tag of recordList(input, 'Tags')) {
    const key = required(tag, 'Key');
    const value = optionalString(tag, 'Value') ?? '';
    if (tags.has(key)) throw invalidParameter('Duplicated keys are not allowed.');
    if (key.length > 128 || /^aws:/i.test(key)) throw invalidParameter('Tags Reason: Tag key');
    if (value.length > 256) throw invalidParameter('Tags Reason: Tag value');
    tags.set(key, value);
  }
  return tags;
}

/** Adds all or none. */
function addTags(topic: Topic, tags: ReadonlyMap<string, string>): void {
  const added = [...tags.keys()].filter(key => !topic.tags.has(key)).length;
  if (topic.tags.size + added > MAX_TAGS)
    throw new AwsError('TagLimitExceeded', 'Could not complete request: tag quota of per resource exceeded');
  for (const [key, value] of tags) topic.tags.set(key, value);
}

const sameMap = (a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean =>
  [...a].every(([key, value]) => b.get(key) === value);

function checkName(name: string, fifo: boolean): void {
  if ((fifo ? /^[A-Za-z0-9_-]{1,251}\.fifo$/ : /^[A-Za-z0-9_-]{1,256}$/).test(name)) return;
  throw invalidParameter(
    fifo || name.endsWith('.fifo')
      ? 'Fifo Topic names must end with .fifo and must be made up of only uppercase and lowercase ASCII letters, numbers, underscores, and hyphens, and must be between 1 and 256 characters long.'
      : 'Topic Name',
  );
}

export const createTopic: Operation = (broker, input) => {
  const name = required(input, 'Name');
  const given = [...stringMap(input, 'Attributes')];
  const wanted = new Map(given.map(([key, value]) => [key, settledTopicAttribute(key, value)]));
  const tags = readTags(input);
  const fifo = wanted.get('FifoTopic') === 'true';
  if (wanted.get('FifoTopic') === 'false') wanted.delete('FifoTopic');
  checkName(name, fifo);
  for (const [attribute, value] of wanted) checkTopicAttribute(attribute, value, fifo);
  const arn = broker.topicArn(name);
  const existing = broker.topics.get(arn);
  if (existing) {
    if (!sameMap(wanted, existing.attributes))
      throw invalidParameter('Attributes Reason: Topic already exists with different attributes');
    if (tags.size > 0 && !sameMap(tags, existing.tags))
      throw invalidParameter('Tags Reason: Topic already exists with different tags');
    return { TopicArn: arn };
  }
  const attributes = new Map(wanted);
  if (fifo && !attributes.has('ContentBasedDeduplication')) attributes.set('ContentBasedDeduplication', 'false');
  const topic = new Topic(name, arn, fifo, attributes);
  addTags(topic, tags);
  archivePolicyChanged(broker, topic);
  broker.topics.set(arn, topic);
  return { TopicArn: arn };
};

/** The policy that a topic without its own shows. */
export function defaultPolicy(broker: Broker, topic: Topic): string {
  const Action = [
    'GetTopicAttributes',
    'SetTopicAttributes',
    'AddPermission',
    'RemovePermission',
    'DeleteTopic',
    'Subscribe',
    'ListSubscriptionsByTopic',
    'Publish',
  ];
  const Statement = {
    Sid: '__default_statement_ID',
    Effect: 'Allow',
    Principal: { AWS: '*' },
    Action: Action.map(action => `SNS:${action}`),
    Resource: topic.arn,
    Condition: { StringEquals: { 'AWS:SourceOwner': broker.accountId } },
  };
  return JSON.stringify({ Version: '2008-10-17', Id: '__default_policy_ID', Statement: [Statement] });
}

const EFFECTIVE_DELIVERY_POLICY = JSON.stringify({
  http: {
    defaultHealthyRetryPolicy: {
      minDelayTarget: 20,
      maxDelayTarget: 20,
      numRetries: 3,
      numMaxDelayRetries: 0,
      numNoDelayRetries: 0,
      numMinDelayRetries: 0,
      backoffFunction: 'linear',
    },
    disableSubscriptionOverrides: false,
    defaultRequestPolicy: { headerContentType: 'text/plain; charset=UTF-8' },
  },
});

export const getTopicAttributes: Operation = (broker, input) => {
  const topic = findTopic(broker, input);
  return {
    Attributes: {
      TopicArn: topic.arn,
      Owner: broker.accountId,
      DisplayName: '',
      Policy: defaultPolicy(broker, topic),
      EffectiveDeliveryPolicy: EFFECTIVE_DELIVERY_POLICY,
      SubscriptionsConfirmed: String(topic.subscriptions.size),
      SubscriptionsPending: '0',
      SubscriptionsDeleted: String(topic.deletedSubscriptions),
      ...Object.fromEntries(topic.attributes),
      ...(topic.archive && { BeginningArchiveTime: new Date(topic.archive.begins(broker.now())).toISOString() }),
    },
  };
};

export const setTopicAttributes: Operation = (broker, input) => {
  const topic = findTopic(broker, input);
  const name = required(input, 'AttributeName');
  const value = settledTopicAttribute(name, optionalString(input, 'AttributeValue') ?? '');
  if (name === 'FifoTopic') throw invalidParameter('AttributeName');
  checkTopicAttribute(name, value, topic.fifo);
  if (name === 'MaximumMessageSize') checkSubscriptionsOfLargeTopic(Number(value), topic.subscriptions.size);
  if (value === '') topic.attributes.delete(name);
  else topic.attributes.set(name, value);
  if (name === 'ArchivePolicy') archivePolicyChanged(broker, topic);
  return {};
};

/** Deleting what is not there is no error; a topic that archives is kept (message-archiving-and-replay-topic-owner). */
export const deleteTopic: Operation = (broker, input) => {
  const arn = topicArnOf(input);
  const topic = broker.topics.get(arn);
  if (!topic) return {};
  if (topic.archive) {
    throw new AwsError('InvalidState', 'Invalid state: a topic with an active ArchivePolicy cannot be deleted');
  }
  for (const subscription of topic.subscriptions.values()) {
    subscription.replay?.cancel();
    broker.subscriptions.delete(subscription.arn);
  }
  broker.topics.delete(arn);
  broker.journal?.topicDeleted(topic);
  return {};
};

export const listTopics: Operation = (broker, input) =>
  page(input, 'Topics', [...broker.topics.keys()], TopicArn => ({ TopicArn }));

function tagged(broker: Broker, input: Input): Topic {
  const topic = broker.topics.get(topicArnOf(input, 'ResourceArn'));
  if (!topic) throw new AwsError('ResourceNotFound', 'Resource does not exist', { status: 404 });
  return topic;
}

export const tagResource: Operation = (broker, input) => {
  addTags(tagged(broker, input), readTags(input));
  return {};
};

export const untagResource: Operation = (broker, input) => {
  const topic = tagged(broker, input);
  for (const key of stringList(input, 'TagKeys')) topic.tags.delete(key);
  return {};
};

export const listTagsForResource: Operation = (broker, input) => ({
  Tags: [...tagged(broker, input).tags].map(([Key, Value]) => ({ Key, Value })),
});
