import type { ProducerSerializer } from '@nestjs/microservices';
import { SQS_DEFAULT_SHUTDOWN_TIMEOUT_MS } from '../../constants.js';
import { fromAwsError } from '../../errors/aws-errors.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { announce } from '../../events/diagnostics.js';
import type { ClientOptionsBase } from '../../interfaces/options.interface.js';
import type { BatchResult, MessageAttributes, OutgoingSqsMessage } from '../../interfaces/wire.interface.js';
import { PendingEmits } from './pending-emits.js';
import { prepare, toEntry, type Destination, type OutgoingEvent } from './outgoing-event.js';
import { PublishBatcher } from './publish-batcher.js';
import { within } from '../../async/within.js';
import { assertFits, publishError } from './publish-error.js';

export interface PublisherOptions {
  destination: Destination;
  /** For error messages: `PublishBatch`, `SendMessageBatch`. */
  operation: string;
  /** Looks the destination up or makes it: a topic's ARN, a queue's URL. */
  resolve: () => Promise<string>;
  send: (target: string, entries: OutgoingSqsMessage[]) => Promise<BatchResult>;
  maxBatchBytes: number;
  client: Pick<ClientOptionsBase, 'publish' | 'groupId' | 'deduplicationId' | 'serializer' | 'shutdownTimeoutMs'>;
}

/** A client's way from `emit()` to AWS: prepares, writes, batches, and tells each event its own result. */
export class Publisher {
  private readonly batcher: PublishBatcher;
  private readonly emits: PendingEmits;
  private readonly serializer: ProducerSerializer | undefined;
  private target: Promise<string> | undefined;
  private resolved = '';
  private closing: Promise<void> | undefined;

  constructor(private readonly options: PublisherOptions) {
    this.serializer = options.client.serializer;
    const { shutdownTimeoutMs = SQS_DEFAULT_SHUTDOWN_TIMEOUT_MS } = options.client;
    this.emits = new PendingEmits(shutdownTimeoutMs, () => this.unansweredError(shutdownTimeoutMs));
    this.batcher = new PublishBatcher({
      send: entries => options.send(this.resolved, entries),
      maxBatchBytes: options.maxBatchBytes,
      ordered: options.destination.fifo,
      publish: options.client.publish,
    });
  }

  /** Resolves to the topic's ARN or the queue's URL. A failure is not remembered: the next call tries again. */
  connect(): Promise<string> {
    if (this.closing) return Promise.reject(this.closedError());
    return this.lookUp();
  }

  /**
   * Resolves once AWS has accepted this event; rejects with an SnsSqsError when it has not, or with what `late` threw.
   * @param late of a request: attributes that are still to come; it keeps its place in its group meanwhile
   */
  async publish(type: string, input: unknown, late?: () => Promise<MessageAttributes>): Promise<void> {
    if (this.closing) throw this.closedError();
    const { destination, operation, client } = this.options;
    const event = prepare(type, input, destination, client, late !== undefined);
    const facts = { destination: destination.name, type, id: event.metadata.id, data: event.data };
    announce('publishing', facts);
    const error = await this.emits.errorOf(
      this.batcher.add(event.options.groupId, () => this.write(event, late)),
      failure => failure && publishError(failure, operation, type, destination.name),
    );
    announce('published', error === undefined ? facts : { ...facts, error });
    if (error !== undefined) throw error;
  }

  /**
   * For an app that ends and still serves what may publish: `shutdownTimeoutMs` from now every emit has its result, one
   * that begins later has 2 s; what AWS has not answered by then errors with CLIENT_CLOSED. Idempotent.
   */
  limit(): void {
    if (!this.closing) this.emits.limit();
  }

  /**
   * Takes nothing more; resolves when everything emitted before has its result, or after `shutdownTimeoutMs`, which
   * {@link limit} may have started: what AWS has not answered by then errors with CLIENT_CLOSED. Idempotent.
   */
  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    if (await within(this.batcher.flush(), this.emits.rest)) return;
    this.emits.giveUp();
    this.batcher.abandon({ id: '', code: 'CLIENT_CLOSED', message: 'abandoned', senderFault: false });
  }

  private unansweredError(timeoutMs: number): SnsSqsError {
    const { name } = this.options.destination;
    return new SnsSqsError(
      'CLIENT_CLOSED',
      `The client of ${name} is being closed, and AWS has not answered within shutdownTimeoutMs (${timeoutMs} ms); the event may have been accepted. Remedy: emit it again, with the same id.`,
      { retryable: true, facts: { destination: name, shutdownTimeoutMs: timeoutMs } },
    );
  }

  private lookUp(): Promise<string> {
    this.target ??= this.options.resolve().then(
      target => {
        this.resolved = target;
        return target;
      },
      (error: unknown) => {
        this.target = undefined;
        const { destination, operation } = this.options;
        throw fromAwsError(error, operation, destination.name);
      },
    );
    return this.target;
  }

  private async write(event: OutgoingEvent, late?: () => Promise<MessageAttributes>) {
    await this.lookUp();
    const entry = await toEntry(event, this.serializer);
    if (late) Object.assign(entry.attributes, await late());
    assertFits(entry, event.metadata.type, this.options.destination.name);
    return entry;
  }

  private closedError(): SnsSqsError {
    const { name } = this.options.destination;
    return new SnsSqsError(
      'CLIENT_CLOSED',
      `The client of ${name} is closed. Remedy: emit before close(), or make a new client.`,
    );
  }
}
