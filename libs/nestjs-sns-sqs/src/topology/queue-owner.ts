import type { Tags } from '../interfaces/control-plane.interface.js';
import { QUEUE_TAGS } from './queue-tags.js';
import { isWithinDays } from './tag-days.js';

export interface ServiceNames {
  service: string;
  /** Names that the service had before. */
  formerly?: readonly string[] | undefined;
}

/**
 * For so many days after a version with `formerly` last ran, the version with the old name may still start: a rollback, or
 * a restart in a rolling deploy.
 */
const FORMER_NAME_LIVES_DAYS = 14;

const ownerOf = (tags: Readonly<Tags>): string | undefined => tags[QUEUE_TAGS.service];

/** Whether the service may write itself as the owner: nobody is, or it is under a name of its own. */
export function isOwnersTag(tags: Readonly<Tags>, { service, formerly = [] }: ServiceNames): boolean {
  const owner = ownerOf(tags);
  return owner === undefined || owner === service || formerly.includes(owner);
}

/** The service that owns the queue, where it is another one than this; undefined: this service may consume the queue. */
export function otherOwner(tags: Readonly<Tags>, names: ServiceNames): string | undefined {
  if (isOwnersTag(tags, names)) return undefined;
  const day = tags[`${QUEUE_TAGS.formerService}${names.service}`] ?? '';
  return isWithinDays(day, FORMER_NAME_LIVES_DAYS) ? undefined : ownerOf(tags);
}
