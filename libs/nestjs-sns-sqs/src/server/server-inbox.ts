import type { LoggerService } from '@nestjs/common';
import { CheckedStore } from '../inbox/checked-store.js';
import { MemoryInboxStore } from '../inbox/memory-inbox-store.js';
import { StoreHealth } from '../inbox/store-health.js';
import { useStore } from '../inbox/store-users.js';
import { errorText } from '../errors/aws-errors.js';
import type { SnsSqsError } from '../errors/sns-sqs.error.js';
import { inTime } from '../events/user-code.js';
import type { ResolvedInboxOptions } from '../options/server-options.js';

export interface ServerInboxOptions extends Pick<ResolvedInboxOptions, 'store' | 'onUnavailable'> {
  logger: Pick<LoggerService, 'warn'>;
  /** The store does not do what a queue needs, or not for another reason than before. */
  onFault: (queue: string, error: SnsSqsError) => void;
  onRecovery: (queue: string) => void;
}

/** A server's store, and what is known of its health for each queue: one may be in a slot that is away, and others not. */
export class ServerInbox {
  readonly store: CheckedStore;
  private readonly healths: StoreHealth[] = [];
  private readonly endUse: () => Promise<void>;

  constructor(private readonly options: ServerInboxOptions) {
    const { logger } = options;
    const store = options.store ?? new MemoryInboxStore({ onForget: forgetting(logger) });
    this.store = new CheckedStore(store);
    this.endUse = useStore(store);
    if (!this.store.isShared && process.env['NODE_ENV'] === 'production') {
      logger.warn(
        'inbox: in the memory of this process only, which a restart forgets and other instances do not see. Remedy: RedisInboxStore or PostgresInboxStore, or `inbox: false` where handlers are idempotent',
      );
    }
  }

  /** What is known of the store for one queue. */
  healthOf(queue: string, hasSubjects: boolean): StoreHealth {
    const { onUnavailable, logger, onFault, onRecovery } = this.options;
    const health = new StoreHealth({
      store: this.store,
      queue,
      hasSubjects,
      onUnavailable,
      logger,
      onFault: error => onFault(queue, error),
      onRecovery: () => onRecovery(queue),
    });
    this.healths.push(health);
    return health;
  }

  /** Tries for each queue whether the store does what it needs; resolves whatever comes of it. */
  async check(): Promise<void> {
    await Promise.all(this.healths.map(health => health.check()));
  }

  /** Closes the store, unless another server of this process uses it. Never rejects: the store may be the user's. */
  async close(): Promise<void> {
    for (const health of this.healths) health.stop();
    const late = (): Error => new Error(`its close() did not end within ${CLOSE_WITHIN_MS} ms`);
    try {
      await inTime(this.endUse(), CLOSE_WITHIN_MS, late);
    } catch (error) {
      this.options.logger.warn(`inbox: the store was not closed: ${errorText(error)}`);
    }
    this.store.stop();
  }
}

/** A server that stops does not wait longer for its store, in milliseconds. */
const CLOSE_WITHIN_MS = 5_000;
const SAY_AGAIN_MS = 60_000;

/** Says that the store was full, and how much it has forgotten, at most once a minute. */
export function forgetting(logger: Pick<LoggerService, 'warn'>, now = () => performance.now()) {
  const forgotten = { event: 0, position: 0 };
  let saidAt = -Infinity;
  return (what: 'event' | 'position'): void => {
    forgotten[what] += 1;
    if (now() - saidAt < SAY_AGAIN_MS) return;
    saidAt = now();
    logger.warn(
      `inbox: the store in memory is full. The store has forgotten ${forgotten.event} handled event(s) and ${forgotten.position} position(s) of subjects before their time, those unused for longest. Duplicates of these events would be handled again. Remedy: new MemoryInboxStore({ maxEntries }) with a higher number, RedisInboxStore or PostgresInboxStore`,
    );
  };
}
