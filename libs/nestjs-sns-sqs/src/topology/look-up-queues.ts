import { SnsSqsError } from '../errors/sns-sqs.error.js';
import { call, mapInParallel, type ControlPlanes } from './control-planes.js';
import type { TagKeeper } from './tag-keeper.js';
import type { ProvisionedQueue, Topology } from './topology.model.js';

/** The URLs of queues that somebody else has made; one error names all that are missing. */
export async function lookUpQueues(
  { queues }: Topology,
  planes: ControlPlanes,
  tags: TagKeeper,
): Promise<ProvisionedQueue[]> {
  const missing: string[] = [];
  const find = async (name: string): Promise<string> => {
    const url = await call(planes, 'GetQueueUrl', name, () => planes.sqs.getQueueUrl(name));
    if (url === undefined) missing.push(name);
    return url ?? '';
  };
  const found = await mapInParallel(queues, async spec => {
    const url = await find(spec.name);
    return {
      name: spec.name,
      url,
      deadLetterQueueUrl: await find(spec.deadLetterQueue),
      tags: url === '' ? undefined : await tags.keep(spec, url),
    };
  });
  if (missing.length > 0) {
    throw new SnsSqsError('QUEUE_NOT_FOUND', {
      problem: `Missing queues: ${missing.join(', ')}`,
      remedy: "create them, or let `provisioning: 'create'` do it; check `prefix`, region and account",
      facts: { missing },
    });
  }
  return found;
}
