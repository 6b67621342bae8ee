import { didYouMean, nearestName } from './did-you-mean.js';

const OPTIONS = [
  'service',
  'prefix',
  'aws',
  'sqs',
  'sns',
  'concurrency',
  'visibilityTimeoutSeconds',
  'waitTimeSeconds',
  'maxReceiveCount',
  'handlerTimeoutMs',
  'shutdownTimeoutMs',
  'startTimeoutMs',
  'deserializer',
  'serializer',
];

describe('nearestName', () => {
  it.each([
    ['servce', 'service'],
    ['Service', 'service'],
    ['sevrice', 'service'],
    ['prefixes', 'prefix'],
    ['concurency', 'concurrency'],
    ['visibilityTimeout', 'visibilityTimeoutSeconds'],
    ['visibilityTimeoutMs', 'visibilityTimeoutSeconds'],
    ['visibility_timeout', 'visibilityTimeoutSeconds'],
    ['waitTime', 'waitTimeSeconds'],
    ['waitTimeSecond', 'waitTimeSeconds'],
    ['handlerTimeoutSeconds', 'handlerTimeoutMs'],
    ['maxRecieveCount', 'maxReceiveCount'],
    ['serialiser', 'serializer'],
    ['deserialiser', 'deserializer'],
    ['sqss', 'sqs'],
  ])('takes %s for %s', (name, meant) => expect(nearestName(name, OPTIONS)).toBe(meant));

  it.each(['queueUrl', 'foo', 'x', '', 'ms', 'region', 'topicArn', '__proto__'])('takes %j for none', name => {
    expect(nearestName(name, OPTIONS)).toBeUndefined();
  });
});

it('didYouMean says nothing where nothing is near', () => {
  expect(didYouMean('servce', OPTIONS)).toBe(' (did you mean `service`?)');
  expect(didYouMean('foo', OPTIONS)).toBe('');
});
