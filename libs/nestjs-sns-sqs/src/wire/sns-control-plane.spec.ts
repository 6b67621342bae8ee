import type { SNSClient } from '@aws-sdk/client-sns';
import { jest } from '@jest/globals';
import { SdkSnsControlPlane } from './sns-control-plane.js';

function planeOver(answer: () => Promise<object>) {
  const send = jest.fn<(command: { input: object }) => Promise<object>>(answer);
  const plane = new SdkSnsControlPlane({ send } as unknown as SNSClient);
  return { plane, input: () => send.mock.calls[0]?.[0].input };
}
const failing = (name: string) => planeOver(() => Promise.reject(Object.assign(new Error('no'), { name }))).plane;
const answering = (answer: object) => planeOver(() => Promise.resolve(answer));

describe('SdkSnsControlPlane', () => {
  it('makes a topic, with attributes where there are any', async () => {
    const bare = answering({ TopicArn: 'arn' });
    expect(await bare.plane.createTopic('t')).toBe('arn');
    expect(bare.input()).toEqual({ Name: 't' });
    const { plane, input } = answering({ TopicArn: 'arn' });
    await plane.createTopic('t', { DisplayName: 'T' });
    expect(input()).toEqual({ Name: 't', Attributes: { DisplayName: 'T' } });
  });

  it("subscribes a queue and asks for the subscription's ARN", async () => {
    const { plane, input } = answering({ SubscriptionArn: 'arn:1' });
    expect(await plane.subscribe('topic', 'queue', { RawMessageDelivery: 'true' })).toBe('arn:1');
    expect(input()).toEqual({
      TopicArn: 'topic',
      Protocol: 'sqs',
      Endpoint: 'queue',
      ReturnSubscriptionArn: true,
      Attributes: { RawMessageDelivery: 'true' },
    });
  });

  it('does not go on without an ARN of what it made', async () => {
    await expect(answering({}).plane.createTopic('t')).rejects.toThrow(/without a TopicArn/);
    await expect(answering({}).plane.subscribe('t', 'q')).rejects.toThrow(/without a SubscriptionArn/);
  });

  it('reads the attributes of topics and subscriptions', async () => {
    const topic = answering({ Attributes: { SubscriptionsConfirmed: '1' } });
    expect(await topic.plane.getTopicAttributes('arn')).toEqual({ SubscriptionsConfirmed: '1' });
    expect(topic.input()).toEqual({ TopicArn: 'arn' });
    const subscription = answering({});
    expect(await subscription.plane.getSubscriptionAttributes('arn:1')).toEqual({});
    expect(subscription.input()).toEqual({ SubscriptionArn: 'arn:1' });
  });

  it.each(['NotFound', 'NotFoundException'])('says by undefined what is missing (%s)', async name => {
    expect(await failing(name).getTopicAttributes('arn')).toBeUndefined();
    expect(await failing(name).getSubscriptionAttributes('arn')).toBeUndefined();
  });

  it('does not take a denied look for something missing', async () => {
    await expect(failing('AuthorizationError').getTopicAttributes('arn')).rejects.toThrow('no');
    await expect(failing('AuthorizationError').getSubscriptionAttributes('arn')).rejects.toThrow('no');
  });

  it('sets one attribute of a subscription', async () => {
    const { plane, input } = answering({});
    await plane.setSubscriptionAttribute('arn:1', 'FilterPolicy', '{}');
    expect(input()).toEqual({ SubscriptionArn: 'arn:1', AttributeName: 'FilterPolicy', AttributeValue: '{}' });
  });
});
