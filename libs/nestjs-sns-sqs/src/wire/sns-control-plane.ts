import {
  CreateTopicCommand,
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  SetSubscriptionAttributesCommand,
  SubscribeCommand,
  UnsubscribeCommand,
  type SNSClient,
} from '@aws-sdk/client-sns';
import { isTopicMissing } from '../errors/aws-errors.js';
import type { Attributes, SnsControlPlane } from '../interfaces/control-plane.interface.js';

async function unlessMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isTopicMissing(error)) return undefined;
    throw error;
  }
}

/** Provisioning's calls to SNS over the AWS SDK. */
export class SdkSnsControlPlane implements SnsControlPlane {
  constructor(private readonly client: SNSClient) {}

  async createTopic(name: string, attributes?: Attributes): Promise<string> {
    const command = new CreateTopicCommand({ Name: name, ...(attributes && { Attributes: attributes }) });
    const { TopicArn } = await this.client.send(command);
    if (!TopicArn) throw new Error('CreateTopic answered without a TopicArn');
    return TopicArn;
  }

  async getTopicAttributes(topicArn: string): Promise<Attributes | undefined> {
    const answer = await unlessMissing(this.client.send(new GetTopicAttributesCommand({ TopicArn: topicArn })));
    return answer && (answer.Attributes ?? {});
  }

  async subscribe(topicArn: string, queueArn: string, attributes?: Attributes): Promise<string> {
    const command = new SubscribeCommand({
      TopicArn: topicArn,
      Protocol: 'sqs',
      Endpoint: queueArn,
      ReturnSubscriptionArn: true,
      ...(attributes && { Attributes: attributes }),
    });
    const { SubscriptionArn } = await this.client.send(command);
    if (!SubscriptionArn) throw new Error('Subscribe answered without a SubscriptionArn');
    return SubscriptionArn;
  }

  async getSubscriptionAttributes(subscriptionArn: string): Promise<Attributes | undefined> {
    const command = new GetSubscriptionAttributesCommand({ SubscriptionArn: subscriptionArn });
    const answer = await unlessMissing(this.client.send(command));
    return answer && (answer.Attributes ?? {});
  }

  async setSubscriptionAttribute(subscriptionArn: string, name: string, value: string): Promise<void> {
    await this.client.send(
      new SetSubscriptionAttributesCommand({
        SubscriptionArn: subscriptionArn,
        AttributeName: name,
        AttributeValue: value,
      }),
    );
  }

  async unsubscribe(subscriptionArn: string): Promise<void> {
    await unlessMissing(this.client.send(new UnsubscribeCommand({ SubscriptionArn: subscriptionArn })));
  }
}
