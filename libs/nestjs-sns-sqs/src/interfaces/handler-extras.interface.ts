import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { HandlerOptions } from './handler-options.interface.js';

/** The argument of a function that computes a name in a decorator. */
export interface NameSource<Config = Readonly<Record<string, string | undefined>>> {
  /** The option `config` of `ServerSQS` or `SnsSqsModule`. To read a name that it does not have is an error. */
  config: Config;
  /** The service that handles the message. */
  service: string;
}

/**
 * A name in a decorator: a text, or a function that computes it when the server starts. The start fails with
 * INVALID_HANDLER if the function gives no text.
 * @example queue: ({ config }) => config['emailQueue']
 * @example queue: ({ config }: NameSource<Names>) => config.emailQueue // type Names = { emailQueue: string }
 */
// A method's parameter may be of a narrower type: the user knows what `config` has.
export type ConfiguredName = string | { from(source: NameSource): string | undefined }['from'];

/**
 * The `extras` of `@EventPattern(pattern, SQS_TRANSPORT, extras)`. Names are without the environment's prefix.
 * The options of the handler's queue may stand beside them. Neither topic nor queue: the handler takes commands from its service's own command queue.
 */
export interface SqsHandlerExtras extends HandlerOptions {
  /**
   * The topic that carries the event, e.g. `users-domain-events`. The ARN of a topic is taken as it is, without the prefix:
   * the topic may be in another account, and the library does not create it.
   */
  topic?: ConfiguredName | undefined;
  /** The consumer queue of this use case, e.g. `send-email-on-user-registered`. */
  queue?: ConfiguredName | undefined;
  /**
   * Names that the queue had before, oldest first and without prefix. This queue's handlers also take the messages of
   * these queues, under one inbox. `create` unsubscribes the queues once the new queue is subscribed. A missing queue
   * is not an error.
   */
  formerly?: readonly ConfiguredName[] | undefined;
  /** Standard Schema that the payload has to fit; what it gives is the handler's payload. */
  schema?: StandardSchemaV1 | undefined;
  /** Standard Schema that each item of the answer to a request has to fit; the item is sent as it is. */
  replySchema?: StandardSchemaV1 | undefined;
}
