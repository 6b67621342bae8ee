import type { EventMetadata } from './envelope.interface.js';
import type { InboxStore } from './inbox-store.interface.js';

/** Memory of what was processed: makes duplicates and disorder harmless. */
export interface InboxOptions {
  /**
   * `RedisInboxStore` of `nestjs-sns-sqs/redis` for more than one process. The server closes it; if several servers of
   * a process share it, the last one that closes does.
   * @default a MemoryInboxStore: this process, 100,000 events
   */
  store?: InboxStore | undefined;
  /** How long the inbox remembers a handled event, in seconds, 1 to 31,536,000. @default 604800 (7 days) */
  rememberForSeconds?: number | undefined;
  /**
   * How long a subject keeps its position after its last event, in seconds, 60 to 315,360,000; longer while events of it
   * are claimed or wait. @default for ever
   */
  rememberPositionsForSeconds?: number | undefined;
  /**
   * While the store does not answer: `'wait'`: nothing is received or handled; `'proceed'`: messages are handled
   * without the inbox. @default 'wait'
   */
  onUnavailable?: 'wait' | 'proceed' | undefined;
}

/** The settings of the inbox for one queue. Also extras of `@OnDomainEvent` and `@EventPattern`. */
export interface InboxQueueOptions {
  /**
   * Over the events' `subject` and `sequence`, on standard queues. `'latest'`: an event older than the last one done
   * of its subject is skipped; `'sequential'`: exactly the next one is run, an older one skipped, an early one put off.
   * @default 'none'
   */
  ordering?: 'none' | 'latest' | 'sequential' | undefined;
  /**
   * Sequential: how long events wait for a missing one, in milliseconds, 1,000 to 1,209,600,000 (14 d). @default 300000
   */
  gapTimeoutMs?: number | undefined;
  /**
   * Then `'dead-letter'` moves the waiting events to the dead-letter queue. `'proceed'` continues with the lowest
   * waiting event, and skips the missing one if it arrives later. `'wait'` lets them wait. @default 'dead-letter'
   */
  onGapTimeout?: 'proceed' | 'dead-letter' | 'wait' | undefined;
  /** Sequential: sequence of a subject's first event, a whole number from 0. @default the first one seen */
  startAt?: number | bigint | undefined;
  /**
   * With an `ordering`, for an event without a subject or without a sequence of 1 to 40 digits. `'dead-letter'` moves
   * the event to the dead-letter queue. `'proceed'` handles the event in no order. @default 'dead-letter'
   */
  onInvalidSequence?: 'dead-letter' | 'proceed' | undefined;
  /** Returns the key that makes an event a duplicate. Undefined means source and id. @default source and id */
  inboxKey?: ((event: EventMetadata, data: unknown) => string | undefined) | undefined;
}
