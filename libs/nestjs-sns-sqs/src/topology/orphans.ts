import type { Tags } from '../interfaces/control-plane.interface.js';
import { call, type ControlPlanes } from './control-planes.js';
import type { FullName } from '../interfaces/names.interface.js';
import { isFifoName, withoutPrefix, withPrefix } from './names.js';
import { QUEUE_TAGS } from './queue-tags.js';
import { today, type TagKeeper } from './tag-keeper.js';
import type { ProvisionedQueue, Topology } from './topology.model.js';

/** A queue has at most 50 tags, and needs others too. */
const MAX_LISTED = 30;

/** The queue that lists all of its service's queues: the command queue, or the first by name. */
export const anchorOf = (queues: readonly ProvisionedQueue[]): ProvisionedQueue | undefined =>
  queues.find(({ name }) => isFifoName(name)) ?? queues.toSorted((a, b) => (a.name < b.name ? -1 : 1))[0];

/**
 * Keeps the list of the service's queues in the tags of one of them, and warns of those that no handler takes from any
 * more: they fill, and nobody looks. No List call is made.
 */
export async function warnOfOrphans(
  topology: Topology,
  queues: readonly ProvisionedQueue[],
  planes: ControlPlanes,
  tags: TagKeeper,
  prefix: string,
): Promise<void> {
  const anchor = anchorOf(queues);
  if (!anchor?.tags) return;
  const known = new Set(topology.queues.flatMap(({ name, formerly }) => [name, ...formerly]));
  const listed = Object.keys(anchor.tags).flatMap(key =>
    key.startsWith(QUEUE_TAGS.queue) ? [withPrefix(prefix, key.slice(QUEUE_TAGS.queue.length))] : [],
  );
  const keyOf = (name: FullName): string => `${QUEUE_TAGS.queue}${withoutPrefix(prefix, name)}`;
  const gone: string[] = [];
  for (const name of listed.filter(each => !known.has(each))) {
    const url = await call(planes, 'GetQueueUrl', name, () => planes.sqs.getQueueUrl(name));
    if (url === undefined) gone.push(keyOf(name));
    else {
      planes.logger.warn(
        `${name} still exists and no handler of this version takes from it; it was last listed on ${anchor.tags[keyOf(name)]}. If its use case was renamed, give the old name to the handler's \`formerly\`; if it was removed, delete the queue and its subscriptions.`,
      );
    }
  }
  if (gone.length > 0) await tags.remove(anchor.name, anchor.url, gone);
  const kept = listed.length - gone.length;
  const wanted = topology.queues.filter(({ name }) => anchor.tags?.[keyOf(name)] !== today()).map(({ name }) => name);
  // Those that are listed are renewed; new ones as far as there is room.
  const added = wanted.filter(name => !listed.includes(name)).slice(0, Math.max(0, MAX_LISTED - kept));
  const renewed = wanted.filter(name => listed.includes(name));
  const set: Tags = Object.fromEntries([...renewed, ...added].map(name => [keyOf(name), today()]));
  await tags.write(anchor.name, anchor.url, set);
}
