import { concatMap, defer, from, map, of, type Observable } from 'rxjs';
import { isRecord, type PublishRecord } from '../record-builders/record.js';
import type { InputOf, OutputOf, RequestShapes } from './shapes.js';
import { valueOf, validate } from './validate.js';

/** The part of a client that a contract needs: `ClientSQS` has it. */
export interface SendingClient {
  send(pattern: string, data: unknown): Observable<unknown>;
}

export interface TypedSender<R extends RequestShapes> {
  /** As the client's own `send`, for the contract's names and types only. Errors with CONTRACT_VIOLATION. */
  send<Name extends keyof R & string>(
    pattern: Name,
    data: InputOf<R[Name]['request']> | PublishRecord<InputOf<R[Name]['request']>>,
  ): Observable<OutputOf<R[Name]['reply']>>;
}

const checked = (what: string, schema: unknown, data: unknown): Observable<unknown> =>
  defer(() => {
    const validation = validate(schema, data);
    return validation instanceof Promise ? from(validation) : of(validation);
  }).pipe(map(validation => valueOf(what, validation)));

/** The request is sent as it was given: what a schema transforms, it transforms for who gets it, the reply likewise. */
export function typedSender<R extends RequestShapes>(client: SendingClient, shapes: R): TypedSender<R> {
  return {
    send<Name extends keyof R & string>(pattern: Name, data: unknown) {
      const shape = shapes[pattern];
      const name = JSON.stringify(pattern);
      return checked(`The data of ${name}`, shape?.request, isRecord(data) ? data.data : data).pipe(
        concatMap(() => client.send(pattern, data)),
        concatMap(item => checked(`The reply to ${name}`, shape?.reply, item)),
      ) as Observable<OutputOf<R[Name]['reply']>>;
    },
  };
}
