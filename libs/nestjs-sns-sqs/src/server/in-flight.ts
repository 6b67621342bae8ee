import { LinkedList } from '../async/linked-list.js';
import type { Delivery } from './delivery.js';

/** Deliveries that were received and have not ended. Of one message there can be several: its lease was lost meanwhile. */
export class InFlight implements Iterable<Delivery> {
  private readonly deliveries = new LinkedList<Delivery>();
  private readonly countByMessageId = new Map<string, number>();

  /** @param isFifo only then {@link hasMessage} is asked, and ids are counted */
  constructor(private readonly isFifo: boolean) {}

  get size(): number {
    return this.deliveries.size;
  }

  [Symbol.iterator](): Iterator<Delivery> {
    return this.deliveries[Symbol.iterator]();
  }

  add(delivery: Delivery): void {
    delivery.placeInFlight = this.deliveries.add(delivery);
    if (this.isFifo) this.countByMessageId.set(delivery.messageId, this.countOf(delivery.messageId) + 1);
  }

  delete(delivery: Delivery): void {
    if (!this.deliveries.remove(delivery.placeInFlight) || !this.isFifo) return;
    const left = this.countOf(delivery.messageId) - 1;
    if (left > 0) this.countByMessageId.set(delivery.messageId, left);
    else this.countByMessageId.delete(delivery.messageId);
  }

  /** The same for any number of deliveries: it is asked for messages that have come again. */
  hasMessage(messageId: string): boolean {
    return this.countByMessageId.has(messageId);
  }

  private countOf(messageId: string): number {
    return this.countByMessageId.get(messageId) ?? 0;
  }
}
