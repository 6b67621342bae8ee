import { ExternalContextCreator } from '@nestjs/core';
import { contextState } from './context-state.js';

const INSTALLED = Symbol.for('nestjs-sns-sqs.watch-handlers');
/** On the state of a context of ours: takes what a handler behind interceptors gives. `Symbol.for`: the ESM and the CJS build share it. */
export const NOTE_WORK = Symbol.for('nestjs-sns-sqs.note-work');
/** On the state of a context of ours: asked right before a handler is called. */
export const ENTER = Symbol.for('nestjs-sns-sqs.enter');

type Next = () => Promise<unknown>;
type Intercept = (
  interceptors: readonly unknown[] | undefined,
  args: readonly unknown[] | undefined,
  instance: unknown,
  callback: unknown,
  next: Next,
  type: unknown,
) => Promise<unknown>;
type Patchable = { intercept?: Intercept; [INSTALLED]?: true };

/** What notes the work of a delivery. */
export interface NotesWork {
  /** Why the handler must not be called any more; undefined: it is called. An older copy of the library does not know it. */
  [ENTER]?(): Error | undefined;
  [NOTE_WORK](work: Promise<unknown>): void;
}

/**
 * Shows the transport what runs behind interceptors, and lets it keep a handler from beginning when guards and
 * interceptors have taken too long. Nest makes an observable of a handler with interceptors, or with a hook before
 * requests: when that fails, completes or is unsubscribed before the handler has ended, the handler's promise goes on
 * unseen, and the message would be handled beside it. This wraps the one method that calls handlers, once a process; calls
 * whose context is not ours go through untouched. Nest exports no way to the class but through a creator of contexts;
 * where that has another shape, the handler counts as ended when its observable has. (docs/adr/0017)
 */
export function watchHandlersBehindInterceptors(): void {
  const prototype = interceptorsConsumer();
  const original = prototype?.intercept;
  if (!prototype || !original || prototype[INSTALLED]) return;
  prototype.intercept = function (interceptors, args, instance, callback, next, type) {
    const delivery = contextState<NotesWork>(args?.[1], NOTE_WORK);
    if (!delivery) return original.call(this, interceptors, args, instance, callback, next, type);
    if (!interceptors || interceptors.length === 0) {
      refuseIfOver(delivery);
      const work = original.call(this, interceptors, args, instance, callback, next, type);
      delivery[NOTE_WORK](work);
      return work;
    }
    const watched: Next = () => {
      refuseIfOver(delivery);
      const work = next();
      delivery[NOTE_WORK](work);
      return work;
    };
    return original.call(this, interceptors, args, instance, callback, watched, type);
  };
  prototype[INSTALLED] = true;
}

/** Guards and interceptors may have taken their time: the server may stop by now, or the handler's time be up. */
function refuseIfOver(delivery: NotesWork): void {
  const refusal = delivery[ENTER]?.();
  if (refusal) throw refusal;
}

function interceptorsConsumer(): Patchable | undefined {
  try {
    const container = { applicationConfig: undefined, getModules: () => new Map() };
    const creator: unknown = ExternalContextCreator.fromContainer(container as never);
    const { interceptorsConsumer: consumer } = creator as { interceptorsConsumer?: object };
    return consumer && (Object.getPrototypeOf(consumer) as Patchable);
  } catch {
    return undefined;
  }
}
