import type { ConsumerOptions } from './options.interface.js';

/** A class, as a pipe takes it. */
export type ElementClass = abstract new (...args: never[]) => unknown;

/** The handler takes arrays: it is called once for many messages. */
export interface BatchOptions {
  /** Most messages of one call, 1 to 10,000. */
  size: number;
  /** Longest time that the first message of a batch waits for more, in milliseconds, 0 to 900,000. */
  windowMs: number;
  /**
   * Class of one payload, for pipes such as `ValidationPipe`, which see each payload alone. TypeScript writes only
   * `Array` into the metadata of a parameter. @default pipes see no class
   */
  items?: ElementClass | undefined;
}

/**
 * The options that a handler's decorator takes beside its names. These options belong to its queue and take precedence over
 * `queues` and `consumer` of the server. Handlers of one queue must not contradict each other.
 */
export interface HandlerOptions extends ConsumerOptions {
  /**
   * Calls the handler with an array of payloads and an array of contexts. A handler of requests cannot have it, and all
   * handlers of a queue must give the same. @default one call for each message
   */
  batch?: BatchOptions | undefined;
}
