import type { LoggerService } from '@nestjs/common';
import { abortController } from '../../async/abort.js';
import { AWS_BATCH_MAX_ENTRIES } from '../../constants.js';
import { monotonicNow } from '../../async/clock.js';
import type { ClockWatch } from '../../async/clock-watch.js';
import { LinkedList } from '../../async/linked-list.js';
import { pause } from '../../async/pause.js';
import { announce } from '../../events/diagnostics.js';
import { errorText, isLeaseGone } from '../../errors/aws-errors.js';
import { LineLimit } from '../../logging/line-limit.js';
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
  /** Undefined: the machine is taken to run all the time. */
  watch?: ClockWatch | undefined;
  now?: () => number;
}

/**
 * Of the visibility timeout: between two ticks, and after a tick that could not extend everything. A lease is extended
 * from a third of its age on, so perhaps only at two thirds: the next tick may come just before its end, and fail too.
 */
const TICK = { every: 1 / 3, again: 1 / 12 };

/**
 * Keeps the leases of a queue's deliveries alive, in batches of ten, once in a third of the visibility timeout, and four
 * times as often where that fails. AWS's bound of 12 h from the receive is kept. Claims in the inbox are renewed in the
 * same tick. A delivery that has lost its lease or its claim is told so by its signal. After what looks like a
 * suspension of the machine all are extended at once: their leases may be over, whatever the monotonic clock says.
 */
export class Heartbeat {
  private readonly held = new LinkedList<Delivery>();
  /** Settled, and their leases are over. */
  private readonly beyondReach = new WeakSet<Delivery>();
  private readonly now: () => number;
  private timer: NodeJS.Timeout | undefined;
  private again: NodeJS.Timeout | undefined;
  private readonly stopping = abortController();
  private readonly lines: LineLimit;

  constructor(private readonly options: HeartbeatOptions) {
    const { logger } = options;
    this.now = options.now ?? monotonicNow;
    this.lines = new LineLimit(text => logger.warn(text));
  }

  get size(): number {
    return this.held.size;
  }

  track(delivery: Delivery): void {
    if (this.stopping.signal.aborted) return;
    if (!this.held.has(delivery.heldLease)) delivery.heldLease = this.held.add(delivery);
    this.timer ??= setInterval(() => void this.renewDueLeases(), this.share(TICK.every));
  }

  untrack(delivery: Delivery): void {
    this.held.remove(delivery.heldLease);
  }

  /** The machine may have been suspended: no lease is taken for granted until it is extended. */
  doubtAll(): void {
    this.doubt([...this.held]);
  }

  doubt(deliveries: readonly Delivery[]): void {
    const now = this.now();
    for (const delivery of deliveries) delivery.doubtedSince = now;
    // Claims have the store's clock, which has gone on.
    if (deliveries.length > 0) void this.renew(now, Infinity);
  }

  /** Before what must not happen to messages that may be another consumer's by now: looks now, not only at the next tick. */
  noticeSuspension(): void {
    this.options.watch?.check();
  }

  /** Whether its lease may have ended although nothing here says so. */
  isDoubted(delivery: Delivery): boolean {
    this.noticeSuspension();
    return delivery.doubtedSince !== undefined;
  }

  /**
   * Whether a handler may begin: at once where its lease holds. Where the machine or the event loop has stood still, when
   * the lease is extended; false: another consumer may have the message.
   */
  mayBegin(delivery: Delivery): boolean | Promise<boolean> {
    return this.isHeld(delivery) || this.extended(delivery);
  }

  /** Nothing speaks against its lease. */
  isHeld(delivery: Delivery): boolean {
    return !this.isDoubted(delivery) && delivery.leaseEndsAt > this.now();
  }

  private async extended(delivery: Delivery): Promise<boolean> {
    delivery.doubtedSince ??= this.now();
    await this.confirm(delivery);
    return !delivery.leaseLost && delivery.doubtedSince === undefined;
  }

  /** Resolves when the lease of a doubted delivery was extended, or is lost; or when this is stopped. */
  async confirm(delivery: Delivery): Promise<void> {
    const { signal } = this.stopping;
    while (delivery.doubtedSince !== undefined && !delivery.leaseLost && !signal.aborted) {
      if (this.grantedSeconds(delivery, this.now()) === 0) return;
      await this.extend([delivery]);
      if (delivery.doubtedSince !== undefined && !delivery.leaseLost) await pause(this.share(TICK.again), signal);
    }
  }

  /** For good: nothing is extended any more. */
  stop(): void {
    this.stopping.abort();
    this.held.clear();
    this.rest();
  }

  /** Until something is held again. */
  private rest(): void {
    clearInterval(this.timer);
    clearTimeout(this.again);
    this.timer = this.again = undefined;
  }

  /** Of the visibility timeout, in milliseconds. */
  private share(part: number): number {
    return this.options.visibilityTimeoutSeconds * 1000 * part;
  }

  /** Extends every lease that would end before the tick after next, and renews such claims. */
  private async renewDueLeases(): Promise<void> {
    // Not as soon as there is none: where handlers are quick that is between any two receives.
    if (this.held.size === 0) return this.rest();
    const now = this.now();
    await this.renew(now, this.horizon(now));
  }

  private horizon(now: number): number {
    return now + this.share(2 * TICK.every);
  }

  /** Extends what is due or doubted, renews claims that would end before `claimsBefore`, and tries again soon where that fails. */
  private async renew(now: number, claimsBefore: number): Promise<void> {
    const horizon = this.horizon(now);
    const isGranted = ({ leaseEndsAt, doubtedSince }: Delivery): boolean =>
      leaseEndsAt > horizon && doubtedSince === undefined;
    const due: Delivery[] = [];
    for (const delivery of this.held) {
      if (delivery.leaseLost || this.beyondReach.has(delivery) || isGranted(delivery)) continue;
      const granted = this.grantedSeconds(delivery, now);
      const isLonger = now + granted * 1000 > delivery.leaseEndsAt || delivery.doubtedSince !== undefined;
      // Not by nothing: SQS would hand it out again at once.
      if (granted > 0 && isLonger) due.push(delivery);
      else if (delivery.leaseEndsAt <= now) this.lose(delivery, 'SQS extends none beyond 12 h from the receive');
    }
    const batches: Delivery[][] = [];
    for (let at = 0; at < due.length; at += AWS_BATCH_MAX_ENTRIES) {
      batches.push(due.slice(at, at + AWS_BATCH_MAX_ENTRIES));
    }
    const [isRenewed] = await Promise.all([
      this.renewClaims(claimsBefore, horizon),
      ...batches.map(batch => this.extend(batch)),
    ]);
    const isExtended = due.every(
      delivery => delivery.leaseLost || this.beyondReach.has(delivery) || isGranted(delivery),
    );
    if ((isExtended && isRenewed) || !this.timer) return;
    this.again ??= setTimeout(() => {
      this.again = undefined;
      void this.renewDueLeases();
    }, this.share(TICK.again));
  }

  /** False: some could not be renewed, and are not lost yet. */
  private async renewClaims(before: number, horizon: number): Promise<boolean> {
    const { renewClaims } = this.options;
    if (!renewClaims) return true;
    const endsBefore = ({ claim }: Delivery, time: number): boolean => claim !== undefined && claim.leaseEndsAt <= time;
    const due = [...this.held].filter(delivery => endsBefore(delivery, before));
    if (due.length === 0) return true;
    for (const delivery of await renewClaims(due)) {
      this.lose(delivery, 'its claim in the inbox is over');
      this.untrack(delivery);
    }
    return !due.some(delivery => this.held.has(delivery.heldLease) && endsBefore(delivery, horizon));
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
        if (!delivery) continue;
        delivery.leaseEndsAt = startedAt + this.grantedSeconds(delivery, startedAt) * 1000;
        // Not by a call that was under way meanwhile.
        if (delivery.doubtedSince !== undefined && delivery.doubtedSince <= startedAt)
          delivery.doubtedSince = undefined;
      }
      for (const failure of result.failed) {
        const delivery = batch[Number(failure.id)];
        if (delivery && isLeaseGone(failure.code)) this.lose(delivery, failure.message);
      }
    } catch (error) {
      const { queueName } = this.options;
      this.lines.tell('extend', `${queueName}: could not extend ${batch.length} lease(s): ${errorText(error)}`);
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
    if (!this.held.has(delivery.heldLease) || delivery.leaseLost) return;
    if (delivery.settled) {
      // Its copy to the dead letter queue is under way: its claim is kept, and there is no lease left to keep.
      this.beyondReach.add(delivery);
      if (!delivery.claim) this.untrack(delivery);
      return;
    }
    const { queueName } = this.options;
    this.lines.tell('lose', `${queueName}: lost the lease of message ${delivery.messageId}: ${why}`);
    announce('leaseLost', { queue: queueName, messageId: delivery.messageId, why });
    delivery.loseLease(new Error(`the lease of message ${delivery.messageId} is lost: ${why}`));
    // Its claim is renewed for as long as the handler runs, so that nobody else begins beside it.
    if (!delivery.claim) this.untrack(delivery);
  }
}
