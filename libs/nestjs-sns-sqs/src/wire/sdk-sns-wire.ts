import { PublishBatchCommand, type SNSClient } from '@aws-sdk/client-sns';
import type { BatchResult, OutgoingSnsMessage, SnsWire } from '../interfaces/wire.interface.js';
import { toBatchResult } from './batch-result.js';

/** The hot call to SNS over the AWS SDK. */
export class SdkSnsWire implements SnsWire {
  constructor(private readonly client: SNSClient) {}

  async publishBatch(topicArn: string, entries: readonly OutgoingSnsMessage[]): Promise<BatchResult> {
    const PublishBatchRequestEntries = entries.map(({ id, body, attributes, groupId, deduplicationId }) => ({
      Id: id,
      Message: body,
      MessageAttributes: attributes,
      ...(groupId !== undefined && { MessageGroupId: groupId }),
      ...(deduplicationId !== undefined && { MessageDeduplicationId: deduplicationId }),
    }));
    const output = await this.client.send(new PublishBatchCommand({ TopicArn: topicArn, PublishBatchRequestEntries }));
    return toBatchResult(
      entries.map(({ id }) => id),
      output,
    );
  }
}
