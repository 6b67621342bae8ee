import type {
  InboxClaim,
  InboxClaimResult,
  InboxDone,
  InboxOutlook,
  InboxReleaseReason,
  InboxStore,
  InboxWaiting,
} from '../interfaces/inbox-store.interface.js';
import { markOwn } from './own-store.js';
import { BoundedRecords } from './bounded-records.js';
import { MemoryPlaces } from './memory-places.js';
import {
  eventIdOf,
  gapOf,
  idOf,
  isHeld,
  isHeldByOther,
  isWaitedFor,
  KEEP_MS,
  type EventRecord,
  type SubjectRecord,
} from './memory-records.js';

export interface MemoryInboxStoreOptions {
  /**
   * Events, and subjects, that are remembered, each; beyond, those go that were not used for longest (but for an eighth of them). An event that is
   * being handled or waits stays. 1 to 10,000,000. @default 100000
   */
  maxEntries?: number | undefined;
  /** Told of each that was forgotten because there were too many, before its time. Must not throw. */
  onForget?: ((what: 'event' | 'position') => void) | undefined;
  /** Milliseconds, never backwards. @default performance.now */
  now?: (() => number) | undefined;
}

const DEFAULT_MAX_ENTRIES = 100_000;
/** Copies of what was dead-lettered come within 12 hours, which is how long SQS can hide them. */
const KEEP_LETTER_MS = 86_400_000;

/**
 * An inbox in the memory of one process: what another process claims or did it does not see, and a restart forgets
 * all. For development, tests and consumers that run once. About 31 MiB for 100,000 events.
 *
 * @example
 * ```ts
 * const server = new ServerSQS({ service: 'users', inbox: { store: new MemoryInboxStore({ maxEntries: 10_000 }) } });
 * ```
 */
export class MemoryInboxStore implements InboxStore {
  static {
    markOwn(this);
  }

  readonly isShared = false;
  private readonly events: BoundedRecords<EventRecord>;
  private readonly subjects: BoundedRecords<SubjectRecord>;
  private readonly places: MemoryPlaces;
  private readonly now: () => number;

  /** Throws a RangeError for a `maxEntries` out of range. */
  constructor({
    maxEntries: max = DEFAULT_MAX_ENTRIES,
    onForget = () => undefined,
    now = () => performance.now(),
  }: MemoryInboxStoreOptions = {}) {
    if (!Number.isInteger(max) || max < 1 || max > 10_000_000) {
      throw new RangeError(`MemoryInboxStore: maxEntries is 1 to 10,000,000, not ${max}`);
    }
    this.now = now;
    this.events = new BoundedRecords<EventRecord>({ max, isInUse: isHeld, onForget: () => onForget('event') });
    this.subjects = new BoundedRecords<SubjectRecord>({
      max,
      isInUse: (subject, at) => isHeld(subject, at) || isWaitedFor(subject, at),
      onForget: () => onForget('position'),
    });
    this.places = new MemoryPlaces(max);
  }

  /** Events that are remembered, in work and done. */
  get size(): number {
    return this.events.size;
  }

  claim(claim: InboxClaim, leaseMs: number): InboxClaimResult {
    const now = this.now();
    const id = eventIdOf(claim);
    const event = this.events.get(id, now);
    if (event?.isDone) return { status: 'done' };
    if (event && isHeldByOther(event, claim, now)) {
      return { status: 'in-work', retryAfterMs: event.leaseEndsAt - now };
    }
    const subject = this.subjectOf(claim, now);
    if (subject && isHeldByOther(subject, claim, now)) {
      return { status: 'subject-in-work', retryAfterMs: subject.leaseEndsAt - now };
    }
    const { token } = claim;
    const leaseEndsAt = now + leaseMs;
    const attempts = (event?.attempts ?? 0) + (event?.token === token ? 0 : 1);
    const isTakenOver = event?.token !== undefined && event.token !== token;
    const firstAt = event && event.attempts > 0 ? event.firstAt : now;
    const deaths = (event?.deaths ?? 0) + (isTakenOver ? 1 : 0);
    const letterAt = event?.letterAt;
    const record = {
      isDone: false,
      token,
      leaseEndsAt,
      attempts,
      firstAt,
      deaths,
      letterAt,
      forgetAt: Infinity,
      place: 0,
    };
    if (event) this.events.put(id, record, now);
    else this.events.add(id, record, now);
    if (claim.subject !== undefined) this.holdSubject(claim.queue, claim.subject, subject, { token, leaseEndsAt }, now);
    const result: InboxClaimResult & { status: 'claimed' } = { status: 'claimed', attempt: attempts };
    if (isTakenOver) result.isTakenOver = true;
    if (attempts > 1) result.sinceFirstMs = now - firstAt;
    if (letterAt !== undefined) result.sinceLetterMs = now - letterAt;
    if (deaths > 0) result.deaths = deaths;
    if (subject?.position !== undefined) result.position = subject.position;
    if (subject?.gap) result.gap = gapOf(subject.gap, subject.backAt, now);
    return result;
  }

  renew(claims: readonly InboxClaim[], leaseMs: number): boolean[] {
    const now = this.now();
    return claims.map(claim => {
      const held = this.holdsOf(claim, now);
      if (!held) return false;
      for (const each of held) {
        each.leaseEndsAt = now + leaseMs;
        each.forgetAt = Math.max(each.forgetAt, now + KEEP_MS);
      }
      return true;
    });
  }

  done(claim: InboxClaim, { rememberForMs, position, rememberPositionForMs = Infinity }: InboxDone): boolean {
    const now = this.now();
    const id = eventIdOf(claim);
    const event = this.events.get(id, now);
    if (!event) return false;
    if (event.isDone || event.token !== claim.token) return event.isDone && event.token === claim.token;
    const subject = this.subjectOf(claim, now);
    if (claim.subject !== undefined && subject?.token !== claim.token) return false;
    event.isDone = true;
    event.leaseEndsAt = 0;
    event.attempts = 0;
    event.forgetAt = now + rememberForMs;
    this.events.use(id, event, now);
    if (!subject) return true;
    subject.token = undefined;
    if (position !== undefined) Object.assign(subject, { position, gap: undefined, backAt: undefined });
    if (!subject.gap) subject.forgetAt = now + rememberPositionForMs;
    return true;
  }

  release(claim: InboxClaim, reason: InboxReleaseReason, gapAt?: string, backInMs?: number): boolean {
    const now = this.now();
    const held = this.holdsOf(claim, now);
    if (!held) return false;
    const [event, subject] = held;
    for (const each of held) each.token = undefined;
    if (reason === 'unstarted') event.attempts -= 1;
    if (reason === 'dead-lettered') Object.assign(event, { attempts: 0, deaths: 0, letterAt: now });
    if (event.attempts > 0) event.forgetAt = now + KEEP_MS;
    else if (event.letterAt !== undefined) event.forgetAt = event.letterAt + KEEP_LETTER_MS;
    else this.events.delete(eventIdOf(claim));
    // The one that is waited for is there, and comes again.
    if (reason === 'failed' && subject?.gap) subject.gap.since = now;
    if (subject && gapAt !== undefined) {
      subject.gap = { since: subject.gap?.since ?? now, lowest: gapAt, seenAt: now };
    }
    if (subject && backInMs !== undefined) {
      subject.backAt = now + backInMs;
      subject.forgetAt = Math.max(subject.forgetAt, subject.backAt + KEEP_MS);
    }
    if (subject && !subject.gap && subject.position === undefined && subject.backAt === undefined) {
      this.subjects.delete(idOf(claim.queue, claim.subject ?? ''));
    }
    return true;
  }

  putOff({ queue, key, subject, place, handle, forMs }: InboxWaiting): InboxOutlook {
    const now = this.now();
    this.places.note(idOf(queue, place), handle, forMs, now);
    const event = this.events.get(idOf(queue, key), now);
    const known = subject === undefined ? undefined : this.subjects.get(idOf(queue, subject), now);
    return {
      isInWork: event !== undefined && !event.isDone && isHeld(event, now),
      isSubjectInWork: known !== undefined && isHeld(known, now),
      ...(known?.position !== undefined && { position: known.position }),
    };
  }

  callIn(queue: string, places: readonly string[]): string[] {
    const now = this.now();
    return places.flatMap(place => this.places.take(idOf(queue, place), now));
  }

  ping(): void {
    // Always there.
  }

  private subjectOf({ queue, subject }: InboxClaim, now: number): SubjectRecord | undefined {
    return subject === undefined ? undefined : this.subjects.get(idOf(queue, subject), now);
  }

  private holdSubject(
    queue: string,
    key: string,
    known: SubjectRecord | undefined,
    hold: { token: string; leaseEndsAt: number },
    now: number,
  ): void {
    const subject = known ?? { position: undefined, gap: undefined, forgetAt: 0, ...hold };
    // Its event may come again: until it is done the position is needed, whatever its time.
    Object.assign(subject, hold, { forgetAt: Math.max(subject.forgetAt, now + KEEP_MS) });
    this.subjects.put(idOf(queue, key), subject, now);
  }

  /** The records that the claim's token holds: of the event and, if it has one, of the subject; all or undefined. */
  private holdsOf(claim: InboxClaim, now: number): [EventRecord] | [EventRecord, SubjectRecord] | undefined {
    const event = this.events.get(eventIdOf(claim), now);
    if (!event || event.isDone || event.token !== claim.token) return undefined;
    if (claim.subject === undefined) return [event];
    const subject = this.subjectOf(claim, now);
    return subject?.token === claim.token ? [event, subject] : undefined;
  }
}
