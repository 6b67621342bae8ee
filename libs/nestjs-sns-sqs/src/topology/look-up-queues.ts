import { SnsSqsError } from '../errors/sns-sqs.error.js';
import { call, mapInParallel, type ControlPlanes } from './control-planes.js';
import type { ProvisionedQueue, Topology } from './topology.model.js';

/** The URLs of queues that somebody else has made; one error names all that are missing. */
export async function lookUpQueues({ queues }: Topology, planes: ControlPlanes): Promise<ProvisionedQueue[]> {
  const missing: string[] = [];
  const find = async (name: string): Promise<string> => {
    const url = await call(planes, 'GetQueueUrl', name, () => planes.sqs.getQueueUrl(name));
    if (url === undefined) missing.push(name);
    return url ?? '';
  };
  const found = await mapInParallel(queues, async ({ name, deadLetterQueue }) => ({
    name,
    url: await find(name),
    deadLetterQueueUrl: await find(deadLetterQueue),
  }));
  if (missing.length > 0) {
    throw new SnsSqsError(
      'QUEUE_NOT_FOUND',
      `Missing queues: ${missing.join(', ')}. Remedy: create them, or let \`provisioning: 'create'\` do it; check \`prefix\`, region and account.`,
      { facts: { missing } },
    );
  }
  return found;
}
