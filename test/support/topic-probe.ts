import {
  CreateTopicCommand,
  GetSubscriptionAttributesCommand,
  PublishCommand,
  SetSubscriptionAttributesCommand,
  SubscribeCommand,
  type SNSClient,
} from '@aws-sdk/client-sns';
import type { QueueProbe } from './queue-probe.js';

/** Looks at one topic from outside, with AWS's own client. */
export class TopicProbe {
  constructor(
    private readonly sns: SNSClient,
    readonly name: string,
  ) {}

  async arn(): Promise<string> {
    return (await this.sns.send(new CreateTopicCommand({ Name: this.name }))).TopicArn ?? '';
  }

  async publish(Message: string, type: string): Promise<void> {
    const MessageAttributes = { type: { DataType: 'String', StringValue: type } };
    await this.sns.send(new PublishCommand({ TopicArn: await this.arn(), Message, MessageAttributes }));
  }

  async subscription(queue: QueueProbe): Promise<Record<string, string>> {
    const SubscriptionArn = await this.subscriptionArn(queue);
    return (await this.sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }))).Attributes ?? {};
  }

  async setSubscription(queue: QueueProbe, AttributeName: string, AttributeValue: string): Promise<void> {
    const SubscriptionArn = await this.subscriptionArn(queue);
    await this.sns.send(new SetSubscriptionAttributesCommand({ SubscriptionArn, AttributeName, AttributeValue }));
  }

  /** Subscribing what is subscribed already gives the existing subscription's ARN. */
  private async subscriptionArn(queue: QueueProbe): Promise<string> {
    const Endpoint = (await queue.attributes())['QueueArn'];
    const TopicArn = await this.arn();
    const { SubscriptionArn } = await this.sns.send(
      new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint, ReturnSubscriptionArn: true }),
    );
    return SubscriptionArn ?? '';
  }
}
