import { DeleteQueueCommand, ListQueueTagsCommand, paginateListQueues, type SQSClient } from '@aws-sdk/client-sqs';
import { REPLY_QUEUE_MARK } from '../../envelope/reply.js';
import { isQueueMissing } from '../../errors/aws-errors.js';
import { isLeftBehind } from './reply-queue-tags.js';

export interface SweepOptions {
  /** Looks at queues whose names begin so: the environment's prefix, or prefix and service. */
  prefix?: string | undefined;
  /** Tells what would be deleted, and deletes nothing. @default false */
  dryRun?: boolean | undefined;
  /** In milliseconds since the epoch. @default now */
  now?: number | undefined;
}

const REPLY_QUEUE = new RegExp(`${REPLY_QUEUE_MARK}[0-9a-f]{12}$`);

/**
 * Deletes the reply queues whose clients have died without closing: those whose tag `nestjs-sns-sqs:alive-until` is
 * past. Resolves to their URLs. For a job that runs once in a while; running it twice at one time is harmless.
 * Needs `sqs:ListQueues`, and `sqs:ListQueueTags` and `sqs:DeleteQueue` on the reply queues.
 *
 * @example
 * ```ts
 * const deleted = await sweepReplyQueues(new SQSClient({}), { prefix: 'dev-' });
 * ```
 */
export async function sweepReplyQueues(
  sqs: SQSClient,
  { prefix, dryRun = false, now = Date.now() }: SweepOptions = {},
): Promise<string[]> {
  const swept: string[] = [];
  const pages = paginateListQueues({ client: sqs, pageSize: 1_000 }, prefix ? { QueueNamePrefix: prefix } : {});
  for await (const { QueueUrls = [] } of pages) {
    for (const QueueUrl of QueueUrls.filter(url => REPLY_QUEUE.test(url))) {
      const tags = await unlessMissing(sqs.send(new ListQueueTagsCommand({ QueueUrl })));
      if (!tags || !isLeftBehind(tags.Tags ?? {}, now)) continue;
      if (!dryRun) await unlessMissing(sqs.send(new DeleteQueueCommand({ QueueUrl })));
      swept.push(QueueUrl);
    }
  }
  return swept;
}

/** Its client has closed, or another sweeper was faster. */
async function unlessMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isQueueMissing(error)) return undefined;
    throw error;
  }
}
