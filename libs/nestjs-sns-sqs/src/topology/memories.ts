import type { FullName } from '../interfaces/names.interface.js';
import { mayMeanTheSame } from './filter-policy.js';
import type { FormerQueues } from './former-queues.js';
import { QUEUE_TAGS } from './queue-tags.js';
import type { ProvisionedQueue, QueueSpec } from './topology.model.js';

/** A pattern of the first queue whose events the second takes too; undefined: no event comes to both. */
export function commonType(one: QueueSpec, other: QueueSpec): string | undefined {
  for (const { topic, types } of one.subscriptions) {
    const others = other.subscriptions.filter(each => each.topic === topic).flatMap(each => each.types);
    const common = types.find(pattern => others.some(each => mayMeanTheSame(pattern, each)));
    if (common !== undefined) return common;
  }
  return undefined;
}

/**
 * What the inbox's memory of a queue is named by: what its tag says, since the next version may name other former queues,
 * or none any more. What the memory knows must not be forgotten then. A queue that was there before its old version has
 * ended has little in a memory of its own: that of the old version counts.
 */
export function memoryOf(
  { name, formerly }: QueueSpec,
  { tags }: ProvisionedQueue,
  former: Pick<FormerQueues, 'memory' | 'isConsumed'>,
): FullName {
  const recorded = tags?.[QUEUE_TAGS.inbox];
  if (recorded && !(recorded === name && former.isConsumed)) return recorded;
  return former.memory ?? formerly[0] ?? name;
}

/**
 * Two queues that were one share its memory, as long as no event comes to both: the second to take it would skip it. By
 * name the first keeps the memory then, and the others have their own.
 */
export function keptApart(
  queues: ReadonlyArray<{ spec: QueueSpec; memory: FullName }>,
): ReadonlyMap<FullName, FullName> {
  const sorted = queues.toSorted((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
  const memories = new Map<FullName, FullName>();
  for (const [at, { spec, memory }] of sorted.entries()) {
    const isShared = sorted
      .slice(0, at)
      .some(other => memories.get(other.spec.name) === memory && commonType(other.spec, spec) !== undefined);
    memories.set(spec.name, isShared ? spec.name : memory);
  }
  return memories;
}
