import { ListDeadLetterSourceQueuesCommand, ListQueuesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Attributes, Tags } from '../interfaces/control-plane.interface.js';
import type { FullName, QueueUrl } from '../interfaces/names.interface.js';
import type { SqsWire } from '../interfaces/wire.interface.js';
import { SdkSqsControlPlane } from '../wire/sqs-control-plane.js';
import { SdkSqsWire } from '../wire/sdk-sqs-wire.js';

/** The calls to SQS that the desk makes. Each rejects with what the AWS client threw. */
export interface DeadLetterPlane extends SqsWire {
  /** Resolves to undefined when no such queue exists. */
  getQueueUrl(name: FullName): Promise<QueueUrl | undefined>;
  getQueueAttributes(queueUrl: QueueUrl): Promise<Attributes>;
  /** For a dry run. @default queues count as never renamed */
  listQueueTags?(queueUrl: QueueUrl): Promise<Tags>;
  /** URLs of the queues whose names begin so, all pages. */
  listQueues(prefix: string): Promise<QueueUrl[]>;
  /** URLs of the queues whose redrive policy names this queue, all pages. */
  listSources(queueUrl: QueueUrl): Promise<QueueUrl[]>;
}

/** AWS gives pages only if this is set (ListQueues API). */
const PAGE = 1_000;

async function allPages(
  page: (token: string | undefined) => Promise<{ urls: string[] | undefined; next: string | undefined }>,
): Promise<string[]> {
  const all: string[] = [];
  let token: string | undefined;
  do {
    const { urls = [], next } = await page(token);
    all.push(...urls);
    token = next;
  } while (token !== undefined);
  return all;
}

/** The desk's calls over the AWS SDK. */
export function sdkDeadLetterPlane(client: SQSClient): DeadLetterPlane & { destroy(): void } {
  const wire = new SdkSqsWire(client);
  const control = new SdkSqsControlPlane(client);
  return {
    receive: request => wire.receive(request),
    deleteBatch: (url, entries) => wire.deleteBatch(url, entries),
    changeVisibilityBatch: (url, entries) => wire.changeVisibilityBatch(url, entries),
    sendBatch: (url, entries) => wire.sendBatch(url, entries),
    getQueueUrl: name => control.getQueueUrl(name),
    getQueueAttributes: url => control.getQueueAttributes(url),
    listQueueTags: url => control.listQueueTags(url),
    listQueues: prefix =>
      allPages(async token => {
        const input = { MaxResults: PAGE, NextToken: token, ...(prefix !== '' && { QueueNamePrefix: prefix }) };
        const { QueueUrls, NextToken } = await client.send(new ListQueuesCommand(input));
        return { urls: QueueUrls, next: NextToken };
      }),
    listSources: url =>
      allPages(async token => {
        const input = { QueueUrl: url, MaxResults: PAGE, NextToken: token };
        const { queueUrls, NextToken } = await client.send(new ListDeadLetterSourceQueuesCommand(input));
        return { urls: queueUrls, next: NextToken };
      }),
    destroy: () => wire.destroy(),
  };
}
