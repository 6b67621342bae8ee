import type { LoggerService } from '@nestjs/common';
import type { Provisioning } from '../interfaces/options.interface.js';
import type { ControlPlanes } from './control-planes.js';
import { createTopology } from './create-topology.js';
import { letsThroughBeside } from './filter-union.js';
import { lookUpQueues } from './look-up-queues.js';
import type { ProvisionedQueue, QueueSpec, Topology } from './topology.model.js';
import { verifyTopology } from './verify-topology.js';

const BY_MODE: Record<Provisioning, (topology: Topology, planes: ControlPlanes) => Promise<ProvisionedQueue[]>> = {
  create: createTopology,
  verify: verifyTopology,
  off: lookUpQueues,
};

/** Resolves to the queues to poll, one for each of the topology, in its order. Rejects with one SnsSqsError. */
export async function provision(
  topology: Topology,
  planes: ControlPlanes,
  mode: Provisioning,
): Promise<ProvisionedQueue[]> {
  const queues = await BY_MODE[mode](topology, planes);
  for (const [at, spec] of topology.queues.entries()) warnOfStrangers(spec, queues[at], planes.logger);
  return queues;
}

/** What is let through for another version, or was for an older one, comes to this version too. */
function warnOfStrangers(
  spec: QueueSpec,
  queue: ProvisionedQueue | undefined,
  logger: Pick<LoggerService, 'warn'>,
): void {
  const types = spec.subscriptions.flatMap(({ types }) => types);
  const strangers = new Set(queue?.subscriptions?.flatMap(attributes => letsThroughBeside(attributes, types)));
  if (strangers.size === 0) return;
  logger.warn(
    `${spec.name}: its subscriptions let through ${[...strangers].join(', ')}, which no handler of this version takes. Another version may need them; where none does, prune narrows the filter.`,
  );
}
