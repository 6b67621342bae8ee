import type { LoggerService } from '@nestjs/common';
import { callUserCode } from './user-code.js';

/** Who is told what a listener threw. */
interface Guard {
  /** Begins the line of the log. */
  what: string;
  logger: Pick<LoggerService, 'error'>;
}

const GUARD = Symbol('guard');

type Guarded = AbortSignal & { [GUARD]?: Guard; [ON_ABORT]?: unknown };
type Listener = ((this: unknown, event: unknown) => unknown) | { handleEvent(event: unknown): unknown };

const ON_ABORT = Symbol('onabort');
/** By the listener that was given: what listens in its place, on every signal. */
const inPlaceOf = new WeakMap<object, (this: Guarded, event: unknown) => void>();

/**
 * Lets the listeners of a signal throw, or give a promise that rejects: it is logged, and the others are told all the
 * same. Node ends the process for it otherwise, with all the messages that are in work in it. Idempotent. Signals that
 * code of the user's makes of this one (`AbortSignal.any()`) are the user's own.
 */
export function guardListeners(signal: AbortSignal, what: string, logger: Guard['logger']): AbortSignal {
  const guarded: Guarded = signal;
  if (guarded[GUARD]) return signal;
  guarded[GUARD] = { what, logger };
  return Object.defineProperties(signal, MEMBERS);
}

const MEMBERS: PropertyDescriptorMap = {
  addEventListener: {
    value(this: Guarded, type: string, listener: Listener | null, options?: AddEventListenerOptions | boolean): void {
      EventTarget.prototype.addEventListener.call(this, type, guardOf(listener), options);
    },
  },
  removeEventListener: {
    value(this: Guarded, type: string, listener: Listener | null, options?: EventListenerOptions | boolean): void {
      EventTarget.prototype.removeEventListener.call(this, type, guardOf(listener), options);
    },
  },
  onabort: {
    get(this: Guarded): unknown {
      return this[ON_ABORT] ?? null;
    },
    set(this: Guarded, listener: unknown): void {
      const before = this[ON_ABORT] as Listener | undefined;
      if (before) this.removeEventListener('abort', before as never);
      this[ON_ABORT] = typeof listener === 'function' ? listener : undefined;
      if (typeof listener === 'function') this.addEventListener('abort', listener as never);
    },
  },
};

/** What is no listener stays as it is: Node refuses or ignores it. */
function guardOf(listener: Listener | null): never {
  if ((typeof listener !== 'object' && typeof listener !== 'function') || listener === null) return listener as never;
  let guard = inPlaceOf.get(listener);
  if (!guard) {
    guard = function (event) {
      const { what, logger } = this[GUARD] as Guard;
      const call = (): unknown =>
        typeof listener === 'function' ? listener.call(this, event) : listener.handleEvent(event);
      callUserCode(what, call, logger);
    };
    inPlaceOf.set(listener, guard);
  }
  return guard as never;
}
