import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  SetQueueAttributesCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { isQueueMissing } from '../errors/aws-errors.js';
import type { Attributes, SqsControlPlane } from '../interfaces/control-plane.interface.js';

/** Provisioning's calls to SQS over the AWS SDK. */
export class SdkSqsControlPlane implements SqsControlPlane {
  constructor(private readonly client: SQSClient) {}

  async getQueueUrl(name: string): Promise<string | undefined> {
    try {
      return (await this.client.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl;
    } catch (error) {
      if (isQueueMissing(error)) return undefined;
      throw error;
    }
  }

  async getQueueAttributes(queueUrl: string): Promise<Attributes> {
    const command = new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] });
    return (await this.client.send(command)).Attributes ?? {};
  }

  async createQueue(name: string, attributes: Attributes): Promise<string> {
    const { QueueUrl } = await this.client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
    if (!QueueUrl) throw new Error('CreateQueue answered without a QueueUrl');
    return QueueUrl;
  }

  async setQueueAttributes(queueUrl: string, attributes: Attributes): Promise<void> {
    await this.client.send(new SetQueueAttributesCommand({ QueueUrl: queueUrl, Attributes: attributes }));
  }
}
