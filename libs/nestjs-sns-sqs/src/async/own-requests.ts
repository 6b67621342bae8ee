import { AsyncLocalStorage } from 'node:async_hooks';
import { nameOfUrl } from '../topology/names.js';

/** A handler that runs, as far as the requests that it sends concern it. */
export interface AskingHandler {
  /**
   * The handler waits for an answer from now on, until the caller calls the returned function.
   * @param queue full name of the queue that the request goes to
   */
  waitsFor(queue: string): () => void;
}

/** What this process's clients and servers know of each other, which import each other never. */
interface Shared {
  handlers: AsyncLocalStorage<AskingHandler>;
  /** Clients that can send requests. */
  clients: number;
  /** Beginnings of the names of this process's reply queues, up to their random ends. */
  callers: Set<string>;
}

/** `Symbol.for`: the ESM and the CJS build share it. */
const SHARED = Symbol.for('nestjs-sns-sqs.own-requests');

function shared(): Shared {
  const holder = globalThis as { [SHARED]?: Shared };
  return (holder[SHARED] ??= { handlers: new AsyncLocalStorage(), clients: 0, callers: new Set() });
}

/** A client of this process can send requests from now on, until the function that is returned is called. */
export function mayAsk(): () => void {
  shared().clients += 1;
  let isOpen = true;
  return () => {
    if (isOpen) shared().clients -= 1;
    isOpen = false;
  };
}

/** False: no client of this process can send a request, so that no handler can wait for an answer. */
export const canHandlersAsk = (): boolean => shared().clients > 0;

/** Runs `work` with everything that it leads to as the work of this handler. */
export const asHandler = <A extends unknown[], R>(handler: AskingHandler, work: (...args: A) => R, ...args: A): R =>
  shared().handlers.run(handler, work, ...args);

const NOBODY = (): void => undefined;

/** The handler that runs, if one does, waits for an answer until the function that is returned is called. */
export const waitsForAnswer = (queue: string): (() => void) => shared().handlers.getStore()?.waitsFor(queue) ?? NOBODY;

const callerOf = (replyQueueName: string): string => replyQueueName.slice(0, replyQueueName.lastIndexOf('-'));

/** A reply queue of this process: other processes of the service have the same but for the random end of the name. */
export const noteReplyQueue = (name: string): void => void shared().callers.add(callerOf(name));

/** Whether a request comes from a process of this service, as far as this process has sent requests itself. */
export const isOwnReplyQueue = (url: string): boolean => {
  const { callers } = shared();
  return callers.size > 0 && callers.has(callerOf(nameOfUrl(url)));
};
