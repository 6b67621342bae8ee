import type { MessageHandler } from '@nestjs/microservices';
import { quoted } from '../logging/printable.js';
import { topicOf } from '../topology/names.js';
import type { NamedExtras } from '../options/handler-names.js';

export interface NamedHandler {
  pattern: string;
  /** Full name. */
  queue: string;
  handler: Pick<MessageHandler, 'isEventHandler'>;
  extras: NamedExtras;
}

const WITHOUT_TOPIC =
  'Handlers without a topic (@OnCommand, @MessagePattern, or @EventPattern without extras) take what is sent to their queue. Events of a topic do not reach them. To handle those, use @OnDomainEvent, or give @EventPattern a topic and a queue.';

/** The lines that the start logs: for each handler the topic and the queue that it listens on. */
export function handlerLines(handlers: readonly NamedHandler[], prefix: string): string[] {
  const lines = handlers.map(({ pattern, queue, handler, extras: { topic } }) => {
    if (topic !== undefined)
      return `Handles the event ${quoted(pattern)} of the topic ${topicOf(prefix, topic)}, queue ${queue}.`;
    return `Handles the ${handler.isEventHandler ? 'command' : 'request'} ${quoted(pattern)}, queue ${queue}, no topic.`;
  });
  const isSurprising = handlers.some(({ handler, extras: { topic } }) => handler.isEventHandler && topic === undefined);
  return isSurprising ? [...lines, WITHOUT_TOPIC] : lines;
}
