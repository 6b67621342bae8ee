import type { Tags } from '../interfaces/control-plane.interface.js';
import { SQS_MAX_RETENTION_SECONDS, SQS_MAX_TAGS } from '../constants.js';
import { isAccessDenied } from '../errors/aws-errors.js';
import { call, type ControlPlanes } from './control-planes.js';
import type { FullName } from '../interfaces/names.interface.js';
import { isFifoName, withoutPrefix, withPrefix } from './names.js';
import { QUEUE_TAGS } from './queue-tags.js';
import { isWithinDays, today } from './tag-days.js';
import type { TagKeeper } from './tag-keeper.js';
import type { ProvisionedQueue, Topology } from './topology.model.js';

/** A queue has at most 50 tags, and needs others too: some at its start, and marks while handlers run. */
const MAX_LISTED = 30;
const MAX_WITH_LIST = SQS_MAX_TAGS - 10;

/** Then everything in such a queue has expired. */
const UNSEEN_TOLD_DAYS = SQS_MAX_RETENTION_SECONDS / 86_400;

const rank = ({ name }: ProvisionedQueue): string => `${isFifoName(name) ? 0 : 1}${name}`;

/** The two queues that list all of their service's queues: the command queue and the first others by name. One may go. */
const anchorsOf = (queues: readonly ProvisionedQueue[]): ProvisionedQueue[] =>
  queues.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1)).slice(0, 2);

/**
 * Keeps the list of the service's queues in the tags of two of them, and warns of those that no handler takes from any
 * more: they fill, and nobody looks. Every queue's tags are read, since an earlier version may have listed them elsewhere.
 * No List call is made.
 */
export async function warnOfOrphans(
  topology: Topology,
  queues: readonly ProvisionedQueue[],
  planes: ControlPlanes,
  tags: TagKeeper,
  prefix: string,
): Promise<void> {
  const known = new Set(topology.queues.flatMap(({ name, formerly }) => [name, ...formerly]));
  const keyOf = (name: FullName): string => `${QUEUE_TAGS.queue}${withoutPrefix(prefix, name)}`;
  const listedBy = ({ tags: found = {} }: ProvisionedQueue): FullName[] =>
    Object.keys(found).flatMap(key =>
      key.startsWith(QUEUE_TAGS.queue) ? [withPrefix(prefix, key.slice(QUEUE_TAGS.queue.length))] : [],
    );
  const gone = new Set<FullName>();
  for (const name of new Set(queues.flatMap(listedBy).filter(each => !known.has(each)))) {
    const days = queues.map(({ tags: found }) => found?.[keyOf(name)] ?? '').toSorted();
    const exists = await existsForUs(name, planes);
    if (exists === false) gone.add(name);
    if (exists === undefined && isWithinDays(days.at(-1) ?? '', UNSEEN_TOLD_DAYS)) {
      planes.logger.warn(
        `${name} was last listed as a queue of this service on ${days.at(-1)}, and no handler of this version takes from it. This process has no permission to look whether it still exists (sqs:GetQueueUrl).`,
      );
    }
    if (!exists) continue;
    planes.logger.warn(
      `${name} still exists and no handler of this version takes from it; it was last listed on ${days.at(-1)}. If its use case was renamed, give the old name to the handler's \`formerly\`; if it was removed, delete the queue and its subscriptions.`,
    );
  }
  for (const queue of queues) {
    const listed = listedBy(queue).filter(name => gone.has(name));
    if (listed.length > 0) await tags.remove(queue.name, queue.url, listed.map(keyOf));
  }
  for (const anchor of anchorsOf(queues)) {
    if (!anchor.tags) continue;
    const listed = listedBy(anchor);
    const kept = listed.filter(name => !gone.has(name)).length;
    const wanted = topology.queues.filter(({ name }) => anchor.tags?.[keyOf(name)] !== today()).map(({ name }) => name);
    // Those that are listed are renewed; new ones as far as there is room.
    const others = Object.keys(anchor.tags).length - listed.length;
    const room = Math.max(0, Math.min(MAX_LISTED, MAX_WITH_LIST - others) - kept);
    const added = wanted.filter(name => !listed.includes(name)).slice(0, room);
    const renewed = wanted.filter(name => listed.includes(name));
    const set: Tags = Object.fromEntries([...renewed, ...added].map(name => [keyOf(name), today()]));
    await tags.write(anchor.name, anchor.url, set);
  }
}

/** Undefined: the right to look has gone with the use case. What only a warning needs does not end a start. */
async function existsForUs(name: FullName, planes: ControlPlanes): Promise<boolean | undefined> {
  try {
    return (await call(planes, 'GetQueueUrl', name, () => planes.sqs.getQueueUrl(name))) !== undefined;
  } catch (error) {
    if (!isAccessDenied(error)) throw error;
    return undefined;
  }
}
