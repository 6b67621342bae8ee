import { AsyncLocalStorage } from 'node:async_hooks';
import type { EventFields } from '../envelope/event-attributes.js';
import type { EventMetadata } from '../interfaces/envelope.interface.js';

/** One for the ESM and the CJS build: a handler of one may emit by a client of the other. */
const KEY = Symbol.for('nestjs-sns-sqs.conversation');
const holder = globalThis as { [KEY]?: AsyncLocalStorage<EventMetadata> };
const handled: AsyncLocalStorage<EventMetadata> = (holder[KEY] ??= new AsyncLocalStorage<EventMetadata>());

/** Runs `work`; what it emits belongs to the conversation of this event. */
export const inConversation = <A extends unknown[], R>(
  metadata: EventMetadata,
  work: (...args: A) => R,
  ...args: A
): R => handled.run(metadata, work, ...args);

/** The event or command whose handler emits now; undefined: none. */
export const handledEvent = (): EventMetadata | undefined => handled.getStore();

/** An event that a handler emits belongs to the conversation of what it handles. */
export const conversationOf = (handled: EventMetadata): EventFields => ({
  correlationId: handled.correlationId ?? handled.id,
  causationId: handled.id,
});
