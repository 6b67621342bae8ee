import { HeldBackError } from './held-back.js';

/** The beginning of a handler, before which guards, interceptors and pipes take their time. */
export interface HandlerEntry {
  /** The reason for which the handler was told to stop. */
  readonly abortReason: Error | undefined;
  hasEntered: boolean;
  /** Its handler was not called, whatever interceptors and filters make of that. */
  isKeptOut: boolean;
}

/**
 * Guards, interceptors and pipes have come to the handler: why it must not be called any more; undefined: it is called.
 * @param mayBegin neither does the server stop, nor has the handler lost what it would work on
 */
export function enterHandler(entry: HandlerEntry, mayBegin: boolean): Error | undefined {
  const { abortReason } = entry;
  // An interceptor may call it again.
  if (entry.hasEntered) return abortReason;
  entry.isKeptOut = !mayBegin || abortReason !== undefined;
  if (entry.isKeptOut) return new HeldBackError();
  entry.hasEntered = true;
  return undefined;
}

/** A handler that is called anew, by an interceptor that retries, has ended when all its calls have. */
export const workBeside = (earlier: Promise<unknown> | undefined, work: Promise<unknown>): Promise<unknown> =>
  earlier ? bothEnded(earlier, work) : work;

/** What they gave is not kept: a stream may emit promises for hours. */
async function bothEnded(earlier: Promise<unknown>, work: Promise<unknown>): Promise<void> {
  await Promise.allSettled([earlier, work]);
}

/** Calls back when this has ended, either way; at once where there is nothing. */
export function afterEnd(work: Promise<unknown> | undefined, then: () => void): void {
  if (work) work.then(then, then);
  else then();
}
