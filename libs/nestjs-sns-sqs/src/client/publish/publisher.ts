import type { ProducerSerializer } from '@nestjs/microservices';
import { SQS_DEFAULT_SHUTDOWN_TIMEOUT_MS } from '../../constants.js';
import type { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { announce, isObserved, type PublishingEvent } from '../../events/diagnostics.js';
import { observeClient } from '../../events/observed-parts.js';
import type { ClientOptionsBase, PublishOptions } from '../../interfaces/client-options.interface.js';
import type { BatchFailure, BatchResult, OutgoingSqsMessage } from '../../interfaces/wire.interface.js';
import { PendingEmits } from './pending-emits.js';
import { prepare, toEntry, type Destination, type OutgoingEntry, type OutgoingEvent } from './outgoing-event.js';
import { assertNoOutboxNeeded } from './outbox-record.js';
import { PublishBatcher, publishSettings } from './publish-batcher.js';
import { Target } from './target.js';
import { finishesWithin } from '../../async/finishes-within.js';
import { silenced } from '../../events/user-code.js';
import { TOO_LATE } from '../../wire/batch-failure.js';
import { PublishTracer, type PublishedRequest } from './publish-tracer.js';
import { assertFits, publishError } from './publish-error.js';
import { backlogError, closedError, timeoutError, unansweredError } from './no-result-error.js';

export interface PublisherOptions {
  destination: Destination;
  /** For error messages: `PublishBatch`, `SendMessageBatch`. */
  operation: string;
  /** Looks the destination up or makes it: a topic's ARN, a queue's URL. */
  resolve: () => Promise<string>;
  /** `resolve` makes what is missing. */
  makes: boolean;
  send: (target: string, entries: OutgoingSqsMessage[]) => Promise<BatchResult>;
  maxBatchBytes: number;
  client: Pick<
    ClientOptionsBase,
    'publish' | 'groupId' | 'deduplicationId' | 'serializer' | 'shutdownTimeoutMs' | 'telemetry' | 'conversation'
  >;
}

/** What is known of an event that was composed before. */
export interface RelayedEvent {
  type: string;
  id: string;
  data: unknown;
}

export interface RelayedFailure {
  error: unknown;
  /** AWS will never accept this message. */
  isRefused: boolean;
}

type Written = ReturnType<typeof toEntry>;

/** An event that is on its way. */
export interface StartedEmit {
  event: OutgoingEvent;
  result: Promise<unknown>;
}

/** A client's way from `emit()` to AWS: prepares, writes, batches, and tells each event its own result. */
export class Publisher {
  private readonly batcher: PublishBatcher;
  private readonly emits: PendingEmits;
  private readonly serializer: ProducerSerializer | undefined;
  private readonly target: Target;
  private readonly tracer: PublishTracer;
  private closing: Promise<void> | undefined;
  private readonly unobserve: () => void;
  private readonly settings: Required<PublishOptions>;

  constructor(private readonly options: PublisherOptions) {
    this.serializer = options.client.serializer;
    const { shutdownTimeoutMs = SQS_DEFAULT_SHUTDOWN_TIMEOUT_MS } = options.client;
    const { destination, operation, resolve, makes } = options;
    this.settings = publishSettings(options.client.publish);
    this.emits = new PendingEmits({
      totalMs: this.settings.timeoutMs,
      closingMs: shutdownTimeoutMs,
      timedOut: () => timeoutError(destination.name, this.settings),
      tooLate: () => unansweredError(destination.name, shutdownTimeoutMs),
    });
    this.unobserve = observeClient(this);
    this.tracer = new PublishTracer(destination, operation, options.client.telemetry);
    const tries = { ...this.settings, random: Math.random };
    this.target = new Target({ resolve, makes, operation, name: destination.name, tries });
    this.batcher = new PublishBatcher({
      send: entries => this.target.use(target => this.tracer.send(target, entries, options.send)),
      maxBatchBytes: options.maxBatchBytes,
      ordered: options.destination.fifo,
      publish: options.client.publish,
    });
  }

  /** For metrics. */
  get destination(): string {
    return this.options.destination.name;
  }

  /** For metrics. */
  get pendingEmits(): number {
    return this.emits.size;
  }

  /** The user's own serializer writes the bodies. */
  get isSerializing(): boolean {
    return this.serializer !== undefined;
  }

  /** Resolves to the topic's ARN or the queue's URL. A failure that may pass is tried again as a publish is. None is remembered. */
  connect(): Promise<string> {
    if (this.closing) return Promise.reject(closedError(this.destination));
    return this.target.find();
  }

  /**
   * Resolves once AWS has accepted this event; rejects with an SnsSqsError when it has not, or with what the request's
   * `address` threw.
   */
  async publish(type: string, input: unknown, request?: PublishedRequest): Promise<void> {
    const { event, result } = this.start(type, input, request);
    const error = await result;
    this.announceEnd(event, error);
    if (error !== undefined) throw error;
  }

  /**
   * As {@link publish}, in parts: the result resolves to the event's error, undefined once AWS has accepted it, and
   * rejects with what a tracer threw. Whoever waits for it calls {@link announceEnd} then. Throws what is wrong at once.
   */
  start(type: string, input: unknown, request?: PublishedRequest): StartedEmit {
    if (this.closing) throw closedError(this.destination);
    if (this.emits.size >= this.settings.maxPending) throw backlogError(this.destination, this.settings);
    const { destination, client } = this.options;
    assertNoOutboxNeeded(type, input);
    const event = prepare(type, input, destination, client, request !== undefined);
    if (isObserved('publishing')) announce('publishing', this.factsOf(event));
    const { tracer } = this;
    const result = tracer.isOn
      ? tracer.publish(event, request, () => this.send(event, request))
      : this.send(event, request);
    return { event, result };
  }

  announceEnd(event: OutgoingEvent, error: unknown): void {
    if (!isObserved('published')) return;
    const facts = this.factsOf(event);
    announce('published', error === undefined ? facts : { ...facts, error });
  }

  /** The event as it would be published now, and nothing is sent. Throws as {@link publish} does. */
  draft(type: string, input: unknown): OutgoingEvent {
    if (this.closing) throw closedError(this.destination);
    const { destination, client } = this.options;
    const event = prepare(type, input, destination, client);
    this.tracer.draft(event);
    return event;
  }

  /** Writes a draft. Throws UNSERIALIZABLE_DATA, MESSAGE_TOO_LARGE. */
  async compose(event: OutgoingEvent): Promise<OutgoingEntry> {
    const entry = await toEntry(event, this.serializer);
    event.bytes = assertFits(entry, event.metadata.type, this.options.destination.name);
    return entry;
  }

  /** Sends what was composed before, here or elsewhere. Resolves to its failure; undefined: AWS has accepted it. */
  async relay(entry: OutgoingEntry, event: RelayedEvent): Promise<RelayedFailure | undefined> {
    if (this.closing) return { error: closedError(this.destination), isRefused: false };
    const { destination } = this.options;
    const facts = { destination: destination.name, ...event };
    const endsAt = this.emits.endOfNow();
    let isRefused = false;
    const write = async (): Promise<OutgoingEntry> => {
      if (!this.target.isKnown) await this.target.find();
      return entry;
    };
    announce('publishing', facts);
    const error = await this.emits.errorOf(end => {
      const onResult = (failure: BatchFailure | undefined): void => {
        isRefused = failure?.senderFault === true;
        end(failure && this.errorOf(failure, { type: event.type }));
      };
      this.batcher.add(entry.groupId, write, endsAt, onResult, end);
    }, endsAt);
    announce('published', error === undefined ? facts : { ...facts, error });
    return error === undefined ? undefined : { error, isRefused };
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

  private factsOf({ metadata: { type, id }, data }: OutgoingEvent): PublishingEvent {
    return { destination: this.destination, type, id, data };
  }

  /** Resolves to the event's error; undefined: AWS has accepted it. */
  private send(event: OutgoingEvent, request: PublishedRequest | undefined): Promise<unknown> {
    const endsAt = this.emits.endOfNow();
    return this.emits.errorOf(end => {
      let written: Written;
      try {
        // At once, however long it waits for its turn: the caller may go on changing the data.
        written = silenced(toEntry(event, this.serializer));
      } catch (error) {
        end(error);
        return;
      }
      const onResult = (failure: BatchFailure | undefined): void =>
        end(failure && this.errorOf(failure, { type: event.metadata.type, bytes: event.bytes }));
      this.batcher.add(event.options.groupId, () => this.ready(event, written, request), endsAt, onResult, end);
    }, endsAt);
  }

  private async end(): Promise<void> {
    this.unobserve();
    if (await finishesWithin(this.batcher.flush(), this.emits.rest)) return;
    this.target.stop();
    this.emits.giveUp();
    this.batcher.abandon({ id: '', code: 'CLIENT_CLOSED', message: 'abandoned', senderFault: false });
  }

  private errorOf(failure: BatchFailure, { type, bytes }: { type: string; bytes?: number | undefined }): SnsSqsError {
    if (failure === TOO_LATE) return timeoutError(this.destination, this.settings);
    const { destination, operation, maxBatchBytes: defaultMaxBytes } = this.options;
    return publishError(failure, { operation, type, destination: destination.name, bytes, defaultMaxBytes });
  }

  /** At once, unless there is something to wait for. */
  private ready(event: OutgoingEvent, written: Written, request?: PublishedRequest): Written {
    if (!this.target.isKnown || request) return this.later(event, written, request);
    return written instanceof Promise ? written.then(made => this.sized(made, event)) : this.sized(written, event);
  }

  private async later(event: OutgoingEvent, written: Written, request?: PublishedRequest): Promise<OutgoingEntry> {
    if (!this.target.isKnown) await this.target.find();
    const entry = await written;
    if (request) Object.assign(entry.attributes, await request.address());
    return this.sized(entry, event);
  }

  private sized(entry: OutgoingEntry, event: OutgoingEvent): OutgoingEntry {
    entry.bytes = event.bytes = assertFits(entry, event.metadata.type, this.options.destination.name);
    return entry;
  }
}
