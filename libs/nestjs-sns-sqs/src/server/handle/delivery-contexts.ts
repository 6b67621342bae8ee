import { AsyncResource } from 'node:async_hooks';

const TYPE = 'SnsSqsDelivery';
/** Nobody has to be told when it is collected, which would cost more than all the rest. */
const OPTIONS = { requireManualDestroy: true };

/**
 * Gives each delivery an async context of its own, as Nest's other transports have for each message: what a guard does
 * with `AsyncLocalStorage.enterWith` is seen by its message and by no other one of the receive. Each begins with the
 * context in which this was made, whoever causes the delivery to run: the timers and promises of another one may.
 */
export class DeliveryContexts {
  private readonly root = new AsyncResource(TYPE, OPTIONS);

  run<T, R>(work: (item: T) => R, item: T): R {
    return this.root.runInAsyncScope(inOwn<T, R>, undefined, work, item);
  }
}

/** On Node 20 and 22 `enterWith` writes to the resource that runs: one for each. */
function inOwn<T, R>(work: (item: T) => R, item: T): R {
  return new AsyncResource(TYPE, OPTIONS).runInAsyncScope(work, undefined, item);
}
