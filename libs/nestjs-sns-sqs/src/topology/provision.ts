import type { Provisioning } from '../interfaces/options.interface.js';
import type { ControlPlanes } from './control-planes.js';
import { createTopology } from './create-topology.js';
import { lookUpQueues } from './look-up-queues.js';
import type { ProvisionedQueue, Topology } from './topology.model.js';
import { verifyTopology } from './verify-topology.js';

const BY_MODE: Record<Provisioning, (topology: Topology, planes: ControlPlanes) => Promise<ProvisionedQueue[]>> = {
  create: createTopology,
  verify: verifyTopology,
  off: lookUpQueues,
};

/** Resolves to the queues to poll, one for each of the topology, in its order. Rejects with one SnsSqsError. */
export const provision = (topology: Topology, planes: ControlPlanes, mode: Provisioning): Promise<ProvisionedQueue[]> =>
  BY_MODE[mode](topology, planes);
