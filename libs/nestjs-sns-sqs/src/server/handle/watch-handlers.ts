import { ExternalContextCreator } from '@nestjs/core';
import { contextState } from './context-state.js';

const INSTALLED = Symbol.for('nestjs-sns-sqs.watch-handlers');
/** On the state of a context of ours: takes what a handler behind interceptors gives. `Symbol.for`: the ESM and the CJS build share it. */
export const NOTE_WORK = Symbol.for('nestjs-sns-sqs.note-work');

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
  [NOTE_WORK](work: Promise<unknown>): void;
}

/**
 * Shows the transport what runs behind interceptors. Nest makes an observable of a handler with interceptors: when it is
 * unsubscribed at the end of its time, the handler's promise goes on unseen, and the message would be handled beside it.
 * This wraps the one method that calls handlers behind interceptors, once a process; calls whose context is not ours go
 * through untouched. Nest exports no way to the class but through a creator of contexts; where that has another shape,
 * the handler counts as ended when it is unsubscribed. (docs/adr/0017)
 */
export function watchHandlersBehindInterceptors(): void {
  const prototype = interceptorsConsumer();
  const original = prototype?.intercept;
  if (!prototype || !original || prototype[INSTALLED]) return;
  prototype.intercept = function (interceptors, args, instance, callback, next, type) {
    const noting = interceptors && interceptors.length > 0 ? contextState<NotesWork>(args?.[1], NOTE_WORK) : undefined;
    const watched: Next = () => {
      const work = next();
      noting?.[NOTE_WORK](work);
      return work;
    };
    return original.call(this, interceptors, args, instance, callback, noting ? watched : next, type);
  };
  prototype[INSTALLED] = true;
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
