import type { Attributes } from '../interfaces/control-plane.interface.js';
import { call, mapInParallel, type ControlPlanes } from './control-planes.js';
import { QueueCreator } from './create-queue.js';
import { SubscriptionCreator } from './create-subscriptions.js';
import { warnOfKeys } from './key-policy.js';
import { arnGivenFor } from './names.js';
import type { TagKeeper } from './tag-keeper.js';
import type { ProvisionedQueue, QueueSpec, Topology } from './topology.model.js';

/** Makes what is missing and repairs what differs. Idempotent, and safe for many instances at the same moment. */
export async function createTopology(
  topology: Topology,
  planes: ControlPlanes,
  tags: TagKeeper,
): Promise<ProvisionedQueue[]> {
  // Nothing is made for a topic that is named by its ARN: whose it is decides about it.
  const arns = await mapInParallel(
    topology.topics,
    async ({ name }) =>
      arnGivenFor(name) ?? (await call(planes, 'CreateTopic', name, () => planes.sns.createTopic(name))),
  );
  const topicArns = new Map(topology.topics.map(({ name }, at) => [name, arns[at]]));
  const queues = new QueueCreator(planes, tags);
  const subscriptions = new SubscriptionCreator(planes, queues, topicArns);
  const made: Array<{ spec: QueueSpec; attributes: Attributes }> = [];
  const provisioned = await mapInParallel(topology.queues, async spec => {
    const { attributes, deadLetters, ...queue } = await queues.create(spec);
    made.push({ spec, attributes });
    const subscribed = await subscriptions.create(spec, { queue: { url: queue.url, attributes }, deadLetters });
    return { ...queue, subscriptions: subscribed };
  });
  await warnOfKeys(made, planes);
  return provisioned;
}
