import type { LoggerService } from '@nestjs/common';
import { AWS_BATCH_MAX_ENTRIES } from '../../constants.js';
import { monotonicNow } from '../../async/clock.js';
import { errorText } from '../../errors/aws-errors.js';
import type { SqsWire } from '../../interfaces/wire.interface.js';
import type { Delivery } from '../delivery.js';
import { grantableSeconds } from './visibility.js';

export interface HeartbeatOptions {
  queueUrl: string;
  queueName: string;
  wire: SqsWire;
  visibilityTimeoutSeconds: number;
  logger: Pick<LoggerService, 'warn'>;
  /** Renews claims in the inbox; gives the deliveries that have lost theirs. Must not reject. */
  renewClaims?: ((deliveries: readonly Delivery[]) => Promise<Delivery[]>) | undefined;
  now?: () => number;
}

/** Codes by which SQS says that a handle no longer holds its message (ChangeMessageVisibility API). */
const LOST = /ReceiptHandleIsInvalid|MessageNotInflight|InvalidParameterValue/;

/**
 * Of the visibility timeout: between two ticks, and after a tick that could not extend everything. A lease is extended
 * from a third of its age on, so perhaps only at two thirds: the next tick may come just before its end, and fail too.
 */
const TICK = { every: 1 / 3, again: 1 / 12 };

/**
 * Keeps the leases of a queue's deliveries alive, in batches of ten, once in a third of the visibility timeout, and four
 * times as often where that fails. AWS's bound of 12 h from the receive is kept. Claims in the inbox are renewed in the
 * same tick. A delivery that has lost its lease or its claim is told so by its signal.
 */
export class Heartbeat {
  private readonly held = new Set<Delivery>();
  private readonly now: () => number;
  private timer: NodeJS.Timeout | undefined;
  private again: NodeJS.Timeout | undefined;

  constructor(private readonly options: HeartbeatOptions) {
    this.now = options.now ?? monotonicNow;
  }

  get size(): number {
    return this.held.size;
  }

  track(delivery: Delivery): void {
    this.held.add(delivery);
    this.timer ??= setInterval(() => void this.renewDueLeases(), this.share(TICK.every));
  }

  untrack(delivery: Delivery): void {
    this.held.delete(delivery);
  }

  stop(): void {
    clearInterval(this.timer);
    clearTimeout(this.again);
    this.timer = this.again = undefined;
  }

  /** Of the visibility timeout, in milliseconds. */
  private share(part: number): number {
    return this.options.visibilityTimeoutSeconds * 1000 * part;
  }

  /** Extends every lease that would end before the tick after next. */
  private async renewDueLeases(): Promise<void> {
    // Not as soon as there is none: where handlers are quick that is between any two receives.
    if (this.held.size === 0) return this.stop();
    const now = this.now();
    const extendBefore = now + this.share(2 * TICK.every);
    const due: Delivery[] = [];
    for (const delivery of this.held) {
      if (delivery.leaseLost || delivery.leaseEndsAt > extendBefore) continue;
      const granted = this.grantedSeconds(delivery, now);
      // Not by nothing: SQS would hand it out again at once.
      if (granted > 0 && now + granted * 1000 > delivery.leaseEndsAt) due.push(delivery);
      else if (delivery.leaseEndsAt <= now) this.lose(delivery, 'SQS extends none beyond 12 h from the receive');
    }
    const batches: Delivery[][] = [];
    for (let at = 0; at < due.length; at += AWS_BATCH_MAX_ENTRIES) {
      batches.push(due.slice(at, at + AWS_BATCH_MAX_ENTRIES));
    }
    const [isRenewed] = await Promise.all([
      this.renewClaims(extendBefore),
      ...batches.map(batch => this.extend(batch)),
    ]);
    const isExtended = due.every(delivery => delivery.leaseLost || delivery.leaseEndsAt > extendBefore);
    if ((isExtended && isRenewed) || !this.timer) return;
    this.again ??= setTimeout(() => {
      this.again = undefined;
      void this.renewDueLeases();
    }, this.share(TICK.again));
  }

  /** False: some could not be renewed, and are not lost yet. */
  private async renewClaims(before: number): Promise<boolean> {
    const { renewClaims } = this.options;
    if (!renewClaims) return true;
    const isDue = ({ claim }: Delivery): boolean => claim !== undefined && claim.leaseEndsAt <= before;
    const due = [...this.held].filter(isDue);
    if (due.length === 0) return true;
    for (const delivery of await renewClaims(due)) {
      this.lose(delivery, 'its claim in the inbox is over');
      this.untrack(delivery);
    }
    return !due.some(delivery => this.held.has(delivery) && isDue(delivery));
  }

  private async extend(batch: Delivery[]): Promise<void> {
    const { wire, queueUrl } = this.options;
    const startedAt = this.now();
    try {
      const result = await wire.changeVisibilityBatch(
        queueUrl,
        batch.map((delivery, index) => ({
          id: String(index),
          receiptHandle: delivery.receiptHandle,
          visibilityTimeoutSeconds: this.grantedSeconds(delivery, startedAt),
        })),
      );
      for (const { id } of result.successful) {
        const delivery = batch[Number(id)];
        if (delivery) delivery.leaseEndsAt = startedAt + this.grantedSeconds(delivery, startedAt) * 1000;
      }
      for (const failure of result.failed) {
        const delivery = batch[Number(failure.id)];
        if (delivery && LOST.test(failure.code)) this.lose(delivery, failure.message);
      }
    } catch (error) {
      this.options.logger.warn(
        `${this.options.queueName}: could not extend ${batch.length} lease(s): ${errorText(error)}`,
      );
    }
    for (const delivery of batch) {
      if (delivery.leaseEndsAt <= this.now()) this.lose(delivery, 'it was not extended in time');
    }
  }

  /** What SQS would extend a lease by at `at`, in whole seconds: it counts its 12 h from the receive. */
  private grantedSeconds({ receivedAt }: Delivery, at: number): number {
    return grantableSeconds(this.options.visibilityTimeoutSeconds, receivedAt, at);
  }

  private lose(delivery: Delivery, why: string): void {
    if (!this.held.has(delivery) || delivery.settled || delivery.leaseLost) return;
    this.options.logger.warn(`${this.options.queueName}: lost the lease of message ${delivery.messageId}: ${why}`);
    delivery.loseLease(new Error(`the lease of message ${delivery.messageId} is lost: ${why}`));
    // Its claim is renewed for as long as the handler runs, so that nobody else begins beside it.
    if (!delivery.claim) this.untrack(delivery);
  }
}
