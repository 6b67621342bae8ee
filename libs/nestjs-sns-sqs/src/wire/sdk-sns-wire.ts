import { PublishBatchCommand, type SNSClient } from '@aws-sdk/client-sns';
import type { BatchResult, OutgoingSnsMessage, SnsWire } from '../interfaces/wire.interface.js';
import { toBatchResult } from './batch-result.js';
import { publishInput } from './sns-inputs.js';

/** The hot call to SNS over the AWS SDK. */
export class SdkSnsWire implements SnsWire {
  constructor(private readonly client: SNSClient) {}

  async publishBatch(topicArn: string, entries: readonly OutgoingSnsMessage[]): Promise<BatchResult> {
    const output = await this.client.send(new PublishBatchCommand(publishInput(topicArn, entries)));
    return toBatchResult(
      entries.map(({ id }) => id),
      output,
    );
  }

  /** The client stays open. */
  destroy(): void {}
}
