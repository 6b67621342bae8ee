import type { MessageHandler } from '@nestjs/microservices';
import { SqsContext } from '../../ctx-host/sqs.context.js';
import { fittingAnswer } from '../../contracts/fitting-answer.js';
import { inConversation } from '../../events/conversation.js';
import { validate, valueOf, type Validation } from '../../contracts/validate.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { inTime } from '../../events/user-code.js';
import type { EventEnvelope, EventMetadata } from '../../interfaces/envelope.interface.js';
import type { SqsHandlerExtras } from '../../interfaces/handler-extras.interface.js';
import type { SqsMessage } from '../../interfaces/wire.interface.js';
import type { Delivery, HandlerInput } from '../delivery.js';
import type { HandlerRegistry } from './handler-registry.js';
import { refusalOf, type IncomingRequest } from '../reply/incoming-request.js';
import type { AskingHandlers } from './asking-handlers.js';
import type { BatchCall } from './batch-call.js';
import { BatchDispatcher } from './batch-dispatcher.js';
import { DeliveryContext } from './delivery-context.js';
import { callHandler } from './handler-call.js';
import { HandlerTime, type HandlerTimeOptions, type Work } from './handler-time.js';
import { HeldBackError } from '../held-back.js';
import type { RequestClocks } from '../reply/request-deadline.js';
import { noHandler } from './unknown-types.js';

/** Runs `work` between Nest's processing hooks (instrumentation uses them). */
export type ProcessingHooks = (
  context: SqsContext,
  work: () => Promise<void>,
  /** For the start hook, until it lets the work begin, in milliseconds. */
  timeoutMs: number,
) => Promise<void>;

export interface DispatcherOptions extends HandlerTimeOptions {
  handlers: HandlerRegistry;
  decode: (message: SqsMessage) => Promise<EventEnvelope> | EventEnvelope;
  hooks: ProcessingHooks;
  /** The messages of a group stay in order. @default false */
  fifo?: boolean;
  /** For the handlers of batches. @default nobody counts them */
  asking?: AskingHandlers;
  /** What handlers emit belongs to the conversation of what they handle. */
  conversation: boolean;
  /** The request that a message is, if somebody waits for its answer. */
  requestOf?: (message: SqsMessage) => IncomingRequest | undefined;
  /** SQS's time, in milliseconds since the epoch. @default unknown */
  sqsNow?: () => number;
}

/** Finds the handler of a delivery and runs it through Nest's pipeline to its end: a promise settled, a stream completed. */
export class Dispatcher {
  private readonly time: HandlerTime;
  private readonly batches: BatchDispatcher;

  constructor(private readonly options: DispatcherOptions) {
    this.time = new HandlerTime(options);
    const { queueName, fifo = false, asking, logger, hooks, handlerTimeoutMs } = options;
    this.batches = new BatchDispatcher({
      queueName,
      fifo,
      asking,
      logger,
      time: this.time,
      // Nest's hooks look at a context as any transport has one.
      hooks: (context, work) => hooks(context as unknown as SqsContext, work, handlerTimeoutMs),
    });
  }

  /** Handlers that run although their time is over. */
  get overdue(): number {
    return this.time.overdue;
  }

  /** No handler is told any more that its time is over. */
  stop(): void {
    this.time.stop();
  }

  /** Messages that are handled together: the handler is called once for those that come to it. */
  beginBatch(deliveries: readonly Delivery[]): BatchCall {
    return this.batches.begin(deliveries);
  }

  /**
   * As {@link handle}; a request is answered too, and then done, whatever came of it: a retry is its caller's to decide.
   * Rejects with HeldBackError where the handler may not begin any more.
   */
  dispatch(delivery: Delivery, attempt: number): Promise<void> {
    const request = this.options.requestOf?.(delivery.message);
    return request ? this.reply(delivery, attempt, request) : this.handle(delivery, attempt, undefined);
  }

  private async reply(delivery: Delivery, attempt: number, request: IncomingRequest): Promise<void> {
    if (request.hasExpired(`${this.options.queueName}: request ${delivery.messageId}`, () => this.clocksOf(delivery))) {
      delivery.refused = { error: undefined };
      return;
    }
    try {
      await this.handle(delivery, attempt, request);
      delivery.isAnswered = true;
    } catch (error) {
      const refusal = refusalOf(error);
      if (!refusal) throw error;
      await request.refuse(refusal.err);
      if (!refusal.isDone) throw error;
      delivery.refused = { error };
    }
  }

  private clocksOf(delivery: Delivery): RequestClocks {
    const { decode, sqsNow } = this.options;
    const decoded = delivery.decode(decode);
    // Nobody else may look at it.
    if (decoded instanceof Promise) decoded.catch(() => undefined);
    return { sqsNow: sqsNow?.(), sentAt: delivery.sentAt, time: delivery.envelope?.metadata.time };
  }

  /** Resolves when the handler has finished; rejects with what it threw, or with why it could not run. Never throws. */
  private handle(delivery: Delivery, attempt: number, request: IncomingRequest | undefined): Promise<void> {
    try {
      const envelope = delivery.decode(this.options.decode);
      return envelope instanceof Promise
        ? envelope.then(decoded => this.handleEvent(delivery, attempt, request, decoded))
        : this.handleEvent(delivery, attempt, request, envelope);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Not async, which would cost each message a promise more. */
  private handleEvent(
    delivery: Delivery,
    attempt: number,
    request: IncomingRequest | undefined,
    { data, metadata }: EventEnvelope,
  ): Promise<void> {
    const { queueName, handlers, handlerTimeoutMs, logger } = this.options;
    const handler = handlers.find(queueName, metadata.type);
    // Of a request only: what nobody waits for is put off before it comes here.
    if (!handler) throw noHandler(queueName, metadata.type);
    const context = new SqsContext(
      new DeliveryContext(delivery, queueName, metadata, attempt, request !== undefined, logger),
    );
    const { schema } = (handler.extras ?? {}) as SqsHandlerExtras;
    if (!schema) return this.callHandler(delivery, request, { handler, payload: data, context }, metadata);
    const validation = inTime(validate(schema, data), handlerTimeoutMs, () => hung(queueName, handlerTimeoutMs));
    return fitting(metadata.type, validation).then(payload =>
      this.callHandler(delivery, request, { handler, payload, context }, metadata),
    );
  }

  private callHandler(
    delivery: Delivery,
    request: IncomingRequest | undefined,
    input: HandlerInput,
    metadata: EventMetadata,
  ): Promise<void> {
    const { hooks, handlerTimeoutMs, conversation } = this.options;
    const { handler, payload, context } = input;
    const { batch } = delivery;
    if (batch) return inBatch(batch.join(delivery, input), request, delivery);
    const begin = (): Promise<void> => {
      // A hook, a schema or a deserializer may have taken its time.
      if (delivery.isLeaseOver || delivery.isHeldBack) throw new HeldBackError();
      if (!request)
        return this.time.run(delivery, (end, fail) => callHandler(handler, payload, context, delivery, end, fail));
      const work: Work = (end, fail) =>
        void request
          .answer(() => answer(handler, payload, context), delivery.signal)
          .then(
            () => delivery.afterWork(end),
            (error: Error) => delivery.afterWork(() => fail(error)),
          );
      // Its caller does not wait for a handler that goes on.
      return this.time.run(delivery, work, error => void request.refuse(refusalOf(error)?.err));
    };
    return conversation
      ? inConversation(metadata, hooks, context, begin, handlerTimeoutMs)
      : hooks(context, begin, handlerTimeoutMs);
  }
}

/** A request in a batch, sent by `send()` to the handler of an event: its answer says that it was handled, or why not. */
async function inBatch(
  handled: Promise<void>,
  request: IncomingRequest | undefined,
  delivery: Delivery,
): Promise<void> {
  if (!request) return handled;
  try {
    await handled;
  } catch (error) {
    if (error instanceof HeldBackError) throw error;
    delivery.refused = { error };
    return request.refuse(error);
  }
  await request.answer(() => undefined, delivery.signal);
}

/** The payload as the schema of the handler's contract gives it. Throws CONTRACT_VIOLATION. */
async function fitting(type: string, validation: Promise<Validation>): Promise<unknown> {
  return valueOf(`The data of ${JSON.stringify(type)}`, await validation);
}

const hung = (queue: string, timeoutMs: number): SnsSqsError =>
  new SnsSqsError('HANDLER_TIMEOUT', {
    problem: `The schema of a handler on ${queue} did not end within handlerTimeoutMs (${timeoutMs} ms), so that the handler did not begin`,
    remedy: 'let the schema give its result in time',
    retryable: true,
    facts: { queue },
  });

/** What the handler of a request returns, if its contract allows it. */
function answer(handler: MessageHandler, payload: unknown, context: SqsContext): unknown {
  const { replySchema } = (handler.extras ?? {}) as SqsHandlerExtras;
  const result: unknown = handler(payload, context);
  return replySchema ? fittingAnswer(result, replySchema, context.getPattern()) : result;
}
