import { Inject, Injectable } from '@nestjs/common';
import { monotonicNow } from './async/clock.js';
import { errorText } from './errors/aws-errors.js';
import { ServerSQS } from './server/server-sqs.js';

/** The form of a result of `@nestjs/terminus`, by the key that was given. */
export type SnsSqsHealthResult<Key extends string = string> = Record<
  Key,
  { status: 'up' | 'down' } & Record<string, unknown>
>;

export interface LivenessOptions {
  /** A receive that has not ended after so long is stuck, in milliseconds. @default 120000 */
  stalledAfterMs?: number;
}

export interface ReadinessOptions {
  /**
   * The service is not ready with more messages in one of its dead-letter queues. The indicator counts them every 10 s
   * at most, for which it needs `sqs:GetQueueAttributes` on them. @default they are not counted
   */
  maxDeadLetters?: number;
}

/** A long poll lasts up to 20 s, and one that is silent for 30 s is given up: this is much longer. */
const STALLED_AFTER_MS = 120_000;
/** How long a count of dead letters is used, in milliseconds. */
const COUNT_FOR_MS = 10_000;

/**
 * Health of a `ServerSQS` for probes, in the form of `@nestjs/terminus`, which it does not need. `SnsSqsModule` exports
 * it; for a server of your own: `new SnsSqsHealthIndicator(server)`.
 * @example @Get('ready') @HealthCheck() ready() { return this.health.check([() => this.sqs.isReady('sqs')]); }
 */
@Injectable()
export class SnsSqsHealthIndicator {
  private counted: { at: number; letters: Promise<Record<string, number>> } | undefined;

  constructor(@Inject(ServerSQS) private readonly server: ServerSQS) {}

  /**
   * For a liveness probe: down when a poll loop stands still, which a restart would mend. A server that reconnects,
   * waits for its inbox's store, starts or shuts down is alive.
   */
  isAlive<const Key extends string>(key: Key, options: LivenessOptions = {}): SnsSqsHealthResult<Key> {
    const stalled = this.server.stalledQueues(options.stalledAfterMs ?? STALLED_AFTER_MS);
    return stalled.length === 0 ? resultOf(key, 'up', {}) : resultOf(key, 'down', { stalled });
  }

  /**
   * For a readiness probe: down when the server or one of its queues handles nothing, or when a dead-letter queue has
   * too many messages. Without `maxDeadLetters` no call is made. Never rejects.
   */
  async isReady<const Key extends string>(key: Key, options: ReadinessOptions = {}): Promise<SnsSqsHealthResult<Key>> {
    const { status, reason, queues, inbox } = this.server.health();
    const down = Object.entries(queues).flatMap(([name, queue]) =>
      queue.reason === undefined ? [] : [[name, queue.reason]],
    );
    const facts = {
      ...(reason !== undefined && { reason }),
      ...(down.length > 0 && { queues: Object.fromEntries(down) as Record<string, string> }),
      ...(inbox && { inbox: inbox.reason ?? inbox.status }),
    };
    const { maxDeadLetters } = options;
    if (maxDeadLetters === undefined) return resultOf(key, status, facts);
    const letters = await this.deadLetters().catch((error: unknown) => errorText(error));
    // Not to know is no reason to take no messages: a fault of AWS shows as a queue that is down.
    if (typeof letters === 'string') return resultOf(key, status, { ...facts, deadLetters: `unknown: ${letters}` });
    const tooMany = Object.entries(letters).filter(([, count]) => count > maxDeadLetters);
    if (tooMany.length === 0) return resultOf(key, status, facts);
    return resultOf(key, 'down', { ...facts, deadLetters: Object.fromEntries(tooMany) });
  }

  private deadLetters(): Promise<Record<string, number>> {
    const now = monotonicNow();
    if (!this.counted || now - this.counted.at > COUNT_FOR_MS) {
      this.counted = { at: now, letters: this.server.deadLetters() };
    }
    return this.counted.letters;
  }
}

const resultOf = <Key extends string>(
  key: Key,
  status: 'up' | 'down',
  facts: Record<string, unknown>,
): SnsSqsHealthResult<Key> => ({ [key]: { status, ...facts } }) as SnsSqsHealthResult<Key>;
