import { Observable, type Observer, type Subscription } from 'rxjs';
import type { LoggerService } from '@nestjs/common';
import { callUserCode } from './user-code.js';

type Next<T> = (value: T) => void;
type Given<T> = Partial<Observer<T>> | Next<T> | null | undefined;

/**
 * The same states, for code of the user's. An error of a subscriber is logged; rxjs would make an uncaught exception of
 * the error, which ends the process. Behind operators (`status.pipe(…)`) rxjs has its way.
 */
export function guardedStatus<T>(status: Observable<T>, logger: Pick<LoggerService, 'error'>): Observable<T> {
  const guarded = new Observable<T>(subscriber => status.subscribe(subscriber));
  const subscribe = guarded.subscribe.bind(guarded) as (observer: unknown, ...rest: unknown[]) => Subscription;
  guarded.subscribe = (given?: Given<T>, ...rest: unknown[]): Subscription =>
    subscribe(isSubscriber(given) ? given : guardedObserver(given, logger), ...rest);
  return guarded;
}

function guardedObserver<T>(given: Given<T>, logger: Pick<LoggerService, 'error'>): Given<T> {
  const observer = typeof given === 'function' ? { next: given } : (given ?? {});
  return {
    ...observer,
    next: value => callUserCode('A subscriber of the status', () => observer.next?.(value), logger),
  };
}

/** An operator's, or one that rxjs has made already. */
const isSubscriber = (given: unknown): boolean =>
  typeof (given as { unsubscribe?: unknown } | null | undefined)?.unsubscribe === 'function';
