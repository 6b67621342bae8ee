import { Deduplication } from '../queue/deduplication.js';
import type { Archive } from './archive.js';
import type { Subscription } from './subscription.js';

/** A topic, its subscriptions and, if FIFO, its memory of what was published. */
export class Topic {
  readonly tags = new Map<string, string>();
  /** In order of subscription, by ARN. */
  readonly subscriptions = new Map<string, Subscription>();
  readonly deduplication = new Deduplication();
  /** Undefined: nothing is archived. */
  archive: Archive | undefined;
  /** Where the positions of the last archive ended. */
  archiveEnd = 0;
  deletedSubscriptions = 0;
  private published = 0;

  constructor(
    readonly name: string,
    readonly arn: string,
    readonly fifo: boolean,
    readonly attributes: Map<string, string>,
  ) {}

  get maximumMessageSize(): number {
    return Number(this.attributes.get('MaximumMessageSize') ?? 262_144);
  }

  /** How many messages it has numbered. */
  get counter(): number {
    return this.published;
  }

  set counter(published: number) {
    this.published = published;
  }

  nextSequenceNumber(): string {
    return String(10_000_000_000_000_000_000n + BigInt(++this.published) * 1000n);
  }
}
