import { AsyncSubject, throwError, type Observable } from 'rxjs';
import { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { SqlExecutor } from '../interfaces/sql.interface.js';
import { heldIn, holdIn } from '../outbox/transaction-writes.js';
import { isRecord, type PublishRecord } from '../record-builders/record.js';
import type { InputOf, Shapes } from './shapes.js';
import { violation, type Validation, validate } from './validate.js';

/** The part of a client that a contract needs: `ClientSNS` and `ClientSQS` have it. */
export interface EmittingClient {
  emit(pattern: string, data: unknown): Observable<unknown>;
  within?(tx: SqlExecutor): Pick<EmittingClient, 'emit'>;
}

export interface TypedEmitter<S extends Shapes> {
  /** As the client's own `emit`, for the contract's names and types only. Errors with CONTRACT_VIOLATION. */
  emit<Name extends keyof S & string>(
    pattern: Name,
    data: InputOf<S[Name]> | PublishRecord<InputOf<S[Name]>>,
  ): Observable<void>;

  /**
   * As the client's own `within`: events become rows of this transaction.
   * @throws {SnsSqsError} OUTBOX_REQUIRED: the client has no outbox
   */
  within(tx: SqlExecutor): Pick<TypedEmitter<S>, 'emit'>;
}

/** The validated data is published as it was given: what a schema transforms, it transforms for the handler. */
export function typedEmitter<S extends Shapes>(client: EmittingClient, shapes: S): TypedEmitter<S> {
  return {
    within(tx) {
      if (client.within) return typedEmitter(client.within(tx), shapes);
      throw new SnsSqsError('OUTBOX_REQUIRED', {
        problem: 'The client of this contract has no within()',
        remedy: 'give the contract a ClientSNS or a ClientSQS that has the option `outbox`',
      });
    },
    emit(pattern, data) {
      const publish = (): Observable<void> => client.emit(pattern, data) as Observable<void>;
      const check = validate(shapes[pattern], isRecord(data) ? data.data : data);
      if (!(check instanceof Promise)) return outcome(client, pattern, check, publish);
      const result = new AsyncSubject<void>();
      holdIn(client, check).then(
        validation => outcome(client, pattern, validation, publish).subscribe(result),
        (error: unknown) => result.error(error),
      );
      return result.asObservable();
    },
  };
}

function outcome(
  client: EmittingClient,
  pattern: string,
  validation: Validation,
  publish: () => Observable<void>,
): Observable<void> {
  if (!('issues' in validation)) return publish();
  const { issues } = validation;
  return heldIn(
    client,
    throwError(() => violation(`The data of ${JSON.stringify(pattern)}`, issues)),
  );
}
