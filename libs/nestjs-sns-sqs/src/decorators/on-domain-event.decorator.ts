import { EventPattern } from '@nestjs/microservices';
import { SQS_TRANSPORT } from '../constants.js';
import type { SqsHandlerExtras } from '../interfaces/handler-extras.interface.js';
import type { InboxQueueOptions } from '../interfaces/inbox-options.interface.js';
import { consumerQueue, domainEventsTopic } from '../topology/names.js';

export interface OnDomainEventOptions extends InboxQueueOptions {
  /** The service that announces the event. */
  from: string;
  /** What this handler does with it, e.g. `send-email`; with the event it names the queue. */
  useCase: string;
  /** @default `<from>-domain-events` */
  topic?: string;
  /** @default `<useCase>-on-<event>` with dots as hyphens, e.g. `send-email-on-user-registered` */
  queue?: string;
  /**
   * Names that the queue had before, oldest first: the use case was renamed. They are drained by this handler; `create`
   * unsubscribes them. Keep them until nothing is left in them and no old version runs. @default none
   */
  formerly?: readonly string[];
  /** The `transportId` of the one server that takes it, where an app has several. @default SQS_TRANSPORT */
  transport?: symbol;
}

/**
 * Reacts to a domain event in a queue of its own, `<useCase>-on-<event>`, subscribed to `<from>-domain-events`.
 * Short for `@EventPattern(event, SQS_TRANSPORT, { topic, queue })`.
 *
 * @example
 * ```ts
 * @Controller()
 * class Emails {
 *   // Its queue is send-email-on-user-registered.
 *   @OnDomainEvent('user.registered', { from: 'users', useCase: 'send-email' })
 *   sendEmail(@Payload() user: { email: string }): void {}
 * }
 * ```
 */
export function OnDomainEvent(
  event: string,
  { from, useCase, topic, queue, transport = SQS_TRANSPORT, ...inbox }: OnDomainEventOptions,
): MethodDecorator {
  const extras: SqsHandlerExtras = {
    ...inbox,
    topic: topic ?? domainEventsTopic(from),
    queue: queue ?? consumerQueue(useCase, event),
  };
  return EventPattern<string>(event, transport, { ...extras });
}
