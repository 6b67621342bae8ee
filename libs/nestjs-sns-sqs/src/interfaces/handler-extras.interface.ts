import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { InboxQueueOptions } from './inbox-options.interface.js';

/**
 * The `extras` of `@EventPattern(pattern, SQS_TRANSPORT, extras)`. Names are without the environment's prefix.
 * Neither topic nor queue: the handler takes commands from its service's own command queue.
 */
export interface SqsHandlerExtras extends InboxQueueOptions {
  /** The topic that carries the event, e.g. `users-domain-events`. */
  topic?: string;
  /** The consumer queue of this use case, e.g. `send-email-on-user-registered`. */
  queue?: string;
  /**
   * Names that the queue had before, oldest first and without prefix. They are drained by this queue's handlers, under
   * one inbox; `create` unsubscribes them once the new queue is subscribed. One that does not exist is no error.
   */
  formerly?: readonly string[];
  /** Standard Schema that the payload has to fit; what it gives is the handler's payload. */
  schema?: StandardSchemaV1;
  /** Standard Schema that each item of the answer to a request has to fit; the item is sent as it is. */
  replySchema?: StandardSchemaV1;
}
