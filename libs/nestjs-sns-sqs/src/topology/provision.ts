import type { LoggerService } from '@nestjs/common';
import type { Provisioning } from '../interfaces/options.interface.js';
import { mapInParallel, type ControlPlanes } from './control-planes.js';
import { createTopology } from './create-topology.js';
import { findFormerQueues } from './former-queues.js';
import { isExpressible } from './filter-policy.js';
import { isLooserThan, letsThroughBeside } from './filter-union.js';
import { lookUpQueues } from './look-up-queues.js';
import { keptApart, memoryOf } from './memories.js';
import { warnOfOrphans } from './orphans.js';
import { QUEUE_TAGS, recordedPatterns } from './queue-tags.js';
import { TagKeeper, type TagKeeperOptions } from './tag-keeper.js';
import type { ProvisionedQueue, QueueSpec, Topology } from './topology.model.js';
import { verifyTopology } from './verify-topology.js';

type Provisioner = (topology: Topology, planes: ControlPlanes, tags: TagKeeper) => Promise<ProvisionedQueue[]>;

const BY_MODE: Record<Provisioning, Provisioner> = {
  create: createTopology,
  verify: verifyTopology,
  off: lookUpQueues,
};

/** Resolves to the queues to poll, one for each of the topology, in its order. Rejects with one SnsSqsError. */
export async function provision(
  topology: Topology,
  planes: ControlPlanes,
  mode: Provisioning,
  owner: Omit<TagKeeperOptions, 'claims'>,
): Promise<ProvisionedQueue[]> {
  const tags = new TagKeeper(planes, { ...owner, claims: mode === 'create' });
  const queues = await BY_MODE[mode](topology, planes, tags);
  await warnOfOrphans(topology, queues, planes, tags, owner.prefix);
  const found = await mapInParallel(topology.queues, async spec => {
    const queue = queues.find(({ name }) => name === spec.name) as ProvisionedQueue;
    warnOfStrangers(spec, queue, planes.logger);
    const former = await findFormerQueues(spec, queue, planes, tags, mode === 'create');
    return { spec, queue, former: former.former, memory: memoryOf(spec, queue, former) };
  });
  const memories = keptApart(found);
  return mapInParallel(found, async ({ spec, queue, former }) => {
    const memory = memories.get(spec.name) ?? spec.name;
    if (queue.tags && queue.tags[QUEUE_TAGS.inbox] !== memory) {
      await tags.write(spec.name, queue.url, { [QUEUE_TAGS.inbox]: memory });
    }
    return { ...queue, isLooselyFiltered: isLooselyFiltered(spec, queue), former, memory };
  });
}

const typesOf = ({ subscriptions }: QueueSpec): string[] => subscriptions.flatMap(({ types }) => types);

/** By this version's patterns, by those of any version, or since the filter was widened. */
function isLooselyFiltered(spec: QueueSpec, { tags, subscriptions }: ProvisionedQueue): boolean {
  if (spec.subscriptions.length === 0) return false;
  const wanted = [...new Set([...typesOf(spec), ...((tags && recordedPatterns(tags)) ?? [])])];
  return !isExpressible(wanted) || (subscriptions?.some(attributes => isLooserThan(attributes, wanted)) ?? false);
}

/** What is let through for another version, or was for an older one, comes to this version too. */
function warnOfStrangers(spec: QueueSpec, queue: ProvisionedQueue, logger: Pick<LoggerService, 'warn'>): void {
  const types = typesOf(spec);
  const strangers = new Set(queue.subscriptions?.flatMap(attributes => letsThroughBeside(attributes, types)));
  if (strangers.size === 0) return;
  logger.warn(
    `${spec.name}: its subscriptions let through ${[...strangers].join(', ')}, which no handler of this version takes. Another version may need them; where none does, prune narrows the filter.`,
  );
}
