import { randomBytes } from 'node:crypto';
import { monotonicNow } from '../async/clock.js';
import { pause } from '../async/pause.js';
import type { Tags } from '../interfaces/control-plane.interface.js';
import { QUEUE_TAGS } from './queue-tags.js';

export interface QueueClaimOptions {
  service: string;
  /** What an owner's queue has. */
  owned: Tags;
  /** Undefined: they cannot be read. */
  read: () => Promise<Tags | undefined>;
  /** False: they cannot be written. */
  write: (tags: Tags) => Promise<boolean>;
  remove: (keys: readonly string[]) => Promise<unknown>;
  signal: AbortSignal;
}

/** Between two looks, in milliseconds. */
const LOOK_EVERY_MS = 100;
/** Whoever has claimed a queue for longer and is not its owner has ended in between, in milliseconds. */
const CLAIM_LIVES_MS = 30_000;

/**
 * Makes a queue without an owner the service's. TagQueue overwrites, and tells nobody what was there: two services that
 * find no owner in the same moment would both write themselves, and the first may have looked again before the second
 * wrote. So each first writes a claim in a tag of its own, which overwrites nothing, and then reads: of two at least one
 * sees both. Who sees another service's claim does not write itself as the owner. The service whose name comes first
 * keeps its claim and looks again; the other one withdraws until that is decided.
 */
export class QueueClaim {
  private readonly key = `${QUEUE_TAGS.claim}${randomBytes(4).toString('hex')}`;
  private readonly firstSeen = new Map<string, number>();

  constructor(private readonly options: QueueClaimOptions) {}

  /**
   * Resolves to the queue's tags once it has an owner, whoever that is; to undefined where they are out of reach.
   * @param found the tags as they were read last
   */
  async settle(found: Tags): Promise<Tags | undefined> {
    const { service, owned, read, write, remove, signal } = this.options;
    let tags: Tags | undefined = found;
    for (let isClaimed = false; tags; tags = await read()) {
      if (tags[QUEUE_TAGS.service] !== undefined || signal.aborted) return this.end(tags);
      const rivals = this.rivalsIn(tags);
      if (rivals.length === 0 && isClaimed) {
        await write(owned);
        return this.end({ ...tags, ...owned });
      }
      if (rivals.length === 0) {
        if (!(await write({ [this.key]: service }))) return undefined;
        isClaimed = true;
        continue;
      }
      if (isClaimed && rivals.some(rival => rival < service)) {
        await remove([this.key]);
        isClaimed = false;
      }
      await pause(LOOK_EVERY_MS, signal);
    }
    return undefined;
  }

  /** With an owner no claim is of use any more, whose ever it is. */
  private async end(found: Tags): Promise<Tags> {
    const claims = claimsIn(found);
    if (claims.length > 0) await this.options.remove(claims);
    return Object.fromEntries(Object.entries(found).filter(([key]) => !isClaim(key)));
  }

  /** Other services that claim the queue, as far as they may be alive. */
  private rivalsIn(found: Tags): string[] {
    const now = monotonicNow();
    return claimsIn(found)
      .filter(key => {
        const since = this.firstSeen.get(key) ?? now;
        this.firstSeen.set(key, since);
        return now - since < CLAIM_LIVES_MS;
      })
      .map(key => found[key] ?? '')
      .filter(service => service !== this.options.service);
  }
}

const isClaim = (key: string): boolean => key.startsWith(QUEUE_TAGS.claim);

/** Keys of the claims that a queue's tags have. */
export const claimsIn = (tags: Readonly<Tags>): string[] => Object.keys(tags).filter(isClaim);
