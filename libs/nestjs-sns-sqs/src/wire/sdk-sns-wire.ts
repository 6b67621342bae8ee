import { PublishBatchCommand, type SNSClient } from '@aws-sdk/client-sns';
import type { BatchResult, OutgoingSnsMessage, SnsWire } from '../interfaces/wire.interface.js';
import { toBatchResult } from './batch-result.js';
import { CALL_CONNECTIONS } from './connections.js';
import { hotView } from './hot-view.js';
import { SILENCE_MS } from './http-bounds.js';
import type { MakeHandler } from './request-handlers.js';
import { publishInput } from './sns-inputs.js';

/** The hot call to SNS over the AWS SDK. */
export class SdkSnsWire implements SnsWire {
  /** With sockets of its own, or the client itself. */
  private readonly publishing: SNSClient;

  /** @param make for a client that was made here; undefined: every call goes as the client's own handler says */
  constructor(
    private readonly client: SNSClient,
    make?: MakeHandler,
    view = hotView,
  ) {
    const options = { socketTimeout: SILENCE_MS.call, maxSockets: CALL_CONNECTIONS };
    this.publishing = make ? view(client, make(options)) : client;
  }

  async publishBatch(topicArn: string, entries: readonly OutgoingSnsMessage[]): Promise<BatchResult> {
    const output = await this.publishing.send(new PublishBatchCommand(publishInput(topicArn, entries)));
    return toBatchResult(
      entries.map(({ id }) => id),
      output,
    );
  }

  /** Frees the sockets that were made here; the client stays open. */
  destroy(): void {
    if (this.publishing !== this.client) this.publishing.config.requestHandler.destroy?.();
  }
}
