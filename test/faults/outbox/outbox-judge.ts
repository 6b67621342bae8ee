import type { ModelMessage } from './model-outbox.ts';

/** An event whose transaction was committed. */
interface Committed {
  id: string;
  destination: string;
  lane: string | null;
  kind: string;
  at: number;
  sentAt: number | undefined;
  isRefused: boolean;
}

export interface Body {
  id: string;
  type: string;
  subject?: string;
  sequence?: string;
  data: { isRefused?: boolean; of?: string };
}

export interface Promises {
  /** What is not of this subject is published so soon after its commit, in milliseconds. */
  prompt: { exceptLane: string | undefined; withinMs: number } | undefined;
}

/** What the database has committed and SNS has accepted, in the order in which it happened, and whether it was right. */
export class OutboxJudge {
  readonly #committed = new Map<string, Committed>();
  /** By destination and lane, in the order of the commits. */
  readonly #lanes = new Map<string, Committed[]>();
  readonly #numbers = new Map<string, number>();
  readonly #effects = new Map<string, Body>();
  /** By subject: the last number that had its effect. */
  readonly #positions = new Map<string, number>();
  readonly #promises: Promises;
  readonly #now: () => number;
  readonly blamed: string[] = [];

  constructor(promises: Promises, now: () => number) {
    this.#promises = promises;
    this.#now = now;
  }

  get effects(): number {
    return this.#effects.size;
  }

  /** A message of the outbox can be seen from now on. */
  committed({ destination, lane, entry }: ModelMessage): void {
    const { id, type, subject, sequence, data } = bodyOf(entry);
    const event: Committed = {
      id,
      destination,
      lane,
      kind: type,
      at: this.#now(),
      sentAt: undefined,
      isRefused: data.isRefused === true,
    };
    if (this.#committed.has(id)) this.blame(`${id} was committed twice`);
    this.#committed.set(id, event);
    // What was scheduled comes between as it likes.
    if (lane !== null && type !== 'later') {
      const key = `${destination} ${lane}`;
      this.#lanes.set(key, [...(this.#lanes.get(key) ?? []), event]);
    }
    if (sequence === undefined) return;
    const subjectKey = `${destination} ${subject}`;
    const expected = (this.#numbers.get(subjectKey) ?? 0) + 1;
    if (Number(sequence) !== expected) this.blame(`${id} has the number ${sequence} of ${subjectKey}, not ${expected}`);
    this.#numbers.set(subjectKey, Number(sequence));
  }

  /** A queue has taken a copy. */
  sent(body: string): void {
    const { id } = JSON.parse(body) as Body;
    const event = this.#committed.get(id);
    if (!event) return this.blame(`${id} was published, and its transaction was not committed`);
    if (event.isRefused) this.blame(`${id} was refused, and published all the same`);
    if (event.sentAt !== undefined) return;
    event.sentAt = this.#now();
    this.#checkOrder(event);
    const { prompt } = this.#promises;
    if (!prompt || event.lane === prompt.exceptLane) return;
    const ms = event.sentAt - event.at;
    if (ms > prompt.withinMs) this.blame(`${id} was published ${ms} ms after its commit, while another lane failed`);
  }

  /** The transaction of a handler was committed. */
  effect(body: Body): void {
    const { id, subject = '', sequence } = body;
    if (this.#effects.has(id)) this.blame(`${id} had its effect twice`);
    this.#effects.set(id, body);
    if (sequence === undefined) return;
    const before = this.#positions.get(subject) ?? 0;
    if (Number(sequence) !== before + 1) this.blame(`${subject} had the effect of ${sequence} after that of ${before}`);
    this.#positions.set(subject, Number(sequence));
  }

  blame(what: string): void {
    this.blamed.push(what);
  }

  /** Nothing is to come any more. */
  isComplete(handled: string): boolean {
    const events = [...this.#committed.values()].filter(({ isRefused }) => !isRefused);
    return events.every(
      ({ id, destination, sentAt }) => sentAt !== undefined && (destination !== handled || this.#effects.has(id)),
    );
  }

  /** What was sent is kept once, and nothing else is. */
  checkKept(kept: readonly ModelMessage[]): void {
    const ids = new Set(kept.map(({ id }) => id));
    if (ids.size !== kept.length) this.blame('an event is kept twice');
    for (const { id, isRefused } of this.#committed.values())
      if (ids.has(id) === isRefused) this.blame(`${id} is ${isRefused ? 'kept, and was refused' : 'not kept'}`);
  }

  /** @param handled the destination whose events have effects */
  checkEnd(handled: string | undefined, refused: readonly ModelMessage[]): void {
    const refusedIds = new Set(refused.map(({ id }) => id));
    for (const { id, destination, isRefused, sentAt } of this.#committed.values()) {
      if (isRefused !== refusedIds.has(id)) this.blame(`${id} is ${isRefused ? 'not ' : ''}among those refused`);
      if (isRefused) continue;
      if (sentAt === undefined) this.blame(`${id} was committed, and never published`);
      if (destination !== handled) continue;
      if (!this.#effects.has(id)) this.blame(`${id} had no effect`);
      if (!this.#committed.has(`after ${id}`)) this.blame(`${id} had its effect without its event`);
    }
  }

  #checkOrder(event: Committed): void {
    if (event.lane === null || event.kind === 'later') return;
    const lane = this.#lanes.get(`${event.destination} ${event.lane}`) ?? [];
    const before = lane.slice(0, lane.indexOf(event));
    const missing = before.find(({ isRefused, sentAt }) => !isRefused && sentAt === undefined);
    if (missing) this.blame(`${event.id} was published before ${missing.id}, which was committed earlier`);
  }
}

/** The event of an outbox's row. */
export const bodyOf = (entry: string): Body => JSON.parse((JSON.parse(entry) as { body: string }).body) as Body;
