import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { startLocalBroker, type LocalBroker, type LocalBrokerOptions, type QueueSnapshot } from 'local-sns-sqs';
import type { PublishedEvent, SettledEvent } from '../events/diagnostics.js';
import { DEAD_LETTER_ATTRIBUTES } from '../server/dead-letter.js';

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

const PUBLISHED = 'nestjs-sns-sqs:published';
const SETTLED = 'nestjs-sns-sqs:settled';
const isDeadLetterQueue = ({ name }: QueueSnapshot): boolean => /-dlq(\.fifo)?$/.test(name);

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
 * What a test of an app needs: a broker of its own, a way to wait until all work is done, and what was published,
 * handled, failed and dead-lettered in this process since the start or the last `clear()`. Nothing sleeps.
 */
export class TestHarness {
  /** Every event and command that was emitted, accepted or not. */
  readonly published: PublishedEvent[] = [];
  private readonly settlements: SettledEvent[] = [];
  private readonly notePublished = (event: unknown): void => void this.published.push(event as PublishedEvent);
  private readonly noteSettled = (event: unknown): void => void this.settlements.push(event as SettledEvent);

  private constructor(readonly broker: LocalBroker) {
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

  /** Attempts that ended well, discards among them. */
  get handled(): SettledEvent[] {
    return this.settlements.filter(({ outcome }) => outcome === 'delete');
  }

  /** Attempts that failed, whatever became of the message. */
  get failed(): SettledEvent[] {
    return this.settlements.filter(({ outcome }) => outcome !== 'delete');
  }

  /** What is in the dead letter queues now. */
  get deadLettered(): DeadLetterReport[] {
    const queues = this.broker.inspect.queues().filter(isDeadLetterQueue);
    return queues.flatMap(({ name, messages }) =>
      messages.map(({ body, attributes }) => ({
        queue: attributes[DEAD_LETTER_ATTRIBUTES.queue] ?? name.replace(/-dlq(\.fifo)?$/, '$1'),
        type: eventOf(body).type,
        data: eventOf(body).data,
        reason: attributes[DEAD_LETTER_ATTRIBUTES.reason],
        error: attributes[DEAD_LETTER_ATTRIBUTES.error],
        attempts: Number(attributes[DEAD_LETTER_ATTRIBUTES.attempts] ?? 0),
      })),
    );
  }

  /**
   * Resolves when no queue but dead letter queues has a message, visible, delayed or in work. What a handler emits is
   * in a queue before the handler has finished, so a chain of reactions is waited for to its end.
   */
  async quiet(): Promise<void> {
    await this.broker.inspect.untilAll(queues =>
      queues.every(queue => isDeadLetterQueue(queue) || queue.messages.length === 0),
    );
  }

  /** Forgets what was published, handled and failed; queues stay as they are. */
  clear(): void {
    this.published.length = 0;
    this.settlements.length = 0;
  }

  /** After the app has closed. */
  async stop(): Promise<void> {
    unsubscribe(PUBLISHED, this.notePublished);
    unsubscribe(SETTLED, this.noteSettled);
    await this.broker.stop();
  }
}
