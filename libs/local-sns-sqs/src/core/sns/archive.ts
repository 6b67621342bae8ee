import { isRecord } from '../input.js';
import type { Published } from './published-message.js';

const MAX_DAYS = 365;

/** The messages of a FIFO topic, in order, for as long as its policy keeps them (message-archiving-and-replay-topic-owner). */
export class Archive {
  private messages: Published[] = [];

  constructor(
    readonly since: number,
    public retentionMs: number,
    /** How many have gone from the front, those of archives before included: positions count on across them. */
    private gone: number,
  ) {}

  /** The earliest point that can be replayed. */
  begins(now: number): number {
    return Math.max(this.since, now - this.retentionMs);
  }

  add(published: Published, now: number): void {
    this.prune(now);
    this.messages.push(published);
  }

  /** The position of the first message that was published at `time` or later. */
  positionAt(time: number, now: number): number {
    this.prune(now);
    const index = this.messages.findIndex(({ publishedAt }) => publishedAt >= time);
    return this.gone + (index < 0 ? this.messages.length : index);
  }

  /** The message at a position, or the first after those that have gone meanwhile; undefined: there is none yet. */
  at(position: number): { published: Published; next: number } | undefined {
    const index = Math.max(0, position - this.gone);
    const published = this.messages[index];
    return published && { published, next: this.gone + index + 1 };
  }

  /** The position of what will be published next. */
  get end(): number {
    return this.gone + this.messages.length;
  }

  /** By position, oldest first. */
  all(): Array<[position: number, published: Published]> {
    return this.messages.map((published, index) => [this.gone + index, published]);
  }

  /** Takes the messages of before a restart. @param end the position of the next message */
  restore(messages: Published[], end: number): void {
    this.messages = messages;
    this.gone = end - messages.length;
  }

  private prune(now: number): void {
    const from = this.begins(now);
    const kept = this.messages.findIndex(({ publishedAt }) => publishedAt >= from);
    const old = kept < 0 ? this.messages.length : kept;
    if (old === 0) return;
    this.messages.splice(0, old);
    this.gone += old;
  }
}

/** Days; 0: `{}`, which ends archiving; undefined: it is no archive policy. */
export function readArchivePolicy(text: string): number | undefined {
  let policy: unknown;
  try {
    policy = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(policy)) return undefined;
  const { MessageRetentionPeriod, ...others } = policy;
  if (Object.keys(others).length > 0) return undefined;
  if (MessageRetentionPeriod === undefined) return 0;
  const days = Number(MessageRetentionPeriod);
  return Number.isInteger(days) && days >= 1 && days <= MAX_DAYS ? days : undefined;
}
