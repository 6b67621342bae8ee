import { AWS_BATCH_MAX_ENTRIES } from '../../constants.js';
import { monotonicNow } from '../../async/clock.js';
import type { ClockWatch } from '../../async/clock-watch.js';
import { fromAwsError } from '../../errors/aws-errors.js';
import type { SqsMessage, SqsWire } from '../../interfaces/wire.interface.js';
import { AttemptIds, type ReceiveAttempt } from './attempt-ids.js';
import { BatchWait } from './batch-wait.js';
import { EmptyAnswers } from './empty-answers.js';
import type { Intake, Receipt } from './intake.js';
import { leaseStart } from './lease-start.js';
import { OpenReceives } from './open-receives.js';

export interface PollerOptions {
  queueUrl: string;
  queueName: string;
  /** Its receives carry attempt ids. @default false */
  fifo?: boolean;
  wire: SqsWire;
  waitTimeSeconds: number;
  visibilityTimeoutSeconds: number;
  intake: Intake;
  /** A receive asks for so many when it may: ten, or the concurrency if that is less. */
  batchSize: number;
  /** Undefined: the event loop and the machine are taken to run all the time. */
  watch?: ClockWatch | undefined;
  /** Told the date of SQS's answers, and when their receives began. */
  onDate?: (date: number, startedAt: number) => void;
  random?: () => number;
  now?: () => number;
}

const FAULT_BACKOFF_MS = { initial: 200, max: 30_000 };

/**
 * Receives from one queue as long as there is room. Adaptive: one receive at a time while the queue gives less than is
 * asked for; each full answer allows one more at the same time, up to what the room or `maxReceives` allows, and an
 * empty one takes it back to one. A receive asks
 * for as many as there is room for, ten at most, and each asks only for what the others in flight have not. Faults are
 * waited out with exponential backoff and jitter.
 */
export class Poller {
  private readonly now: () => number;
  /** Undefined on a standard queue. */
  private readonly attempts: AttemptIds | undefined;
  private readonly open: OpenReceives;
  private readonly batchWait = new BatchWait(() => this.wake());
  private started = false;
  private stopped = false;
  private parallelReceives = 1;
  private faults = 0;
  private readonly emptyAnswers: EmptyAnswers;
  private backingOff: NodeJS.Timeout | undefined;
  private lastEndedAt = 0;

  constructor(private readonly options: PollerOptions) {
    this.now = options.now ?? monotonicNow;
    this.open = new OpenReceives(this.now);
    this.emptyAnswers = new EmptyAnswers(options.waitTimeSeconds);
    this.attempts = options.fifo ? new AttemptIds(this.now) : undefined;
  }

  /** One receive without waiting, to learn at the start whether this process may. Rejects with an SnsSqsError when not. */
  async probe(): Promise<{ messages: SqsMessage[]; receipt: Receipt }> {
    const startedAt = this.now();
    const abort = new AbortController();
    const attempt = this.attempts?.next();
    // One at least: a limit that all processes share gives nothing before it was asked.
    const size = Math.max(1, Math.min(AWS_BATCH_MAX_ENTRIES, this.options.intake.capacity));
    const answer = this.call(size, 0, { startedAt, abort }, attempt);
    const ended: Promise<void> = answer.then(
      () => void this.open.remove(ended),
      () => void this.open.remove(ended),
    );
    this.open.add(ended, { startedAt, ask: 0, abort });
    try {
      const messages = await answer;
      return { messages, receipt: this.receiptOf(startedAt) };
    } catch (error) {
      this.noteFailed(attempt, error);
      throw fromAwsError(error, 'ReceiveMessage', this.options.queueName);
    }
  }

  /**
   * For how long nothing has been received although it should be, in milliseconds: a receive does not end, or none was
   * begun. 0: no receive is due.
   */
  get stalledMs(): number {
    if (!this.started || this.stopped || this.backingOff || this.batchWait.isRunning) return 0;
    if (this.open.size === 0 && this.options.intake.capacity <= 0) return 0;
    return Math.max(0, this.now() - (this.open.since ?? this.lastEndedAt));
  }

  /** Receives in flight. */
  get receives(): number {
    return this.open.size;
  }

  start(): void {
    this.started = true;
    this.lastEndedAt = this.now();
    this.wake();
  }

  /** There may be capacity again. */
  wake(): void {
    while (this.started && !this.stopped && !this.backingOff && this.open.size < this.parallelReceives) {
      const room = this.options.intake.capacity - this.open.requested;
      if (room <= 0) return;
      const ask = Math.min(AWS_BATCH_MAX_ENTRIES, room);
      if (ask < this.options.batchSize && !this.mayAskForLess()) return;
      this.receive(ask);
    }
  }

  /** Receives nothing more, and ends the receives in flight. Resolves when they have ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.backingOff);
    this.batchWait.reset();
    this.endReceives();
    await this.open.allEnded();
    this.open.keepOpen();
  }

  /** Ends the receives that are under way, see {@link OpenReceives.endSoon}. */
  endReceives(): void {
    this.open.endSoon();
  }

  /** Receives again after {@link endReceives}. */
  resume(): void {
    this.open.keepOpen();
    this.wake();
  }

  /** Waits for no receive any more. */
  abandon(): void {
    this.stopped = true;
    this.open.abortAll();
    clearTimeout(this.backingOff);
    this.batchWait.reset();
  }

  private receive(ask: number): void {
    this.batchWait.reset();
    const startedAt = this.now();
    const abort = new AbortController();
    const attempt = this.attempts?.next();
    const ended: Promise<void> = this.call(ask, this.options.waitTimeSeconds, { startedAt, abort }, attempt).then(
      messages => this.onReceived(ended, ask, startedAt, messages),
      (error: unknown) => {
        this.noteFailed(attempt, error);
        this.onFailed(ended, error);
      },
    );
    this.open.add(ended, { startedAt, ask, abort });
  }

  private call(
    maxMessages: number,
    waitTimeSeconds: number,
    { startedAt, abort: { signal } }: { startedAt: number; abort: AbortController },
    attempt: ReceiveAttempt | undefined,
  ): Promise<SqsMessage[]> {
    const { wire, queueUrl, visibilityTimeoutSeconds, onDate } = this.options;
    const asked = { queueUrl, maxMessages, waitTimeSeconds, visibilityTimeoutSeconds, signal };
    const request = onDate ? { ...asked, onDate: (date: number) => onDate(date, startedAt) } : asked;
    return wire.receive(attempt ? { ...request, attemptId: attempt.id } : request);
  }

  private noteFailed(attempt: ReceiveAttempt | undefined, error: unknown): void {
    if (attempt) this.attempts?.noteFailed(attempt, error);
  }

  private onReceived(receive: Promise<void>, ask: number, startedAt: number, messages: SqsMessage[]): void {
    this.forget(receive);
    if (messages.length === 0) {
      this.parallelReceives = 1;
      this.pauseIfEarly(this.now() - startedAt);
    } else if (messages.length >= ask) {
      this.parallelReceives = Math.min(this.parallelReceives + 1, this.maxReceives());
      this.options.intake.onFullReceive?.(this.now() - startedAt);
    }
    if (messages.length > 0) {
      this.emptyAnswers.forget();
      this.options.intake.accept(messages, this.receiptOf(startedAt));
    }
    if (this.faults > 0) {
      this.faults = 0;
      this.options.intake.onRecovery();
    }
    this.wake();
  }

  private pauseIfEarly(tookMs: number): void {
    // Those that were in flight together count once.
    if (this.open.size > 0) return;
    const pauseMs = this.emptyAnswers.pauseMsAfter(tookMs);
    if (pauseMs > 0 && !this.stopped && !this.backingOff) this.backOffFor(pauseMs);
  }

  private backOffFor(ms: number): void {
    this.backingOff = setTimeout(() => {
      this.backingOff = undefined;
      this.wake();
    }, ms);
  }

  private onFailed(receive: Promise<void>, error: unknown): void {
    const failed = this.forget(receive);
    this.parallelReceives = 1;
    if (failed?.abort.signal.aborted) return this.wake();
    // Receives that were in flight together fail together: one fault, one backoff.
    if (this.stopped || this.backingOff) return;
    const bound = Math.min(FAULT_BACKOFF_MS.max, FAULT_BACKOFF_MS.initial * 2 ** this.faults);
    this.faults += 1;
    this.backOffFor((0.5 + (this.options.random ?? Math.random)() / 2) * bound);
    // Last: whatever comes of telling it, the queue is asked again.
    this.options.intake.onFault(fromAwsError(error, 'ReceiveMessage', this.options.queueName));
  }

  private receiptOf(beganAt: number): Receipt {
    const { watch, visibilityTimeoutSeconds } = this.options;
    const now = this.now();
    const arrivedAt = watch ? watch.arrivalOf(now) : now;
    return {
      receivedAt: leaseStart({ beganAt, arrivedAt }, visibilityTimeoutSeconds),
      isDoubted: watch?.hasJumpedSince(beganAt) ?? false,
    };
  }

  private forget(receive: Promise<void>) {
    this.lastEndedAt = this.now();
    return this.open.remove(receive);
  }

  /** Not while another receive is under way, nor before more room could have come up. */
  private mayAskForLess(): boolean {
    if (this.open.size > 0) return false;
    if (!this.options.intake.isBusy || this.batchWait.isOver) return true;
    this.batchWait.start();
    return false;
  }

  /** Enough to fill all the room at once, as far as there may be as many. */
  private maxReceives(): number {
    const fill = Math.ceil((this.options.intake.capacity + this.open.requested) / AWS_BATCH_MAX_ENTRIES);
    return Math.max(1, Math.min(fill, this.options.intake.maxReceives ?? Infinity));
  }
}
