import type { MessageHandler } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import { SqsContext, type SqsContextState } from '../../ctx-host/sqs.context.js';
import { fittingAnswer } from '../../contracts/fitting-answer.js';
import { validate, valueOf } from '../../contracts/validate.js';
import { printable } from '../../logging/printable.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import type { EventEnvelope, EventMetadata } from '../../interfaces/envelope.interface.js';
import type { SqsHandlerExtras } from '../../interfaces/handler-extras.interface.js';
import type { SqsMessage } from '../../interfaces/wire.interface.js';
import type { Delivery } from '../delivery.js';
import type { HandlerRegistry } from './handler-registry.js';
import { refusalOf, type IncomingRequest } from '../reply/incoming-request.js';
import { TimeLimit } from './time-limit.js';

/** Runs `work` between Nest's processing hooks (instrumentation uses them). */
export type ProcessingHooks = (context: SqsContext, work: () => Promise<void>) => Promise<void>;

type Fail = (error: Error) => void;

export interface DispatcherOptions {
  queueName: string;
  handlers: HandlerRegistry;
  decode: (message: SqsMessage) => Promise<EventEnvelope> | EventEnvelope;
  handlerTimeoutMs: number;
  hooks: ProcessingHooks;
  /** The request that a message is, if somebody waits for its answer. */
  requestOf?: (message: SqsMessage) => IncomingRequest | undefined;
}

/** Finds the handler of a delivery and runs it through Nest's pipeline to its end: a promise settled, a stream completed. */
export class Dispatcher {
  private readonly timeLimit: TimeLimit;

  constructor(private readonly options: DispatcherOptions) {
    this.timeLimit = new TimeLimit(options.handlerTimeoutMs);
  }

  /**
   * As {@link handle}; a request is answered too, and then done, whatever came of it: a retry is its caller's to decide.
   */
  dispatch(delivery: Delivery, attempt: number): Promise<void> {
    const request = this.options.requestOf?.(delivery.message);
    return request ? this.reply(delivery, attempt, request) : this.handle(delivery, attempt, undefined);
  }

  private async reply(delivery: Delivery, attempt: number, request: IncomingRequest): Promise<void> {
    if (request.hasExpired(`${this.options.queueName}: request ${delivery.messageId}`)) return;
    try {
      await this.handle(delivery, attempt, request);
    } catch (error) {
      const refusal = refusalOf(error);
      if (!refusal) throw error;
      await request.refuse(refusal.err);
      if (!refusal.isDone) throw error;
    }
  }

  /** Resolves when the handler has finished; rejects with what it threw, or with why it could not run. */
  private async handle(delivery: Delivery, attempt: number, request: IncomingRequest | undefined): Promise<void> {
    const { queueName, handlers, decode, hooks } = this.options;
    const envelope = delivery.decode(decode);
    const { data, metadata } = envelope instanceof Promise ? await envelope : envelope;
    const handler = handlers.find(queueName, metadata.type);
    if (!handler) {
      if (handlers.isLooselyFiltered(queueName)) return;
      throw new SnsSqsError(
        'NO_HANDLER',
        `No handler of ${queueName} takes the type ${JSON.stringify(printable(metadata.type).slice(0, 200))}`,
        { facts: { queue: queueName } },
      );
    }
    const context = new SqsContext(new DeliveryContext(delivery, queueName, metadata, attempt, request !== undefined));
    const { schema } = (handler.extras ?? {}) as SqsHandlerExtras;
    const payload = schema ? await fitting(schema, data, metadata.type) : data;
    await hooks(context, () =>
      this.withTimeout(delivery, (end, fail) =>
        request
          ? void request.answer(() => answer(handler, payload, context), delivery.signal).then(end, fail)
          : run(handler, payload, context, end, fail),
      ),
    );
  }

  /** Settles as `work` says, or when its time is over. */
  private withTimeout(delivery: Delivery, work: (end: () => void, fail: Fail) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const running = this.timeLimit.begin(() => {
        const error = this.timeUp(delivery);
        delivery.abort(error);
        reject(error);
      });
      const end = (): void => {
        this.timeLimit.end(running);
        resolve();
      };
      const fail: Fail = error => {
        this.timeLimit.end(running);
        reject(error);
      };
      try {
        work(end, fail);
      } catch (error) {
        fail(error as Error);
      }
    });
  }

  private timeUp({ messageId }: Delivery): SnsSqsError {
    const { handlerTimeoutMs, queueName } = this.options;
    return new SnsSqsError(
      'HANDLER_TIMEOUT',
      `The handler on ${queueName} did not finish within handlerTimeoutMs (${handlerTimeoutMs} ms)`,
      { retryable: true, facts: { queue: queueName, messageId } },
    );
  }
}

/** What a context is made of. Its signal is the delivery's, which is made when somebody asks for it. */
class DeliveryContext implements SqsContextState {
  readonly message: SqsMessage;
  readonly pattern: string;

  constructor(
    private readonly delivery: Delivery,
    readonly queue: string,
    readonly metadata: EventMetadata,
    readonly attempt: number,
    readonly isRequest: boolean,
  ) {
    this.message = delivery.message;
    this.pattern = metadata.type;
  }

  get signal(): AbortSignal {
    return this.delivery.signal;
  }
}

/** The payload as the schema of the handler's contract gives it. Throws CONTRACT_VIOLATION. */
async function fitting(schema: NonNullable<SqsHandlerExtras['schema']>, data: unknown, type: string): Promise<unknown> {
  return valueOf(`The data of ${JSON.stringify(type)}`, await validate(schema, data));
}

/** What the handler of a request returns, if its contract allows it. */
function answer(handler: MessageHandler, payload: unknown, context: SqsContext): unknown {
  const { replySchema } = (handler.extras ?? {}) as SqsHandlerExtras;
  const result: unknown = handler(payload, context);
  return replySchema ? fittingAnswer(result, replySchema, context.getPattern()) : result;
}

/** Calls back when what the handler gives has ended: not async, which would cost each message two promises more. */
function run(handler: MessageHandler, data: unknown, context: SqsContext, end: () => void, fail: Fail): void {
  const ended = (result: unknown): void => {
    if (isObservable(result)) lastValueFrom(result, { defaultValue: undefined }).then(end, fail);
    else end();
  };
  Promise.resolve(handler(data, context)).then(ended, fail);
}
