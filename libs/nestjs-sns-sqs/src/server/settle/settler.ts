import type { LoggerService } from '@nestjs/common';
import { monotonicNow } from '../../async/clock.js';
import type { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { LineLimit } from '../../logging/line-limit.js';
import type { BatchFailure, SqsWire } from '../../interfaces/wire.interface.js';
import type { ProvisionedQueue } from '../../topology/topology.model.js';
import { BatchCaller, type BatchCallerOptions } from '../../wire/batch-caller.js';
import { DeadLetterWriter } from './dead-letter-writer.js';
import type { Delivery } from '../delivery.js';
import { RecentIds } from './recent-ids.js';
import { removalOf, type Removal } from './removal.js';
import { backoffSeconds, leastDelaySeconds, type Settlement } from './retry-policy.js';
import { VisibilityCaller } from './visibility-caller.js';

/**
 * How long a settlement waits for a fuller batch at most, in milliseconds. A delete is in no hurry: the lease is long, and
 * where nothing else is in work it leaves at once. On FIFO the group is locked until it has left.
 */
const DELETE_LINGER_MS = { standard: 50, fifo: 5 };
const OTHER_LINGER_MS = 5;
/** Message ids remembered as done at least, so that a delete that was lost does not run the handler again. 1 to 2 MB. */
const REMEMBERED_DONE = 10_000;

/** Of a copy that was refused, by the receives of its message: 5 s to a quarter of an hour. */
const COPY_BACKOFF = { initialSeconds: 5, factor: 2, maxSeconds: 900 };
export interface SettlerOptions {
  queue: ProvisionedQueue & { fifo: boolean };
  wire: SqsWire;
  logger: Pick<LoggerService, 'warn' | 'error'>;
  /** Deletes under way at one time. @default 50 */
  maxInFlight?: number;
  /** A settlement has its result. */
  onSettled?: () => void;
  /** The dead letter queue has refused a copy: DEAD_LETTER_REFUSED. The message is not deleted, and copied again later. */
  onCopiesRefused?: (error: SnsSqsError) => void;
  /** The first copy that is accepted after one that was refused. */
  onCopiesAccepted?: () => void;
  random?: () => number;
  now?: () => number;
}

const CLOSED: BatchFailure = {
  id: '',
  code: 'SERVER_CLOSED',
  message: 'AWS has not answered before the server closed',
  senderFault: true,
};

/** Where a settled message is for those behind it: out of their way, or it comes again. */
export type Departure = 'gone' | 'returns';

/** A delete is handed over, not waited for: the handler is done, and a message that comes again is deleted without running it. */
const GONE = Promise.resolve<Departure>('gone');
const RETURNS = Promise.resolve<Departure>('returns');

/**
 * Settles each delivery once: delete, delay, or dead-letter (copy first, delete when the copy is accepted). Never
 * rejects: what could not be settled stays with SQS, which delivers it again.
 */
export class Settler {
  private readonly deletes: BatchCaller<Removal>;
  private readonly visibility: VisibilityCaller;
  private readonly deadLetters: DeadLetterWriter;
  private readonly done = new RecentIds(REMEMBERED_DONE);
  private unsettled = 0;
  private isAbandoned = false;
  /** Those who wait until nothing is left without a result. */
  private readonly waiting = new Set<() => void>();
  private readonly random: () => number;
  private readonly now: () => number;
  private readonly lines: LineLimit;

  constructor(private readonly options: SettlerOptions) {
    const { wire, queue, logger } = options;
    this.lines = new LineLimit(text => logger.warn(text));
    this.random = options.random ?? Math.random;
    this.now = options.now ?? monotonicNow;
    const batching: BatchCallerOptions = {
      lingerMs: OTHER_LINGER_MS,
      maxAttempts: 4,
      retryDelayMs: 100,
      random: this.random,
    };
    this.deletes = new BatchCaller(entries => wire.deleteBatch(queue.url, entries), {
      ...batching,
      ...(options.maxInFlight !== undefined && { maxInFlight: options.maxInFlight }),
      lingerMs: queue.fifo ? DELETE_LINGER_MS.fifo : DELETE_LINGER_MS.standard,
    });
    this.visibility = new VisibilityCaller(wire, queue.url, batching, this.now);
    this.deadLetters = new DeadLetterWriter({
      queue,
      wire,
      batching,
      logger: options.logger,
      onRefused: options.onCopiesRefused,
      onAccepted: options.onCopiesAccepted,
    });
  }

  /** Settlements without a result yet. */
  get pending(): number {
    return this.unsettled;
  }

  /** True when this process has handled this message to its end before: its delete was lost or it came twice. */
  wasDone(delivery: Delivery): boolean {
    return this.done.has(delivery.messageId);
  }

  /**
   * Resolves when AWS has the settlement, or when it was given up and the message is left to its lease; for a delete,
   * at once. When its lease has
   * ended meanwhile it may be another's: what was handled is still deleted, a failure is left to who has it now.
   */
  settle(delivery: Delivery, settlement: Settlement, attempt: number): Promise<Departure> {
    if (this.isAbandoned) return RETURNS;
    if (!delivery.claimSettlement()) {
      // It will come again, and is done: that another may have it is for SQS and the inbox.
      if (settlement.kind === 'delete') this.remember(delivery);
      return RETURNS;
    }
    if (this.now() > delivery.leaseEndsAt) {
      const { name } = this.options.queue;
      this.lines.tell(
        'lease',
        `${name}: the lease of message ${delivery.messageId} had ended; SQS may deliver it again`,
      );
      if (settlement.kind !== 'delete') return RETURNS;
    }
    if (settlement.kind !== 'delete') return this.track(this.carryOut(delivery, settlement, attempt));
    this.remember(delivery);
    this.unsettled += 1;
    this.deletes.submit(removalOf(delivery), this.deleted);
    return GONE;
  }

  /** Makes unstarted messages visible again after `seconds`. Where a lease has ended, SQS has the message, or another consumer. */
  returnToQueue(deliveries: readonly Delivery[], seconds: number): void {
    if (this.isAbandoned) return;
    const now = this.now();
    for (const delivery of deliveries) {
      const isHeld = delivery.leaseEndsAt >= now && delivery.doubtedSince === undefined;
      if (delivery.claimSettlement() && isHeld) void this.track(this.delay(delivery, seconds));
    }
  }

  /**
   * Makes messages visible that were put off, by whatever process. One that cannot be is visible when its delay ends.
   * Resolves to whether SQS has accepted all.
   */
  async makeVisible(receiptHandles: readonly string[]): Promise<boolean> {
    if (this.isAbandoned) return false;
    const results = this.visibility.makeVisible(receiptHandles);
    for (const result of results) void this.track(result.then(() => 'returns'));
    return (await Promise.all(results)).every(failure => failure === undefined);
  }

  private get callers(): ReadonlyArray<Pick<BatchCaller<never>, 'dispatch' | 'stopLingering' | 'abandon'>> {
    return [this.deletes, this.visibility.caller, this.deadLetters];
  }

  /** Nothing else is in work, so no batch gets fuller: what waits leaves now. */
  sendBatchesNow(): void {
    for (const caller of this.callers) caller.dispatch();
  }

  /** For the time of closing: resolves when everything that was settled has its result. Nothing waits for a fuller batch any more. */
  async flush(): Promise<void> {
    for (const caller of this.callers) caller.stopLingering();
    if (this.unsettled > 0) await new Promise<void>(resolve => void this.waiting.add(resolve));
  }

  /** For the end: what has no result by now is left to SQS, and nothing more is settled. */
  abandon(): void {
    this.isAbandoned = true;
    for (const caller of this.callers) caller.abandon(CLOSED);
  }

  private track(work: Promise<Departure>): Promise<Departure> {
    this.unsettled += 1;
    void work.then(() => this.ended());
    return work;
  }

  private ended(): void {
    this.unsettled -= 1;
    if (this.unsettled === 0) this.tellIdle();
    this.options.onSettled?.();
  }

  private tellIdle(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }

  private carryOut(
    delivery: Delivery,
    settlement: Exclude<Settlement, { kind: 'delete' }>,
    attempt: number,
  ): Promise<Departure> {
    return settlement.kind === 'dead-letter'
      ? this.deadLetter(delivery, settlement.error, attempt)
      : this.delay(delivery, settlement.seconds);
  }

  private remember({ messageId }: Delivery): void {
    if (messageId !== '') this.done.add(messageId);
  }

  /** One for all deletes. */
  private readonly deleted = (failure: BatchFailure | undefined, removal: Removal): void => {
    this.noteDelete(failure, removal);
    this.ended();
  };

  private noteDelete(failure: BatchFailure | undefined, removal: Removal): void {
    if (!failure) return;
    this.warn('delete', removal.messageId, failure, 'SQS will deliver it again');
    const seconds = leastDelaySeconds(Number(removal.receives ?? 1));
    if (seconds > 0 && !this.isAbandoned) void this.track(this.delayLeased(removal, seconds));
  }

  private delay({ receiptHandle, messageId, receivedAt, trace }: Delivery, seconds: number): Promise<Departure> {
    return this.delayLeased({ receiptHandle, messageId, receivedAt, origin: trace }, seconds);
  }

  private async delayLeased(leased: Omit<Removal, 'receives'>, seconds: number): Promise<Departure> {
    const failure = await this.visibility.hide(leased, seconds);
    if (failure) this.warn('delay', leased.messageId, failure, 'it is visible again when its lease ends');
    return 'returns';
  }

  private async deadLetter(delivery: Delivery, error: unknown, attempt: number): Promise<Departure> {
    if ((await this.deadLetters.write(delivery, error, attempt)) === 'refused') {
      return this.delay(delivery, backoffSeconds(delivery.receiveCount, COPY_BACKOFF, this.random));
    }
    this.remember(delivery);
    const removal = removalOf(delivery);
    const deleted = this.deletes.add(removal);
    // Its lane waits for it; the others whose copies one call has taken leave with it.
    this.deletes.dispatchSoon();
    this.noteDelete(await deleted, removal);
    return 'gone';
  }

  private warn(action: string, messageId: string, { code, message }: BatchFailure, consequence: string): void {
    const { name } = this.options.queue;
    const text = `${name}: could not ${action} message ${messageId}: ${code}: ${message}; ${consequence}`;
    this.lines.tell(`${action} ${code}`, text);
  }
}
