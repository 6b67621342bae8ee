import { SnsSqsError } from '../errors/sns-sqs.error.js';
import { call, mapInParallel, PARALLEL_READS, type ControlPlanes } from './control-planes.js';
import type { TagKeeper } from './tag-keeper.js';
import type { ProvisionedQueue, QueueSpec, Topology } from './topology.model.js';

/** The URLs of queues that somebody else has made; one error names all that are missing. */
export async function lookUpQueues(
  { queues }: Topology,
  planes: ControlPlanes,
  tags: TagKeeper,
): Promise<ProvisionedQueue[]> {
  const find = async (name: string): Promise<string> =>
    (await call(planes, 'GetQueueUrl', name, () => planes.sqs.getQueueUrl(name))) ?? '';
  const look = async (spec: QueueSpec): Promise<ProvisionedQueue> => {
    const [url, deadLetterQueueUrl] = await Promise.all([find(spec.name), find(spec.deadLetterQueue)]);
    return { name: spec.name, url, deadLetterQueueUrl, tags: url === '' ? undefined : await tags.keep(spec, url) };
  };
  const found = await mapInParallel(queues, look, PARALLEL_READS);
  const missing = queues.flatMap(({ name, deadLetterQueue }, at) => [
    ...(found[at]?.url === '' ? [name] : []),
    ...(found[at]?.deadLetterQueueUrl === '' ? [deadLetterQueue] : []),
  ]);
  if (missing.length > 0) {
    throw new SnsSqsError('QUEUE_NOT_FOUND', {
      problem: `Missing queues: ${missing.join(', ')}`,
      remedy: "create them, or let `provisioning: 'create'` do it; check `prefix`, region and account",
      facts: { missing },
    });
  }
  return found;
}
