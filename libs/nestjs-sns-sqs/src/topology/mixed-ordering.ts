import { monotonicNow } from '../async/clock.js';
import type { Tags } from '../interfaces/control-plane.interface.js';
import { QUEUE_TAGS } from './queue-tags.js';

export interface MixedOrderingOptions {
  /** Reads the tags of the queue; it may reject. */
  readTags: () => Promise<Tags>;
  now?: () => number;
  /** In milliseconds since the epoch, as the day in the tag. */
  wallNow?: () => number;
}

/** A gap that times out rarely comes alone, in milliseconds. */
const KNOWN_FOR_MS = 60_000;
/** The tag has days, and is renewed once a day. */
const RECENT_MS = 2 * 86_400_000;

/**
 * Knows for one queue whether a version without an `ordering` consumes it too, or did so until lately: what that version
 * handled has left no position, and looks like a missing event.
 */
export class MixedOrdering {
  private readonly now: () => number;
  private readonly wallNow: () => number;
  private known: { at: number; isMixed: Promise<boolean> } | undefined;

  constructor(private readonly options: MixedOrderingOptions) {
    this.now = options.now ?? monotonicNow;
    this.wallNow = options.wallNow ?? Date.now;
  }

  /** Never rejects: where the tags cannot be read, the answer is false. */
  isMixed(): Promise<boolean> {
    const at = this.now();
    if (!this.known || at - this.known.at >= KNOWN_FOR_MS) this.known = { at, isMixed: this.read() };
    return this.known.isMixed;
  }

  private async read(): Promise<boolean> {
    try {
      const day = Date.parse((await this.options.readTags())[QUEUE_TAGS.unordered] ?? '');
      return !Number.isNaN(day) && this.wallNow() - day < RECENT_MS;
    } catch {
      return false;
    }
  }
}
