import type { EventMetadata } from '#lib/interfaces/envelope.interface.js';
import type { RateLimitOptions } from '#lib/interfaces/steering-options.interface.js';
import { nameOf, type Run } from './fate.ts';
import type { LimitByKey, Schedule } from './schedule.ts';

export interface TurnsFacts {
  limit: LimitByKey;
  /** Turns of a shared limit that the store has given to this process. */
  granted: (queue: string, key: string) => number;
  blame: (what: string) => void;
}

/** What the key of a message is asked for, and when, by the process's monotonic clock. */
interface Asked {
  key: string | undefined;
  at: number;
}

/** Keys that cannot be used share one limit. */
const UNUSABLE = '';

/**
 * The turns of one key, each against all before it: in no span of time are there more than the limit gives in it beside
 * what was saved up, which is two seconds' worth, or one turn and a second's worth where that is more.
 */
export class TurnTimes {
  readonly #times: number[] = [];
  readonly #perMs: number;
  readonly #saved: number;

  constructor({ messages, perSeconds }: Pick<LimitByKey, 'messages' | 'perSeconds'>) {
    this.#perMs = messages / perSeconds / 1000;
    this.#saved = Math.max(1, this.#perMs * 1000) + this.#perMs * 1000;
  }

  /** False: it was one too many. */
  add(at: number): boolean {
    // What was asked for first may begin last.
    const place = this.#times.findLastIndex(time => time <= at) + 1;
    this.#times.splice(place, 0, at);
    // Of the others as many as before lie between any two.
    for (let first = 0; first <= place; first += 1)
      for (let last = place; last < this.#times.length; last += 1) if (!this.#isAllowed(first, last)) return false;
    return true;
  }

  #isAllowed(first: number, last: number): boolean {
    const ms = this.#times[last] - this.#times[first];
    return last - first + 1 <= this.#saved + ms * this.#perMs + 0.001;
  }
}

/** Where each key has a limit of its own: nothing is started without a turn, and no key gets more than its limit allows. */
export class TurnsJudge {
  readonly #facts: TurnsFacts;
  readonly #handles = new WeakMap<EventMetadata, string>();
  /** By receipt handle. */
  readonly #asked = new Map<string, Asked>();
  /** By queue and key. */
  readonly #times = new Map<string, TurnTimes>();
  readonly #started = new Map<string, number>();

  constructor(facts: TurnsFacts) {
    this.#facts = facts;
  }

  noteDecoded(metadata: EventMetadata, receiptHandle: string): void {
    this.#handles.set(metadata, receiptHandle);
  }

  /** The option `key` of the handlers. The turn is asked for in the same moment. */
  keyOf(metadata: EventMetadata): string | undefined {
    const { subject = '' } = metadata;
    const isKnown = this.#facts.limit.by === 'group' || subject === 'g1';
    const key = isKnown ? subject : subject === 'g2' ? undefined : UNUSABLE;
    this.#asked.set(this.#handles.get(metadata) ?? '', { key, at: performance.now() });
    if (key === UNUSABLE) throw new Error('injected: no key');
    return key;
  }

  noteStart(run: Run): void {
    const { limit, blame } = this.#facts;
    const { queue } = run.fate;
    const handle = run.context.getMessage().ReceiptHandle ?? '';
    const asked = this.#asked.get(handle);
    this.#asked.delete(handle);
    if (!asked) return blame(`${nameOf(run.fate)} was started without a turn of its key`);
    const { key, at } = asked;
    if (key === undefined) return;
    const isAllowed = limit.shared ? this.#isGranted(queue, key) : this.#timesOf(queue, key).add(at);
    if (!isAllowed) blame(`${nameOf(run.fate)} was started although its key had no turn left`);
  }

  #isGranted(queue: string, key: string): boolean {
    const started = (this.#started.get(`${queue} ${key}`) ?? 0) + 1;
    this.#started.set(`${queue} ${key}`, started);
    return started <= this.#facts.granted(queue, key);
  }

  #timesOf(queue: string, key: string): TurnTimes {
    const times = this.#times.get(`${queue} ${key}`) ?? new TurnTimes(this.#facts.limit);
    this.#times.set(`${queue} ${key}`, times);
    return times;
  }
}

/** What the handlers' options say: a limit for each key stands in place of the queue's. */
export function rateLimitOf(
  { rateLimit, limitByKey, sharing }: Schedule,
  turns: TurnsJudge | undefined,
): RateLimitOptions | undefined {
  if (!limitByKey) return rateLimit && { ...rateLimit, shared: sharing?.rate ?? false };
  const { messages, perSeconds, shared } = limitByKey;
  return { messages, perSeconds, shared, key: metadata => turns?.keyOf(metadata) };
}
