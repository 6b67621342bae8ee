import type { Channel } from 'node:diagnostics_channel';
import { isMap } from 'node:util/types';
import { thrownText } from '../errors/thrown.js';
import { isThenable } from './user-code.js';

type Subscriber = (event: unknown, channel: string) => unknown;
type Store = { run<R>(value: unknown, work: () => R): R };
type Transform = ((event: unknown) => unknown) | undefined;
/** Fields of Node's own, which a Node of tomorrow may keep elsewhere. */
type Internals = Channel & { _subscribers?: unknown; _stores?: unknown };

/** Channels whose subscribers have thrown: each says it once. */
const WARNED = new Set<string>();

/**
 * Node's own `publish` makes an uncaught exception of what a subscriber throws, which ends the process: too much for a
 * fault of telemetry. A Node that keeps its subscribers elsewhere gets its own `publish`.
 */
export function tellSubscribers(to: Channel, event: unknown): void {
  const subscribers = (to as Internals)._subscribers;
  if (!Array.isArray(subscribers)) {
    // Without subscribers a channel has none of the fields, and its `publish` does nothing.
    to.publish(event);
    return;
  }
  for (const subscriber of subscribers) {
    try {
      const given = (subscriber as Subscriber)(event, String(to.name));
      // One that is asynchronous, and rejects, would end the process as well.
      if (isThenable(given)) void Promise.resolve(given).catch((error: unknown) => warn(String(to.name), error));
    } catch (error) {
      warn(String(to.name), error);
    }
  }
}

/** As Node's `runStores`, whatever a subscriber or the transform of a store throws. */
export function runInStores<R>(of: Channel, event: object, work: () => R): R {
  const stores = (of as Internals)._stores;
  let run = (): R => {
    tellSubscribers(of, event);
    return work();
  };
  if (!isMap(stores)) return run();
  for (const [store, transform] of stores as Map<Store, Transform>) run = inStore(of, store, transform, event, run);
  return run();
}

function inStore<R>(of: Channel, store: Store, transform: Transform, event: object, next: () => R): () => R {
  return () => {
    let value: unknown = event;
    try {
      if (transform) value = transform(event);
    } catch (error) {
      warn(String(of.name), error);
      return next();
    }
    return store.run(value, next);
  };
}

function warn(channel: string, error: unknown): void {
  if (WARNED.has(channel)) return;
  WARNED.add(channel);
  process.emitWarning(
    `A subscriber of the channel ${channel} threw: ${thrownText(error)}. Messages are not affected. Further errors of this channel's subscribers are not reported.`,
    { code: 'NESTJS_SNS_SQS_SUBSCRIBER' },
  );
}
