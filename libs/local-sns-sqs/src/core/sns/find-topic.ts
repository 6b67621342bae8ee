import type { Broker } from '../broker.js';
import { type Input, optionalString } from '../input.js';
import { invalidParameter, notFound, required } from './errors.js';
import type { Topic } from './topic.js';

const ARN = /^arn:aws[\w-]*:sns:[\w-]+:\d{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?$/;

const checkedArn = (arn: string, key: string): string => {
  const { length } = arn.split(':');
  if (length < 6) throw invalidParameter(`${key} Reason: An ARN must have at least 6 elements, not ${length}`);
  if (!ARN.test(arn)) throw invalidParameter(key);
  return arn;
};

/** The ARN that a request gives, sound but of a topic that may not be there. */
export const topicArnOf = (input: Input, key = 'TopicArn'): string => checkedArn(required(input, key), key);

export const findTopic = (broker: Broker, input: Input): Topic => topicByArn(broker, topicArnOf(input));

function topicByArn(broker: Broker, arn: string): Topic {
  const topic = broker.topics.get(arn);
  if (!topic) throw notFound('Topic', broker.elsewhere(arn));
  return topic;
}

/** Publish takes the topic under either of two names. */
export function publishTarget(broker: Broker, input: Input): Topic {
  if (optionalString(input, 'PhoneNumber'))
    throw invalidParameter('PhoneNumber Reason: the sms protocol is not supported here');
  const arn = optionalString(input, 'TopicArn') ?? optionalString(input, 'TargetArn');
  if (!arn) throw invalidParameter('TopicArn or TargetArn Reason: no value for required parameter');
  return topicByArn(broker, checkedArn(arn, 'TopicArn'));
}
