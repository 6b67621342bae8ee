import { areTagsFull, isNotAllowed } from '../errors/aws-errors.js';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { Tags } from '../interfaces/control-plane.interface.js';
import { call, type ControlPlanes } from './control-planes.js';
import { withoutPrefix } from './names.js';
import { planTypes, positionsBeside, positionsKey, QUEUE_TAGS, roomFor, withoutNewTags } from './queue-tags.js';
import { claimsIn, QueueClaim } from './queue-claim.js';
import { isOwnersTag, otherOwner } from './queue-owner.js';
import { isWithinDays, today } from './tag-days.js';
import type { ProvisionedQueue, QueueSpec } from './topology.model.js';

/** A rollback after so many days is not beside the version that it replaces. */
const POSITIONS_TOLD_DAYS = 14;

export interface TagKeeperOptions {
  /** The service that starts. */
  service: string;
  prefix: string;
  /** Names that the service had before: their queues are taken over. */
  formerly?: readonly string[];
  /** Queues without an owner become the service's, and those of its former names too. */
  claims: boolean;
}

/** Where a wanted tag is missing or differs. */
const changed = (found: Readonly<Tags>, wanted: Tags): Tags =>
  Object.fromEntries(Object.entries(wanted).filter(([key, value]) => found[key] !== value));

/** A queue under its first name. What another one's memory is named by is known once its former queues are. */
const ownMemory = ({ name, formerly }: QueueSpec): Tags => (formerly.length === 0 ? { [QUEUE_TAGS.inbox]: name } : {});

/** Tags of memories that no version keeps positions in any more. */
const leftPositions = ({ positions }: QueueSpec, found: Tags): string[] =>
  positionsBeside(found, positions)
    .filter(([, day]) => !isWithinDays(day, POSITIONS_TOLD_DAYS))
    .map(([key]) => key);

const typesOf = ({ subscriptions }: QueueSpec): string[] => subscriptions.flatMap(({ types }) => types);

/**
 * Reads and writes the tags of the queues that a service takes from: whose a queue is, when it was last consumed, which
 * types any version wanted. Without the right to do so the service runs all the same, and one warning says what is lost.
 */
export class TagKeeper {
  private isRefused = false;
  /** Queues that take no further tag, and of which that was said. */
  private readonly full = new Set<string>();

  constructor(
    private readonly planes: ControlPlanes,
    private readonly options: TagKeeperOptions,
  ) {}

  /** The tags of a queue that is made now. Undefined: this process may not tag. */
  forNew(spec: QueueSpec): Tags | undefined {
    if (this.isRefused) return undefined;
    return {
      ...spec.tags,
      ...this.owned(spec),
      ...this.consumed(spec),
      ...ownMemory(spec),
      ...planTypes({}, typesOf(spec)).set,
    };
  }

  /**
   * Sees to the tags of a queue that exists, before anything else of it is changed. Resolves to them, or to undefined
   * where they cannot be read. Rejects with QUEUE_OWNED_BY_ANOTHER.
   */
  async keep(spec: QueueSpec, url: string): Promise<Tags | undefined> {
    const before = await this.read(spec.name, url);
    if (!before) return undefined;
    this.assertOurs(spec.name, before);
    const found = await this.claimed(spec, url, before);
    const types = planTypes(found, typesOf(spec));
    const wanted = {
      ...(this.options.claims && isOwnersTag(found, this.options) && this.owned(spec)),
      ...this.consumed(spec),
      ...(found[QUEUE_TAGS.inbox] === undefined && ownMemory(spec)),
      ...types.set,
    };
    const set = changed(found, wanted);
    if (!(await this.write(spec.name, url, set))) return found;
    // The queue has an owner: a claim that is left is of a service that ended before it could take it back.
    const remove = [...types.remove, ...leftPositions(spec, found), ...(this.options.claims ? claimsIn(found) : [])];
    if (remove.length > 0) await this.remove(spec.name, url, remove);
    const now = { ...found, ...set };
    // Who claims a queue looks again whether another service did so in the same moment.
    const again = QUEUE_TAGS.service in set ? await this.read(spec.name, url) : undefined;
    if (again) this.assertOurs(spec.name, again);
    return again ?? now;
  }

  /** The tags of a queue that has an owner by now, where this process may see to that. Rejects with QUEUE_OWNED_BY_ANOTHER. */
  private async claimed(spec: QueueSpec, url: string, found: Tags): Promise<Tags> {
    if (found[QUEUE_TAGS.service] !== undefined || !this.options.claims || this.isRefused) return found;
    const claim = new QueueClaim({
      service: this.options.service,
      owned: this.owned(spec),
      read: () => this.read(spec.name, url),
      write: tags => this.write(spec.name, url, tags),
      remove: keys => this.remove(spec.name, url, keys),
      signal: this.planes.signal,
    });
    const settled = await claim.settle(found);
    if (settled) this.assertOurs(spec.name, settled);
    return settled ?? found;
  }

  /** Resolves to the tags, or to undefined where they cannot be read. Rejects with QUEUE_OWNED_BY_ANOTHER. */
  async readOwn(name: string, url: string): Promise<Tags | undefined> {
    const found = await this.read(name, url);
    if (found) this.assertOurs(name, found);
    return found;
  }

  /** Undefined: they cannot be read. */
  read(name: string, url: string): Promise<Tags | undefined> {
    return this.tolerated(() => call(this.planes, 'ListQueueTags', name, () => this.planes.sqs.listQueueTags(url)));
  }

  /** False: they cannot be written, or not all of them, since the queue takes no further tag. */
  async write(name: string, url: string, tags: Tags): Promise<boolean> {
    if (Object.keys(tags).length === 0) return true;
    try {
      return await this.writeAll(name, url, tags);
    } catch (error) {
      if (!areTagsFull(error)) throw error;
      const found = (await this.read(name, url)) ?? {};
      const room = roomFor(found, tags);
      if (room.length > 0 && (await this.remove(name, url, room))) return this.write(name, url, tags);
      this.noteFull(name, error as SnsSqsError);
      const fitting = withoutNewTags(found, tags);
      if (Object.keys(fitting).length > 0) await this.writeAll(name, url, fitting);
      return false;
    }
  }

  private async writeAll(name: string, url: string, tags: Tags): Promise<boolean> {
    const tag = (): Promise<void> => this.planes.sqs.tagQueue(url, tags);
    return (await this.tolerated(() => call(this.planes, 'TagQueue', name, tag).then(() => true))) ?? false;
  }

  /** Once a day: this version still consumes the queue, and this is how. */
  async renew(spec: QueueSpec, { url, memory }: Pick<ProvisionedQueue, 'url' | 'memory'>): Promise<void> {
    await this.write(spec.name, url, { ...this.consumed(spec), ...(memory && { [QUEUE_TAGS.inbox]: memory }) });
  }

  private noteFull(name: string, { message }: SnsSqsError): void {
    if (this.full.has(name)) return;
    this.full.add(name);
    this.planes.logger.warn(
      `${message} The queue has the 50 tags that AWS allows, and the service runs without further tags of its own. The service may not notice that another one shares ${name}, or that nobody consumes the queue. Remedy: remove tags of yours.`,
    );
  }

  /** False: without the right to remove them they stay, and tell nothing that is wrong. */
  async remove(name: string, url: string, keys: readonly string[]): Promise<boolean> {
    if (this.isRefused) return false;
    try {
      await call(this.planes, 'UntagQueue', name, () => this.planes.sqs.untagQueue(url, keys));
      return true;
    } catch (error) {
      if (!isNotAllowed(error)) throw error;
      this.planes.logger.warn(`${(error as Error).message} The tags stay: ${keys.join(', ')}.`);
      return false;
    }
  }

  /** Tags cannot be read or written; the first time it is said. */
  refuse(error: SnsSqsError): void {
    if (!this.isRefused) {
      this.planes.logger.warn(
        `${error.message} Without queue tags the service does not notice that another service shares a queue, or that nobody consumes a queue. Types that only another version knows wait instead of being deleted.`,
      );
    }
    this.isRefused = true;
  }

  private async tolerated<T>(run: () => Promise<T>): Promise<T | undefined> {
    if (this.isRefused) return undefined;
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof SnsSqsError) || !isNotAllowed(error)) throw error;
      this.refuse(error);
      return undefined;
    }
  }

  /** That this version consumes the queue, and how. */
  private consumed({ isUnordered, positions }: QueueSpec): Tags {
    const { claims, formerly = [] } = this.options;
    return {
      [QUEUE_TAGS.lastConsumed]: today(),
      ...(isUnordered && { [QUEUE_TAGS.unordered]: today() }),
      ...(positions && { [positionsKey(positions)]: today() }),
      ...(claims && Object.fromEntries(formerly.map(name => [`${QUEUE_TAGS.formerService}${name}`, today()]))),
    };
  }

  private owned({ name }: QueueSpec): Tags {
    const { service, prefix } = this.options;
    return { [QUEUE_TAGS.service]: service, [QUEUE_TAGS.useCase]: withoutPrefix(prefix, name) };
  }

  private assertOurs(name: string, found: Tags): void {
    const { service } = this.options;
    const owner = otherOwner(found, this.options);
    if (owner === undefined) return;
    throw new SnsSqsError('QUEUE_OWNED_BY_ANOTHER', {
      problem: `The queue ${name} belongs to the service ${owner}, and ${service} must not take its messages`,
      remedy: `give the handler another \`useCase\` or \`queue\`; if ${owner} is the old name of ${service}, start with \`formerly: ['${owner}']\``,
      facts: { queue: name, owner, service },
    });
  }
}
