import { isOwnReplyQueue } from '../async/own-requests.js';
import { replyAddressOf } from '../envelope/reply.js';
import type { ResolvedConsumerOptions } from '../options/server-options.js';
import type { Delivery } from './delivery.js';
import type { Dispatcher } from './handle/dispatcher.js';
import { BatchLanes } from './receive/batch-lanes.js';
import { hasLowerSequence } from './receive/lane-key.js';
import type { LaneSet } from './receive/lane-set.js';
import type { LaneRunner } from './receive/lane-base.js';
import { Lanes } from './receive/lanes.js';
import type { RequestSlots } from './receive/request-slots.js';
import type { Slots } from './receive/slots.js';

/** Messages that may be in work at one time: with batches, those that run, and one batch that is being filled. */
export const messagesInWork = ({ concurrency, batch }: ResolvedConsumerOptions): number =>
  batch ? batch.size * (concurrency + 1) : concurrency;

interface LaneParts {
  queue: { fifo: boolean };
  settings: ResolvedConsumerOptions;
  slots: Slots;
  requestSlots?: RequestSlots;
}

/** The lanes of a queue: those of batches, or those of single messages. */
export function assembleLanes(
  { queue, settings, slots, requestSlots }: LaneParts,
  consumer: { onRunEnd(): void },
  runner: LaneRunner<Delivery>,
  dispatcher: Dispatcher,
): LaneSet<Delivery> {
  const { batch, concurrency, ordering, weight } = settings;
  const common = { runner, onEnd: () => consumer.onRunEnd(), limit: concurrency, slots, weight };
  if (batch) {
    const begin = (deliveries: readonly Delivery[]) => dispatcher.beginBatch(deliveries);
    const idOf = ({ messageId }: Delivery): string => messageId;
    return new BatchLanes({ ...common, ...batch, begin, areTogether: queue.fifo, idOf });
  }
  return new Lanes({
    ...common,
    ...(requestSlots && { requests: { slots: requestSlots, isOne: isOwnRequest } }),
    ...(ordering === 'sequential' && { isBefore: hasLowerSequence }),
  });
}

/** Sent by a process of this service. */
function isOwnRequest({ message }: Delivery): boolean {
  const address = replyAddressOf(message);
  return address !== undefined && isOwnReplyQueue(address.queueUrl);
}
