import { SqlError } from './row-locks.ts';
import type { CarryOut, Row, Statement } from './statement.ts';

interface EventRow {
  state: 'c' | 'r' | 'd';
  token: string | null;
  attempts: number;
  firstAt: number;
  deaths: number;
  letterAt: number | null;
  leaseEndsAt: number;
  forgetAt: number;
}

interface SubjectRow {
  token: string | null;
  leaseEndsAt: number;
  position: string | null;
  gapSince: number | null;
  gapLowest: string | null;
  gapSeenAt: number | null;
  backAt: number | null;
  forgetAt: number;
}

interface Claim {
  queue: string;
  key: string;
  subject: string | null;
  token: string;
}

interface PlaceRow {
  handles: string[];
  ends: number[];
}

type Values = readonly unknown[];

const KEEP_MS = 15 * 86_400_000;
const KEEP_LETTER_MS = 86_400_000;
const LOCKED_MS = 1_000;
const LOCK_TIMEOUT_MS = 1_000;
const MAX_WAITING = 5;
const FUNCTION = /\binbox_(\w+)\(/;

const idOf = (queue: string, key: string): string => `${queue} ${key}`;
const claimOf = ([queue, key, subject, token]: Values): Claim => ({
  queue: String(queue),
  key: String(key),
  subject: typeof subject === 'string' ? subject : null,
  token: String(token),
});
const textOr = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const numberOr = (value: unknown): number | null => (typeof value === 'number' ? value : null);

/** The tables of the inbox and its functions. A row that a transaction has changed stays locked, and is seen by nobody. */
export class ModelInbox {
  readonly #events = new Map<string, EventRow>();
  readonly #subjects = new Map<string, SubjectRow>();
  readonly #places = new Map<string, PlaceRow>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Undefined: it is none of the inbox. */
  statement(text: string): CarryOut | undefined {
    if (text === 'SELECT 1') return () => [{}];
    switch (FUNCTION.exec(text)?.[1]) {
      case 'claim':
        return statement => [this.#claim(statement)];
      case 'renew':
        return statement => this.#renewAll(statement);
      case 'done':
        return async statement => [{ inbox_done: await this.#done(statement) }];
      case 'done_in':
        return statement => this.#doneIn(statement);
      case 'release':
        return async statement => [{ inbox_release: await this.#release(statement) }];
      case 'put_off':
        return ({ values }) => this.#putOff(values);
      case 'outlook':
        return ({ values }) => [this.#outlook(values)];
      case 'call_in':
        return ({ values }) => this.#callIn(String(values[0]), values[1] as string[]);
      case 'clean_up':
        return () => [{ gone: 0 }];
      default:
        return undefined;
    }
  }

  /** Their table is in no log. */
  forgetPlaces(): void {
    this.#places.clear();
  }

  #claim({ tx, values, locks }: Statement): Row {
    const { queue, key, subject, token } = claimOf(values);
    const [now, leaseMs] = [this.#now(), Number(values[4])];
    const id = idOf(queue, key);
    const answer = (status: string, number: number): Row => ({
      status,
      number,
      reached: null,
      waited: null,
      lowest: null,
      seen: null,
      since: null,
      died: null,
      lettered: null,
    });
    const event = this.#known(this.#events, id);
    if (event?.state === 'd') return answer('done', 0);
    const isOther = event?.state === 'c' && event.token !== token;
    if (isOther && event.leaseEndsAt > now) return answer('in-work', Math.ceil(event.leaseEndsAt - now));
    const subjectId = subject === null ? undefined : idOf(queue, subject);
    const holder = subjectId === undefined ? undefined : this.#known(this.#subjects, subjectId);
    if (holder && holder.token !== null && holder.token !== token && holder.leaseEndsAt > now)
      return answer('subject-in-work', Math.ceil(holder.leaseEndsAt - now));
    if (locks.isLockedByOther(`event ${id}`, tx)) return answer('in-work', LOCKED_MS);
    if (subjectId !== undefined && locks.isLockedByOther(`subject ${subjectId}`, tx))
      return answer('subject-in-work', LOCKED_MS);
    const isAgain = event?.state === 'c' && event.token === token;
    const attempts = event ? event.attempts + (isAgain ? 0 : 1) : 1;
    const lease = { token, leaseEndsAt: now + leaseMs };
    const firstAt = event && event.attempts > 0 ? event.firstAt : now;
    const letterAt = event?.letterAt ?? null;
    const deaths = (event?.deaths ?? 0) + (isOther ? 1 : 0);
    const forgetAt = Math.max(event?.forgetAt ?? 0, now + KEEP_MS);
    this.#events.set(id, { state: 'c', ...lease, attempts, firstAt, deaths, letterAt, forgetAt });
    const found = {
      ...answer(isOther ? 'taken-over' : 'claimed', attempts),
      ...(attempts > 1 && { since: now - firstAt }),
      ...(deaths > 0 && { died: deaths }),
      ...(letterAt !== null && { lettered: now - letterAt }),
    };
    if (subjectId === undefined) return found;
    const keptUntil = Math.max(holder?.forgetAt ?? 0, now + KEEP_MS);
    this.#subjects.set(subjectId, { ...(holder ?? nothingKnown()), ...lease, forgetAt: keptUntil });
    if (!holder) return found;
    const { position, gapSince, gapLowest, gapSeenAt, backAt } = holder;
    if (gapSince === null) return { ...found, reached: position };
    const waited = now - Math.max(gapSince, backAt ?? gapSince);
    return { ...found, reached: position, waited, lowest: gapLowest, seen: now - (gapSeenAt ?? now) };
  }

  #renewAll({ tx, values, locks }: Statement): Row[] {
    const [queue, leaseMs, keys, subjects, tokens] = values as [
      string,
      number,
      string[],
      Array<string | null>,
      string[],
    ];
    return keys.map((key, at) => {
      const claim = { queue, key, subject: subjects[at] ?? null, token: tokens[at] ?? '' };
      const held = this.#heldBy(claim);
      if (!held) return { held: false };
      const rows = [`event ${idOf(queue, key)}`, `subject ${idOf(queue, claim.subject ?? '')}`];
      held.forEach((row, which) => {
        if (!row) return;
        // Locked by the transaction that marks it done: nobody else can claim it meanwhile.
        if (!locks.isLockedByOther(rows[which] ?? '', tx)) row.leaseEndsAt = this.#now() + leaseMs;
      });
      return { held: true };
    });
  }

  async #done({ tx, values, locks }: Statement): Promise<boolean> {
    const claim = claimOf(values);
    const id = idOf(claim.queue, claim.key);
    const isConfirmed = (): boolean => {
      const event = this.#known(this.#events, id);
      return event?.state === 'd' && event.token === claim.token;
    };
    if (isConfirmed()) return true;
    if (!this.#events.has(id)) return false;
    await locks.lock(`event ${id}`, tx, LOCK_TIMEOUT_MS);
    if (isConfirmed()) return true;
    const held = await this.#lockClaim({ tx, values, locks });
    if (!held) return false;
    const [rememberMs, position, rememberPositionMs] = [Number(values[4]), textOr(values[5]), numberOr(values[6])];
    // Its rows are locked until the transaction ends.
    tx.onCommit.push(() => {
      const now = this.#now();
      const [event, subject] = held;
      Object.assign(event, { state: 'd', attempts: 0, forgetAt: now + rememberMs });
      if (!subject) return;
      if (position !== null)
        Object.assign(subject, { position, gapSince: null, gapLowest: null, gapSeenAt: null, backAt: null });
      if (subject.gapSince === null && subject.position !== null)
        subject.forgetAt = rememberPositionMs === null ? Infinity : now + rememberPositionMs;
      this.#keepSubject(claim, subject);
    });
    return true;
  }

  async #doneIn(statement: Statement): Promise<Row[]> {
    if (await this.#done(statement)) return [{ done: true }];
    throw new SqlError('NSQ01', "CLAIM_LOST: the claim in the inbox is not this consumer's any more");
  }

  async #release(statement: Statement): Promise<boolean> {
    const { tx, values, locks } = statement;
    const claim = claimOf(values);
    const id = idOf(claim.queue, claim.key);
    if (!this.#events.has(id)) return false;
    await locks.lock(`event ${id}`, tx, LOCK_TIMEOUT_MS);
    const held = await this.#lockClaim(statement);
    if (!held) return false;
    const [reason, gapAt, backMs] = [String(values[4]), textOr(values[5]), numberOr(values[6])];
    const [event, subject] = held;
    const now = this.#now();
    if (reason === 'unstarted') event.attempts -= 1;
    if (reason === 'dead-lettered') Object.assign(event, { attempts: 0, letterAt: now });
    if (event.attempts <= 0 && event.letterAt !== null) {
      const forgetAt = event.letterAt + KEEP_LETTER_MS;
      Object.assign(event, { state: 'r', token: null, attempts: 0, deaths: 0, forgetAt });
    } else if (event.attempts <= 0) this.#events.delete(id);
    else Object.assign(event, { state: 'r', token: null, forgetAt: now + KEEP_MS });
    if (!subject) return true;
    if (reason === 'failed' && subject.gapSince !== null) subject.gapSince = now;
    if (backMs !== null) subject.backAt = now + backMs;
    if (gapAt !== null) {
      Object.assign(subject, { gapLowest: gapAt, gapSeenAt: now, gapSince: subject.gapSince ?? now });
    }
    if (backMs !== null || gapAt !== null) subject.forgetAt = Math.max(subject.forgetAt, now + KEEP_MS);
    this.#keepSubject(claim, subject);
    return true;
  }

  /** The rows of a claim, the subject's locked too; undefined: they are not its token's. */
  async #lockClaim({ tx, values, locks }: Statement): Promise<[EventRow, SubjectRow?] | undefined> {
    const claim = claimOf(values);
    const event = this.#known(this.#events, idOf(claim.queue, claim.key));
    if (event?.state !== 'c' || event.token !== claim.token) return undefined;
    if (claim.subject !== null && this.#subjects.has(idOf(claim.queue, claim.subject)))
      await locks.lock(`subject ${idOf(claim.queue, claim.subject)}`, tx, LOCK_TIMEOUT_MS);
    return this.#heldBy(claim);
  }

  #heldBy({ queue, key, subject, token }: Claim): [EventRow, SubjectRow?] | undefined {
    const event = this.#known(this.#events, idOf(queue, key));
    if (event?.state !== 'c' || event.token !== token) return undefined;
    if (subject === null) return [event];
    const holder = this.#known(this.#subjects, idOf(queue, subject));
    return holder?.token === token ? [event, holder] : undefined;
  }

  /** One that says nothing is deleted. */
  #keepSubject({ queue, subject }: Claim, row: SubjectRow): void {
    row.token = null;
    const isEmpty = row.position === null && row.gapSince === null && row.backAt === null;
    if (isEmpty) this.#subjects.delete(idOf(queue, subject ?? ''));
  }

  #putOff([queue, place, handle, forMs]: Values): Row[] {
    const id = idOf(String(queue), String(place));
    const { handles, ends } = this.#places.get(id) ?? { handles: [], ends: [] };
    this.#places.set(id, {
      handles: [...handles, String(handle)].slice(-MAX_WAITING),
      ends: [...ends, this.#now() + Number(forMs)].slice(-MAX_WAITING),
    });
    return [{ inbox_put_off: true }];
  }

  #outlook([queue, key, subject]: Values): Row {
    const now = this.#now();
    const event = this.#known(this.#events, idOf(String(queue), String(key)));
    const holder = typeof subject === 'string' ? this.#known(this.#subjects, idOf(String(queue), subject)) : undefined;
    return {
      event: event?.state === 'c' && event.leaseEndsAt > now,
      subject: holder !== undefined && holder.token !== null && holder.leaseEndsAt > now,
      reached: holder?.position ?? null,
    };
  }

  #callIn(queue: string, places: readonly string[]): Row[] {
    return places.flatMap(place => {
      const id = idOf(queue, place);
      const { handles, ends } = this.#places.get(id) ?? { handles: [], ends: [] };
      this.#places.delete(id);
      return handles.filter((_, at) => (ends[at] ?? 0) > this.#now()).map(handle => ({ handle }));
    });
  }

  #known<T extends { forgetAt: number }>(rows: Map<string, T>, id: string): T | undefined {
    const row = rows.get(id);
    return row && row.forgetAt > this.#now() ? row : undefined;
  }
}

const nothingKnown = (): Omit<SubjectRow, 'token' | 'leaseEndsAt' | 'forgetAt'> => ({
  position: null,
  gapSince: null,
  gapLowest: null,
  gapSeenAt: null,
  backAt: null,
});
