import type { LoggerService } from '@nestjs/common';
import { finishesWithin } from '../async/finishes-within.js';
import { printable, printableStack } from '../logging/printable.js';
import { peek, thrownText } from '../errors/thrown.js';

type ErrorLog = Pick<LoggerService, 'error'>;

/**
 * Calls code of the user's that is only told something: a listener, a hook at an end. Never throws: what it throws, or
 * the promise that it gives rejects with, is logged and concerns nothing else. Call it when the library's own state is
 * set.
 * @param what begins the line of the log
 */
export function callUserCode(what: string, call: () => unknown, logger: ErrorLog): void {
  try {
    const given = call();
    if (isThenable(given)) void Promise.resolve(given).catch((error: unknown) => tell(what, error, logger));
  } catch (error) {
    tell(what, error, logger);
  }
}

/** Tells each listener, whatever those before it threw. */
export function tellListeners(what: string, listeners: readonly unknown[], fact: unknown, logger: ErrorLog): void {
  for (const listener of listeners) callUserCode(what, () => (listener as (fact: unknown) => unknown)(fact), logger);
}

/**
 * What a function of the user's gave where a plain value is asked for. A promise in its place is refused elsewhere; what
 * it rejects with must not end the process as an unhandled rejection.
 */
export function silenced<T>(given: T): T {
  if (isThenable(given)) void Promise.resolve(given).catch(() => undefined);
  return given;
}

/** Resolves to the value that code of the user's gave, or promised; rejects with `late()` if the promise has not ended after `ms`. */
export async function inTime<T>(given: T | PromiseLike<T>, ms: number, late: () => Error): Promise<T> {
  if (!isThenable(given)) return given;
  const work = Promise.resolve(given);
  if (await finishesWithin(work, ms)) return work;
  throw late();
}

/** Never throws. */
export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof peek(value, 'then') === 'function';

function tell(what: string, error: unknown, logger: ErrorLog): void {
  try {
    logger.error(`${what} threw: ${printable(thrownText(error))}. All other work continues.`, printableStack(error));
  } catch {
    // A logger of the user's: there is nobody left to tell.
  }
}
