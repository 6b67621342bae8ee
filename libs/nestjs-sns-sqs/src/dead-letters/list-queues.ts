import { isQueueMissing } from '../errors/aws-errors.js';
import { peek } from '../errors/thrown.js';
import type { Attributes } from '../interfaces/control-plane.interface.js';
import type { FullName, QueueUrl } from '../interfaces/names.interface.js';
import { nameOfUrl } from '../topology/names.js';
import { aws, factsOf, nameOfArn, type QueueFacts } from './dead-letter-queue.js';
import type { DeadLetterPlane } from './dead-letter-plane.js';

export interface DeadLetterQueueSummary extends QueueFacts {
  /** Full names of the queues that have this dead-letter queue. */
  sources: FullName[];
}

const PARALLEL_READS = 8;

/** All queues' attributes; a queue that was deleted meanwhile is left out. */
async function readAll(plane: DeadLetterPlane, urls: readonly QueueUrl[]): Promise<Map<QueueUrl, Attributes>> {
  const found = new Map<QueueUrl, Attributes>();
  const waiting = [...urls];
  const read = async (): Promise<void> => {
    for (let url = waiting.pop(); url !== undefined; url = waiting.pop()) {
      const queueUrl = url;
      try {
        found.set(
          queueUrl,
          await aws('GetQueueAttributes', nameOfUrl(queueUrl), () => plane.getQueueAttributes(queueUrl)),
        );
      } catch (error) {
        if (!isQueueMissing(error)) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_READS }, read));
  return found;
}

function deadLetterArn({ RedrivePolicy }: Attributes): string | undefined {
  if (RedrivePolicy === undefined) return undefined;
  try {
    const arn = peek(JSON.parse(RedrivePolicy), 'deadLetterTargetArn');
    return typeof arn === 'string' ? arn : undefined;
  } catch {
    return undefined;
  }
}

/** Queues that are named as dead-letter queues by others, or whose names say so; those with most messages first. */
export async function listDeadLetterQueues(plane: DeadLetterPlane, prefix: string): Promise<DeadLetterQueueSummary[]> {
  const urls = await aws('ListQueues', prefix === '' ? 'the account' : `${prefix}*`, () => plane.listQueues(prefix));
  const attributes = await readAll(plane, urls);
  const sources = new Map<FullName, FullName[]>();
  for (const [url, each] of attributes) {
    const arn = deadLetterArn(each);
    if (arn === undefined) continue;
    const name = nameOfArn(arn);
    sources.set(name, [...(sources.get(name) ?? []), nameOfUrl(url)]);
  }
  return [...attributes]
    .map(([url, each]) => ({ ...factsOf(url, each), sources: (sources.get(nameOfUrl(url)) ?? []).toSorted() }))
    .filter(({ name, sources: named }) => named.length > 0 || /-dlq(\.fifo)?$/.test(name))
    .toSorted((a, b) => b.messages - a.messages || (a.name < b.name ? -1 : 1));
}
