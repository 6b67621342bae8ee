import { monotonicNow } from '../async/clock.js';
import { announce } from '../events/diagnostics.js';
import { isTraced } from '../events/traced.js';
import type { SqsMessage } from '../interfaces/wire.interface.js';
import type { QueueConsumerOptions } from './consumer-options.js';
import type { ConsumerParts } from './consumer-parts.js';
import { Delivery } from './delivery.js';
import type { InFlight } from './in-flight.js';
import type { Receipt } from './receive/intake.js';

/** Takes in what one queue's receives bring: keeps the leases, and hands each message to its lane. */
export class Reception {
  constructor(
    private readonly options: Pick<QueueConsumerOptions, 'queue' | 'settings' | 'telemetry'>,
    private readonly inFlight: InFlight,
    private readonly parts: ConsumerParts,
  ) {}

  accept(messages: SqsMessage[], receipt: Receipt): void {
    const { queue, telemetry } = this.options;
    const { lanes, heartbeat, laneKey, attempts, steering, runner, sqsClock } = this.parts;
    steering.noteReceived(messages.length);
    announce('received', { queue: queue.name, count: messages.length });
    const deliveries = this.deliveries(messages, receipt);
    // One of a batch tells as much as all.
    if (deliveries[0]) sqsClock.note(deliveries[0]);
    const acceptedAt = isTraced('process', telemetry) ? monotonicNow() : undefined;
    if (steering.isHeld) return runner.returnToQueue(deliveries, undefined);
    for (const delivery of deliveries) {
      delivery.acceptedAt = acceptedAt;
      const lane = laneKey(delivery);
      if (queue.fifo && lanes.isTaken(lane) && !this.isInFlight(delivery)) attempts.noteBehindAnother(delivery);
      this.inFlight.add(delivery);
      heartbeat.track(delivery);
      lanes.submit(delivery, lane);
    }
    if (receipt.isDoubted) heartbeat.doubt(deliveries);
  }

  deliveries(messages: SqsMessage[], { receivedAt }: Receipt): Delivery[] {
    const leaseEndsAt = receivedAt + this.options.settings.visibilityTimeoutSeconds * 1000;
    return messages.map(message => new Delivery(message, receivedAt, leaseEndsAt));
  }

  /** True: it has come again although an earlier delivery of it has not ended. */
  private isInFlight({ messageId, receiveCount }: Delivery): boolean {
    return receiveCount > 1 && this.inFlight.hasMessage(messageId);
  }
}
