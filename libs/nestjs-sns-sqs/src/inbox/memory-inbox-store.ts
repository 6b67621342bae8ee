import type {
  InboxClaim,
  InboxClaimResult,
  InboxDone,
  InboxGap,
  InboxReleaseReason,
  InboxStore,
} from '../interfaces/inbox-store.interface.js';

export interface MemoryInboxStoreOptions {
  /** Events, and positions of subjects, that are remembered; beyond, the oldest are forgotten. 1 to 10,000,000. @default 100000 */
  maxEntries?: number;
  /** Milliseconds, never backwards. @default performance.now */
  now?: () => number;
}

interface Held {
  token: string | undefined;
  leaseEndsAt: number;
}

interface EventRecord extends Held {
  isDone: boolean;
  attempts: number;
  forgetAt: number;
}

interface SubjectRecord extends Held {
  position: string | undefined;
  forgetAt: number;
  gap: { since: number; lowest: string; seenAt: number } | undefined;
}

const DEFAULT_MAX_ENTRIES = 100_000;

/**
 * An inbox in the memory of one process: what another process claims or did it does not see, and a restart forgets
 * all. For development, tests and consumers that run once. About 31 MiB for 100,000 events.
 */
export class MemoryInboxStore implements InboxStore {
  readonly isShared = false;
  private readonly events = new Map<string, EventRecord>();
  private readonly subjects = new Map<string, SubjectRecord>();
  private readonly maxEntries: number;
  private readonly now: () => number;

  /** Throws a RangeError for a `maxEntries` out of range. */
  constructor({ maxEntries = DEFAULT_MAX_ENTRIES, now = () => performance.now() }: MemoryInboxStoreOptions = {}) {
    if (!Number.isInteger(maxEntries) || maxEntries < 1 || maxEntries > 10_000_000) {
      throw new RangeError(`MemoryInboxStore: maxEntries is 1 to 10,000,000, not ${maxEntries}`);
    }
    this.maxEntries = maxEntries;
    this.now = now;
  }

  /** Events that are remembered, in work and done. */
  get size(): number {
    return this.events.size;
  }

  claim(claim: InboxClaim, leaseMs: number): InboxClaimResult {
    const now = this.now();
    const id = idOf(claim.queue, claim.key);
    const event = remembered(this.events, id, now);
    if (event?.isDone) return { status: 'done' };
    if (event && isHeldByOther(event, claim, now)) {
      return { status: 'in-work', retryAfterMs: event.leaseEndsAt - now };
    }
    const subject = this.subjectOf(claim, now);
    if (subject && isHeldByOther(subject, claim, now)) {
      return { status: 'subject-in-work', retryAfterMs: subject.leaseEndsAt - now };
    }
    const leaseEndsAt = now + leaseMs;
    const attempt = (event?.attempts ?? 0) + (event?.token === claim.token ? 0 : 1);
    this.events.delete(id);
    this.events.set(id, { isDone: false, token: claim.token, leaseEndsAt, attempts: attempt, forgetAt: Infinity });
    if (claim.subject !== undefined) this.holdSubject(claim.queue, claim.subject, subject, claim.token, leaseEndsAt);
    evict(this.events, this.maxEntries, now);
    return {
      status: 'claimed',
      attempt,
      ...(subject?.position !== undefined && { position: subject.position }),
      ...(subject?.gap && { gap: gapOf(subject.gap, now) }),
    };
  }

  renew(claims: readonly InboxClaim[], leaseMs: number): boolean[] {
    const leaseEndsAt = this.now() + leaseMs;
    return claims.map(claim => {
      const held = this.holdsOf(claim);
      if (!held) return false;
      for (const each of held) each.leaseEndsAt = leaseEndsAt;
      return true;
    });
  }

  done(claim: InboxClaim, { rememberForMs, position, rememberPositionForMs = Infinity }: InboxDone): boolean {
    const now = this.now();
    const id = idOf(claim.queue, claim.key);
    const known = remembered(this.events, id, now);
    if (known?.isDone) return known.token === claim.token;
    if (!this.holdsOf(claim)) return false;
    // Put behind what was remembered before it.
    this.events.delete(id);
    this.events.set(id, {
      isDone: true,
      token: claim.token,
      leaseEndsAt: 0,
      attempts: 0,
      forgetAt: now + rememberForMs,
    });
    const subject = this.subjectOf(claim, now);
    if (!subject) return true;
    subject.token = undefined;
    if (position === undefined) return true;
    Object.assign(subject, { position, gap: undefined, forgetAt: now + rememberPositionForMs });
    return true;
  }

  release(claim: InboxClaim, reason: InboxReleaseReason, gapAt?: string): boolean {
    const held = this.holdsOf(claim);
    if (!held) return false;
    const [event, subject] = held;
    const now = this.now();
    for (const each of held) each.token = undefined;
    if (reason === 'unstarted') event.attempts -= 1;
    if (reason === 'dead-lettered') this.events.delete(idOf(claim.queue, claim.key));
    if (subject && gapAt !== undefined) {
      subject.gap = { since: subject.gap?.since ?? now, lowest: gapAt, seenAt: now };
    }
    return true;
  }

  ping(): void {
    // Always there.
  }

  private subjectOf({ queue, subject }: InboxClaim, now: number): SubjectRecord | undefined {
    return subject === undefined ? undefined : remembered(this.subjects, idOf(queue, subject), now);
  }

  private holdSubject(
    queue: string,
    key: string,
    known: SubjectRecord | undefined,
    token: string,
    leaseEndsAt: number,
  ): void {
    const id = idOf(queue, key);
    const subject = known ?? { position: undefined, gap: undefined, forgetAt: Infinity, token, leaseEndsAt };
    Object.assign(subject, { token, leaseEndsAt });
    this.subjects.delete(id);
    this.subjects.set(id, subject);
    evict(this.subjects, this.maxEntries, this.now());
  }

  /** The records that the claim's token holds: of the event and, if it has one, of the subject; all or undefined. */
  private holdsOf(claim: InboxClaim): [EventRecord] | [EventRecord, SubjectRecord] | undefined {
    const event = this.events.get(idOf(claim.queue, claim.key));
    if (!event || event.isDone || event.token !== claim.token) return undefined;
    if (claim.subject === undefined) return [event];
    const subject = this.subjects.get(idOf(claim.queue, claim.subject));
    return subject?.token === claim.token ? [event, subject] : undefined;
  }
}

/** A queue's name has no space. */
const idOf = (queue: string, key: string): string => `${queue} ${key}`;

const isHeldByOther = (held: Held, { token }: InboxClaim, now: number): boolean =>
  held.token !== undefined && held.token !== token && held.leaseEndsAt > now;

const gapOf = ({ since, lowest, seenAt }: NonNullable<SubjectRecord['gap']>, now: number): InboxGap => ({
  waitedMs: now - since,
  lowest,
  lowestSeenMs: now - seenAt,
});

function remembered<T extends { forgetAt: number }>(map: Map<string, T>, id: string, now: number): T | undefined {
  const record = map.get(id);
  if (record === undefined || record.forgetAt > now) return record;
  map.delete(id);
  return undefined;
}

/** Forgets the oldest until there are no more than `max`; what is in work stays. */
function evict<T extends Held>(map: Map<string, T>, max: number, now: number): void {
  if (map.size <= max) return;
  for (const [id, { token, leaseEndsAt }] of map) {
    const isInWork = token !== undefined && leaseEndsAt > now;
    if (!isInWork) map.delete(id);
    if (map.size <= max) return;
  }
}
