import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueueTagsCommand,
  SetQueueAttributesCommand,
  TagQueueCommand,
  UntagQueueCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { isQueueMissing } from '../errors/aws-errors.js';
import type { Attributes, SqsControlPlane, Tags } from '../interfaces/control-plane.interface.js';

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

  async createQueue(name: string, attributes: Attributes, tags?: Tags): Promise<string> {
    const command = new CreateQueueCommand({ QueueName: name, Attributes: attributes, ...(tags && { tags }) });
    const { QueueUrl } = await this.client.send(command);
    if (!QueueUrl) throw new Error('CreateQueue answered without a QueueUrl');
    return QueueUrl;
  }

  async setQueueAttributes(queueUrl: string, attributes: Attributes): Promise<void> {
    await this.client.send(new SetQueueAttributesCommand({ QueueUrl: queueUrl, Attributes: attributes }));
  }

  async listQueueTags(queueUrl: string): Promise<Tags> {
    return (await this.client.send(new ListQueueTagsCommand({ QueueUrl: queueUrl }))).Tags ?? {};
  }

  async tagQueue(queueUrl: string, tags: Tags): Promise<void> {
    await this.client.send(new TagQueueCommand({ QueueUrl: queueUrl, Tags: tags }));
  }

  async untagQueue(queueUrl: string, keys: readonly string[]): Promise<void> {
    await this.client.send(new UntagQueueCommand({ QueueUrl: queueUrl, TagKeys: [...keys] }));
  }

  async deleteQueue(queueUrl: string): Promise<void> {
    await this.client.send(new DeleteQueueCommand({ QueueUrl: queueUrl }));
  }
}
