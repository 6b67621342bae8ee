import type { Delivery } from '../delivery.js';

const REMEMBERED = 10_000;

/**
 * How often this process received a message and gave it back without starting it. SQS counts each receive; an attempt
 * is one that was started, and a message behind a failing head must not pay for it. Bounded: the oldest go first.
 */
export class UnstartedMemory {
  private readonly counts = new Map<string, number>();

  note(messageId: string): void {
    this.set(messageId, (this.counts.get(messageId) ?? 0) + 1);
  }

  /** Nobody has ever started this one, whatever SQS counted: it stands behind another of its FIFO group. */
  noteNeverStarted({ messageId, receiveCount }: Delivery): void {
    if (receiveCount > 1) this.set(messageId, receiveCount - 1);
  }

  private set(messageId: string, count: number): void {
    this.counts.delete(messageId);
    this.counts.set(messageId, count);
    if (this.counts.size > REMEMBERED) this.forget(this.counts.keys().next().value ?? messageId);
  }

  forget(messageId: string): void {
    if (this.counts.size > 0) this.counts.delete(messageId);
  }

  /** From 1. */
  attemptOf(delivery: Delivery): number {
    const { receiveCount } = delivery;
    if (this.counts.size === 0) return receiveCount;
    return Math.max(1, receiveCount - (this.counts.get(delivery.messageId) ?? 0));
  }
}
