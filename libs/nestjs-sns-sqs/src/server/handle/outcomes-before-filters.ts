import { NestMicroservice } from '@nestjs/microservices';
import { isInstance } from '../../errors/thrown.js';
import { HeldBackError } from '../held-back.js';
import { contextState } from './context-state.js';

const INSTALLED = Symbol.for('nestjs-sns-sqs.outcomes-before-filters');
/** On the state of a context of ours: takes what a handler, pipe, guard or interceptor threw. `Symbol.for`: as elsewhere. */
export const NOTE_THROWN = Symbol.for('nestjs-sns-sqs.note-thrown');

/** Takes the errors of the pipeline of a delivery. */
export interface NotesThrown {
  /** Called before any filter. True: a filter that gives nothing has not handled the error. */
  [NOTE_THROWN](error: unknown): boolean;
}

type HandleError = (
  handler: unknown,
  args: readonly unknown[] | undefined,
  error: unknown,
  ...rest: unknown[]
) => unknown;
type Proxy = { handleError?: HandleError; [INSTALLED]?: true };
type Patchable = { registerListeners?: (...args: unknown[]) => unknown; [INSTALLED]?: true };

/** What is used of Nest's microservice, all of it guarded: another version may not have it. */
interface Microservice {
  microservicesModule?: { listenersController?: { contextCreator?: { rpcProxy?: object } } };
}

/**
 * Shows the transport what a pipeline threw before exception filters make something else of it. A filter that was
 * written for HTTP gives a value, or throws since there is no response, and `RetryLater`, `DeadLetter` and `Discard` would
 * be lost. This wraps the one method that every error of an RPC handler comes through, once a process; calls whose
 * context is not ours go through untouched. Nest exports no way to it but through the microservice that registers its
 * handlers; where that has another shape, what filters make of an outcome counts. (docs/adr/0003)
 */
export function noteOutcomesBeforeFilters(): void {
  const prototype = NestMicroservice.prototype as unknown as Patchable;
  const original = prototype.registerListeners;
  if (prototype[INSTALLED] || !original) return;
  prototype.registerListeners = function (...args) {
    const { rpcProxy } = (this as Microservice).microservicesModule?.listenersController?.contextCreator ?? {};
    if (rpcProxy) watchErrors(Object.getPrototypeOf(rpcProxy) as Proxy);
    return original.apply(this, args);
  };
  prototype[INSTALLED] = true;
}

function watchErrors(prototype: Proxy): void {
  const original = prototype.handleError;
  if (prototype[INSTALLED] || !original) return;
  prototype.handleError = function (handler, args, error, ...rest) {
    // No filter is to make a result of it.
    if (isInstance(error, HeldBackError)) throw error;
    const isToBeHandled = contextState<NotesThrown>(args?.[1], NOTE_THROWN)?.[NOTE_THROWN](error) ?? false;
    const given = original.call(this, handler, args, error, ...rest);
    return isToBeHandled && given instanceof Promise ? orThrown(given, error) : given;
  };
  prototype[INSTALLED] = true;
}

/** As Nest does for a filter that is not asynchronous: where it gives nothing, the error goes on. */
async function orThrown(given: Promise<unknown>, error: unknown): Promise<unknown> {
  const value = await given;
  if (value === undefined || value === null) throw error;
  return value;
}
