import type { ArgumentsHost } from '@nestjs/common';
import { BaseRpcExceptionFilter } from '@nestjs/microservices';
import { throwError, type Observable } from 'rxjs';
import { SqsBatchContext } from '../../ctx-host/sqs-batch.context.js';
import { SqsContext } from '../../ctx-host/sqs.context.js';

const INSTALLED = Symbol.for('nestjs-sns-sqs.original-errors');

type Catch = (this: BaseRpcExceptionFilter, exception: unknown, host: ArgumentsHost) => Observable<unknown>;
type Patchable = { catch: Catch; [INSTALLED]?: true };

/**
 * Lets what a handler, pipe or guard threw reach the transport as it is. Nest's last filter turns it into
 * `{ status: 'error', message: 'Internal server error' }`, and a retry policy that sees only that can classify
 * nothing. A strategy cannot add a filter to the application that it is given to, so this wraps the one method that
 * every unhandled RPC error comes to; calls whose context is not ours go through untouched, and so do requests, whose
 * callers get what Nest's other transports would answer. User filters run before
 * it, as always. (docs/adr/0003)
 */
export function keepOriginalErrors(): void {
  const prototype = BaseRpcExceptionFilter.prototype as unknown as Patchable;
  if (prototype[INSTALLED]) return;
  const original = prototype.catch;
  prototype.catch = function (exception, host) {
    const context: unknown = host.switchToRpc().getContext();
    return isOurs(context) && !isRequest(context) ? throwError(() => exception) : original.call(this, exception, host);
  };
  prototype[INSTALLED] = true;
}

const isRequest = (context: unknown): boolean => (context as Partial<SqsContext>).isRequest?.() ?? false;

/** By name too: the ESM and the CJS build have a class each, and only one of them may have come here first. */
const isOurs = (context: unknown): boolean =>
  context instanceof SqsContext ||
  context instanceof SqsBatchContext ||
  (typeof context === 'object' &&
    context !== null &&
    OURS.includes((context.constructor as { name?: string } | undefined)?.name ?? ''));

const OURS = [SqsContext.name, SqsBatchContext.name];
