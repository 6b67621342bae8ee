import { CreateQueueCommand, DeleteQueueCommand, TagQueueCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Attributes } from '../interfaces/control-plane.interface.js';
import type { ReplyQueuePlane } from '../interfaces/reply-queue-plane.interface.js';

/** A reply queue's calls to SQS over the AWS SDK. */
export class SdkReplyQueuePlane implements ReplyQueuePlane {
  constructor(private readonly client: SQSClient) {}

  async create(name: string, attributes: Attributes, tags: Record<string, string>): Promise<string> {
    const command = new CreateQueueCommand({ QueueName: name, Attributes: attributes, tags });
    const { QueueUrl } = await this.client.send(command);
    if (!QueueUrl) throw new Error('CreateQueue answered without a QueueUrl');
    return QueueUrl;
  }

  async tag(queueUrl: string, tags: Record<string, string>): Promise<void> {
    await this.client.send(new TagQueueCommand({ QueueUrl: queueUrl, Tags: tags }));
  }

  async delete(queueUrl: string, signal: AbortSignal): Promise<void> {
    await this.client.send(new DeleteQueueCommand({ QueueUrl: queueUrl }), { abortSignal: signal });
  }
}
