import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { startLocalBroker, type LocalBroker, type LocalBrokerOptions, type QueueSnapshot } from 'local-sns-sqs';
import { REPLY_QUEUE_MARK } from '../envelope/reply.js';
import { errorText } from '../errors/aws-errors.js';
import { docsPage } from '../errors/docs-page.js';
import type { PublishedEvent, PublishingEvent, SettledEvent } from '../events/diagnostics.js';
import { DEAD_LETTER_ATTRIBUTES, deadLetterFacts } from '../server/settle/dead-letter.js';

/** A message that ended in a dead letter queue. */
export interface DeadLetterReport {
  /** The queue that it came from. */
  queue: string;
  type: string | undefined;
  data: unknown;
  reason: string | undefined;
  error: string | undefined;
  attempts: number;
}

/** For `aws` of `ServerSQS`, `ClientSNS`, `ClientSQS`, `SnsSqsModule` and of the SDK's own clients. */
export interface TestAwsConfig {
  region: string;
  endpoint: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
}

const PUBLISHING = 'nestjs-sns-sqs:publishing';
const PUBLISHED = 'nestjs-sns-sqs:published';
const SETTLED = 'nestjs-sns-sqs:settled';
/** Below jest's own default of five seconds, so that its error is seen and not jest's. */
const PATIENCE_MS = 4_000;

/** As they were before a test faked them: `quiet()` has to end, and to say why it is not quiet. */
const { setTimeout: setTimeoutAtLoad, clearTimeout: clearTimeoutAtLoad, setImmediate: setImmediateAtLoad } = globalThis;
const FAKED = ` This test fakes timers, and the library waits for them. Fake only Date, see ${docsPage('testing.md')}.`;

const isDeadLetterQueue = ({ name }: QueueSnapshot): boolean => /-dlq(\.fifo)?$/.test(name);
/** Replies that nobody waits for any more stay until the next request. */
const isReplyQueue = ({ name }: QueueSnapshot): boolean => name.includes(REPLY_QUEUE_MARK);
const hasWork = (queue: QueueSnapshot): boolean =>
  queue.messages.length > 0 && !isDeadLetterQueue(queue) && !isReplyQueue(queue);

/** Its body as the event it may be; anything may have come to a dead letter queue. */
function eventOf(body: string): { type?: string; data?: unknown } {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}

/**
 * The tool for tests of an app, with its own broker. The harness waits until all work is done, without sleeping, and
 * records the messages that were published, handled, failed and dead-lettered in this process since the start or the
 * last `clear()`.
 *
 * @example
 * ```ts
 * const harness = await TestHarness.start();
 * // … start the app with `aws: harness.aws`, and emit something
 * await harness.quiet();
 * expect(harness.handled.map(({ queue }) => queue)).toEqual(['send-email-on-user-registered']);
 * await harness.stop();
 * ```
 */
export class TestHarness {
  /** Every emitted event and command, accepted or not. */
  readonly published: PublishedEvent[] = [];
  private readonly settlements: SettledEvent[] = [];
  /** By id: what was emitted and is not in its topic or queue yet. */
  private readonly onTheWay = new Map<string, PublishingEvent>();
  private readonly notePublishing = (event: unknown): void => {
    const publishing = event as PublishingEvent;
    this.onTheWay.set(publishing.id, publishing);
  };
  private readonly notePublished = (event: unknown): void => {
    const published = event as PublishedEvent;
    this.published.push(published);
    this.onTheWay.delete(published.id);
    if (this.onTheWay.size === 0) this.arrived();
  };
  private readonly noteSettled = (event: unknown): void => void this.settlements.push(event as SettledEvent);

  private arrived: () => void = () => undefined;

  private constructor(readonly broker: LocalBroker) {
    subscribe(PUBLISHING, this.notePublishing);
    subscribe(PUBLISHED, this.notePublished);
    subscribe(SETTLED, this.noteSettled);
  }

  static async start(options?: LocalBrokerOptions): Promise<TestHarness> {
    return new TestHarness(await startLocalBroker(options));
  }

  get aws(): TestAwsConfig {
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    return { region: 'us-east-1', endpoint: this.broker.endpoint, credentials };
  }

  /** Attempts that succeeded, discards included. Messages that the inbox skipped are not included. */
  get handled(): SettledEvent[] {
    return this.settlements.filter(({ outcome, skipped }) => outcome === 'delete' && !skipped);
  }

  /** Attempts that failed, also if the message succeeded later. */
  get failed(): SettledEvent[] {
    return this.settlements.filter(({ outcome }) => outcome === 'retry' || outcome === 'dead-letter');
  }

  /** The messages that are in the dead-letter queues now. */
  get deadLettered(): DeadLetterReport[] {
    const queues = this.broker.inspect.queues().filter(isDeadLetterQueue);
    return queues.flatMap(({ name, messages }) =>
      messages.map(({ body, attributes }) => {
        const facts = deadLetterFacts(attribute => attributes[attribute]);
        const fact = (of: 'queue' | 'reason' | 'error' | 'attempts'): string | undefined => {
          const value = facts[DEAD_LETTER_ATTRIBUTES[of]];
          return typeof value === 'string' ? value : undefined;
        };
        return {
          queue: fact('queue') ?? name.replace(/-dlq(\.fifo)?$/, '$1'),
          type: eventOf(body).type,
          data: eventOf(body).data,
          reason: fact('reason'),
          error: fact('error'),
          attempts: Number(fact('attempts') ?? 0),
        };
      }),
    );
  }

  /**
   * Resolves when no emitted message is in flight, and no queue except dead-letter and reply queues has a message. So a
   * chain of reactions is at its end. Rejects after `timeoutMs` (default 4,000) with the list of the rest. Give the
   * test itself at least the same time.
   */
  async quiet({ timeoutMs = PATIENCE_MS }: { timeoutMs?: number | undefined } = {}): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeoutAtLoad(() => reject(this.unrest(timeoutMs)), timeoutMs);
    });
    try {
      await Promise.race([this.untilQuiet(), late]);
    } finally {
      clearTimeoutAtLoad(timer);
    }
  }

  /**
   * Forgets what was published, handled and failed, and empties the dead letter queues. Other queues stay as they are.
   * @example beforeEach(() => harness.clear());
   */
  clear(): void {
    this.published.length = 0;
    this.settlements.length = 0;
    for (const { name } of this.broker.inspect.queues().filter(isDeadLetterQueue)) this.broker.purge(name);
  }

  /** After the app has closed. */
  async stop(): Promise<void> {
    unsubscribe(PUBLISHING, this.notePublishing);
    unsubscribe(PUBLISHED, this.notePublished);
    unsubscribe(SETTLED, this.noteSettled);
    await this.broker.stop();
  }

  private async untilQuiet(): Promise<void> {
    do {
      if (this.onTheWay.size > 0) await new Promise<void>(resolve => (this.arrived = resolve));
      await this.broker.inspect.untilAll(queues => !queues.some(hasWork));
    } while (this.onTheWay.size > 0);
  }

  private unrest(ms: number): Error {
    const queues = this.broker.inspect.queues().filter(hasWork);
    const left = [
      ...queues.map(({ name, messages }) => `${name} has ${messages.length}`),
      ...[...this.onTheWay.values()].map(({ type, destination }) => `${type} is on its way to ${destination}`),
    ];
    const last = this.failed.at(-1)?.error;
    const why = last === undefined ? '' : ` The last attempt that failed: ${errorText(last)}.`;
    const remedy = setImmediate === setImmediateAtLoad ? ' Is each queue consumed? Or wait longer.' : FAKED;
    return new Error(`not quiet after ${ms} ms: ${left.join(', ')}.${why}${remedy}`);
  }
}
