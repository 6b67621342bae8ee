import type { Broker } from '../broker.js';
import { AwsError } from '../errors.js';
import { type Input, optionalString, recordList, stringList, stringMap } from '../input.js';
import type { Operation } from '../operation.js';
import { invalidParameter, required } from './errors.js';
import { page } from './paging.js';
import { Topic, findTopic } from './topic.js';
import { checkTopicAttribute } from './topic-attributes.js';

function readTags(input: Input): Map<string, string> {
  return new Map(recordList(input, 'Tags').map(tag => [required(tag, 'Key'), optionalString(tag, 'Value') ?? '']));
}

const sameMap = (a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean =>
  [...a].every(([key, value]) => b.get(key) === value);

export const createTopic: Operation = (broker, input) => {
  const name = required(input, 'Name');
  const wanted = stringMap(input, 'Attributes');
  const tags = readTags(input);
  const fifo = wanted.get('FifoTopic') === 'true';
  if (!(fifo ? /^[A-Za-z0-9_-]{1,251}\.fifo$/ : /^[A-Za-z0-9_-]{1,256}$/).test(name)) {
    throw invalidParameter(
      fifo || name.endsWith('.fifo') ? 'Topic Name Reason: FIFO topics, and only they, end with .fifo' : 'Topic Name',
    );
  }
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
  if (!fifo) attributes.delete('FifoTopic');
  else if (!attributes.has('ContentBasedDeduplication')) attributes.set('ContentBasedDeduplication', 'false');
  const topic = new Topic(name, arn, fifo, attributes);
  for (const [key, value] of tags) topic.tags.set(key, value);
  broker.topics.set(arn, topic);
  return { TopicArn: arn };
};

function defaultPolicy(broker: Broker, topic: Topic): string {
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
    },
  };
};

export const setTopicAttributes: Operation = (broker, input) => {
  const topic = findTopic(broker, input);
  const name = required(input, 'AttributeName');
  const value = optionalString(input, 'AttributeValue') ?? '';
  if (name === 'FifoTopic') throw invalidParameter('AttributeName');
  checkTopicAttribute(name, value, topic.fifo);
  if (value === '') topic.attributes.delete(name);
  else topic.attributes.set(name, value);
  return {};
};

/** Deleting what is not there is no error. */
export const deleteTopic: Operation = (broker, input) => {
  const arn = required(input, 'TopicArn');
  const topic = broker.topics.get(arn);
  if (!topic) return {};
  for (const subscription of topic.subscriptions.keys()) broker.subscriptions.delete(subscription);
  broker.topics.delete(arn);
  return {};
};

export const listTopics: Operation = (broker, input) =>
  page(input, 'Topics', [...broker.topics.keys()], TopicArn => ({ TopicArn }));

function tagged(broker: Broker, input: Input): Topic {
  const topic = broker.topics.get(required(input, 'ResourceArn'));
  if (!topic) throw new AwsError('ResourceNotFound', 'Resource does not exist', { status: 404 });
  return topic;
}

export const tagResource: Operation = (broker, input) => {
  const topic = tagged(broker, input);
  const tags = readTags(input);
  const added = [...tags.keys()].filter(key => !topic.tags.has(key)).length;
  if (topic.tags.size + added > 50)
    throw new AwsError('TagLimitExceeded', 'Could not complete request: tag quota of per resource exceeded');
  for (const [key, value] of tags) topic.tags.set(key, value);
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
