import { EventPattern } from '@nestjs/microservices';
import { SQS_TRANSPORT } from '../constants.js';
import type { ConfiguredName, SqsHandlerExtras } from '../interfaces/handler-extras.interface.js';
import type { HandlerOptions } from '../interfaces/handler-options.interface.js';
import { consumerQueue, domainEventsTopic } from '../topology/names.js';
import { nameThrough } from './name-through.js';

export interface OnDomainEventOptions extends HandlerOptions {
  /** The service that publishes the event. */
  from: ConfiguredName;
  /** The reaction of this handler, e.g. `send-email`; with the event it names the queue. */
  useCase: ConfiguredName;
  /** A name, or the ARN of a topic, which may be in another account. @default `<from>-domain-events` */
  topic?: ConfiguredName | undefined;
  /** @default `<useCase>-on-<event>` with dots as hyphens, e.g. `send-email-on-user-registered` */
  queue?: ConfiguredName | undefined;
  /**
   * Names that the queue had before, oldest first: the use case was renamed. This handler also takes the messages of
   * these queues; `create` unsubscribes the queues. Keep them until nothing is left in them and no old version runs.
   * @default none
   */
  formerly?: readonly ConfiguredName[] | undefined;
  /** The `transportId` of the one server that takes it, where an app has several. @default SQS_TRANSPORT */
  transport?: symbol | undefined;
}

/**
 * Reacts to a domain event in a queue of its own, `<useCase>-on-<event>`, subscribed to `<from>-domain-events`.
 * Short for `@EventPattern(event, SQS_TRANSPORT, { topic, queue })`. Each name may be a function of the server's
 * `config`. Options of the queue may stand beside the names. The start refuses a name that AWS or the library refuses: INVALID_HANDLER, INVALID_NAME.
 *
 * @example
 * ```ts
 * @Controller()
 * class Emails {
 *   // Its queue is send-email-on-user-registered.
 *   @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
 *   sendEmail(@Payload() user: { email: string }): void {}
 *
 *   @OnDomainEvent('user.deleted', { from: 'users', useCase: 'forget', queue: ({ config }) => config['forgetQueue'] })
 *   forget(@Payload() user: { id: string }): void {}
 *
 *   @OnDomainEvent('user.invited', { from: 'users', useCase: 'invite', concurrency: 2, maxReceiveCount: 10 })
 *   invite(@Payload() user: { email: string }): void {}
 * }
 * ```
 */
export function OnDomainEvent(
  event: string,
  { from, useCase, topic, queue, transport = SQS_TRANSPORT, ...options }: OnDomainEventOptions,
): MethodDecorator {
  const extras: SqsHandlerExtras = {
    ...options,
    topic: topic ?? nameThrough(from, 'from', domainEventsTopic),
    queue: queue ?? nameThrough(useCase, 'useCase', name => consumerQueue(name, event)),
  };
  return EventPattern<string>(event, transport, { ...extras });
}
