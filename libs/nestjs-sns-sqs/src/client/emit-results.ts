import type { EventEmitter } from 'node:events';
import { AsyncSubject, type Observable } from 'rxjs';
import { errorText } from '../errors/aws-errors.js';
import { tellListeners } from '../events/user-code.js';
import type { OneLineLogger } from '../logging/one-line-logger.js';
import type { Publisher, StartedEmit } from './publish/publisher.js';

/** Observables of emits: one value or an error, also for who subscribes late; the client's listeners hear of the error. */
export class EmitResults {
  constructor(
    private readonly logger: OneLineLogger,
    private readonly emitter: EventEmitter,
  ) {}

  of<T>(work: Promise<T>): Observable<T> {
    const result = new AsyncSubject<T>();
    work.then(
      value => tellValue(result, value),
      (error: unknown) => this.tellError(result, error),
    );
    return result.asObservable();
  }

  /**
   * As {@link of} with `publisher.publish()`, with one promise in place of four. That one has to be: a subscriber is told in
   * the async context of its own emit, whichever emit's call it was.
   */
  ofStarted<T>(publisher: Publisher, { event, result: sent }: StartedEmit): Observable<T> {
    const result = new AsyncSubject<T>();
    sent.then(
      error => {
        publisher.announceEnd(event, error);
        if (error === undefined) tellValue(result, undefined as T);
        else this.tellError(result, error);
      },
      (error: unknown) => this.tellError(result, error),
    );
    return result.asObservable();
  }

  private tellError<T>(result: AsyncSubject<T>, error: unknown): void {
    if (!result.observed) this.logger.error(`an event was not published: ${errorText(error)}`);
    result.error(error);
    tellListeners("A listener of the client's errors", this.emitter.listeners('error'), error, this.logger);
  }
}

function tellValue<T>(result: AsyncSubject<T>, value: T): void {
  result.next(value);
  result.complete();
}
