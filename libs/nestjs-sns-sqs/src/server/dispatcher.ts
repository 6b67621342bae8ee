import type { MessageHandler } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import { SqsContext } from '../ctx-host/sqs.context.js';
import { validate, violation } from '../contracts/validate.js';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { EventEnvelope } from '../interfaces/envelope.interface.js';
import type { SqsHandlerExtras } from '../interfaces/handler-extras.interface.js';
import type { SqsMessage } from '../interfaces/wire.interface.js';
import type { Delivery } from './delivery.js';
import { printable } from './error-report.js';
import type { HandlerRegistry } from './handler-registry.js';

/** Runs `work` between Nest's processing hooks (instrumentation uses them). */
export type ProcessingHooks = (context: SqsContext, work: () => Promise<void>) => Promise<void>;

export interface DispatcherOptions {
  queueName: string;
  handlers: HandlerRegistry;
  decode: (message: SqsMessage) => Promise<EventEnvelope> | EventEnvelope;
  handlerTimeoutMs: number;
  hooks: ProcessingHooks;
}

/** Finds the handler of a delivery and runs it through Nest's pipeline to its end: a promise settled, a stream completed. */
export class Dispatcher {
  constructor(private readonly options: DispatcherOptions) {}

  /** Resolves when the handler has finished; rejects with what it threw, or with why it could not run. */
  async dispatch(delivery: Delivery, attempt: number): Promise<void> {
    const { queueName, handlers, decode } = this.options;
    delivery.envelope ??= await decode(delivery.message);
    const { data, metadata } = delivery.envelope;
    const handler = handlers.find(queueName, metadata.type);
    if (!handler) {
      if (handlers.isLooselyFiltered(queueName)) return;
      throw new SnsSqsError(
        'NO_HANDLER',
        `No handler of ${queueName} takes the type ${JSON.stringify(printable(metadata.type).slice(0, 200))}`,
        { facts: { queue: queueName } },
      );
    }
    const context = new SqsContext({
      message: delivery.message,
      queue: queueName,
      pattern: metadata.type,
      metadata,
      attempt,
      signal: delivery.signal,
    });
    const payload = await fitting(handler, data, metadata.type);
    await this.options.hooks(context, () => this.withTimeout(delivery, () => run(handler, payload, context)));
  }

  private async withTimeout(delivery: Delivery, work: () => Promise<void>): Promise<void> {
    const { handlerTimeoutMs, queueName } = this.options;
    let timer: NodeJS.Timeout | undefined;
    const timeUp = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const error = new SnsSqsError(
          'HANDLER_TIMEOUT',
          `The handler on ${queueName} did not finish within handlerTimeoutMs (${handlerTimeoutMs} ms)`,
          { retryable: true, facts: { queue: queueName, messageId: delivery.messageId } },
        );
        delivery.abort(error);
        reject(error);
      }, handlerTimeoutMs);
    });
    try {
      await Promise.race([work(), timeUp]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The payload as the schema of the handler's contract gives it. Throws CONTRACT_VIOLATION. */
async function fitting(handler: MessageHandler, data: unknown, type: string): Promise<unknown> {
  const { schema } = (handler.extras ?? {}) as SqsHandlerExtras;
  if (!schema) return data;
  const validation = await validate(schema, data);
  if ('issues' in validation) throw violation(`The data of ${JSON.stringify(type)}`, validation.issues);
  return validation.value;
}

async function run(handler: MessageHandler, data: unknown, context: SqsContext): Promise<void> {
  const result: unknown = await handler(data, context);
  if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
}
