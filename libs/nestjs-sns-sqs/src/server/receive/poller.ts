import { AWS_BATCH_MAX_ENTRIES } from '../../constants.js';
import { monotonicNow } from '../../async/clock.js';
import type { ClockWatch } from '../../async/clock-watch.js';
import { fromAwsError } from '../../errors/aws-errors.js';
import type { SqsMessage, SqsWire } from '../../interfaces/wire.interface.js';
import { AttemptIds, type ReceiveAttempt } from './attempt-ids.js';
import { EmptyAnswers } from './empty-answers.js';
import type { Intake, Receipt } from './intake.js';
import { leaseStart } from './lease-start.js';

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
  random?: () => number;
  now?: () => number;
}

/** One in flight. Its signal is its own: a shared one costs the more, the more listen to it. */
interface Receive {
  startedAt: number;
  abort: AbortController;
}

const FAULT_BACKOFF_MS = { initial: 200, max: 30_000 };
/** A receive that finds messages answers in about 10 ms inside a region; after this it is a long poll that waits. */
const YOUNG_RECEIVE_MS = 250;
const ABORT_STEP_MS = 25;
/** While messages are in work a receive waits that long for room for a full one: calls cost money and CPU. */
const BATCH_WAIT_MS = 5;

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
  private readonly receiving = new Map<Promise<void>, Receive>();
  private started = false;
  private stopped = false;
  private parallelReceives = 1;
  private requested = 0;
  private faults = 0;
  private readonly emptyAnswers: EmptyAnswers;
  private backingOff: NodeJS.Timeout | undefined;
  private aborting: NodeJS.Timeout | undefined;
  private batchWait: NodeJS.Timeout | undefined;
  private isBatchWaitOver = false;
  private lastEndedAt = 0;

  constructor(private readonly options: PollerOptions) {
    this.now = options.now ?? monotonicNow;
    this.emptyAnswers = new EmptyAnswers(options.waitTimeSeconds);
    this.attempts = options.fifo ? new AttemptIds(this.now) : undefined;
  }

  /** One receive without waiting, to learn at the start whether this process may. Rejects with an SnsSqsError when not. */
  async probe(): Promise<{ messages: SqsMessage[]; receipt: Receipt }> {
    const startedAt = this.now();
    const abort = new AbortController();
    const attempt = this.attempts?.next();
    const answer = this.call(Math.min(AWS_BATCH_MAX_ENTRIES, this.options.intake.capacity), 0, abort.signal, attempt);
    const ended: Promise<void> = answer.then(
      () => void this.receiving.delete(ended),
      () => void this.receiving.delete(ended),
    );
    this.receiving.set(ended, { startedAt, abort });
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
    if (!this.started || this.stopped || this.backingOff || this.batchWait) return 0;
    if (this.receiving.size === 0 && this.options.intake.capacity <= 0) return 0;
    const since = Math.min(...[...this.receiving.values()].map(({ startedAt }) => startedAt), Infinity);
    return Math.max(0, this.now() - (since === Infinity ? this.lastEndedAt : since));
  }

  /** Receives in flight. */
  get receives(): number {
    return this.receiving.size;
  }

  start(): void {
    this.started = true;
    this.lastEndedAt = this.now();
    this.wake();
  }

  /** There may be capacity again. */
  wake(): void {
    while (this.started && !this.stopped && !this.backingOff && this.receiving.size < this.parallelReceives) {
      const room = this.options.intake.capacity - this.requested;
      if (room <= 0) return;
      const ask = Math.min(AWS_BATCH_MAX_ENTRIES, room);
      if (ask < this.options.batchSize && !this.mayAskForLess()) return;
      this.receive(ask);
    }
  }

  /**
   * Receives nothing more; resolves when the receives in flight have ended. One that has just begun may have messages
   * on the way, which an abort would leave invisible for their whole lease: it gets a moment to answer.
   */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.backingOff);
    clearTimeout(this.batchWait);
    this.endReceives();
    while (this.receiving.size > 0) await Promise.all(this.receiving.keys());
    clearTimeout(this.aborting);
  }

  /** Ends the receives that are under way; one that has just begun gets a moment to answer, as at {@link stop}. */
  endReceives(): void {
    clearTimeout(this.aborting);
    const youngest = Math.max(-Infinity, ...[...this.receiving.values()].map(({ startedAt }) => startedAt));
    this.abortAfter(YOUNG_RECEIVE_MS - (this.now() - youngest));
  }

  /** Receives again after {@link endReceives}. */
  resume(): void {
    clearTimeout(this.aborting);
    this.wake();
  }

  /** Waits for no receive any more. */
  abandon(): void {
    this.stopped = true;
    this.abortAll();
    for (const timer of [this.backingOff, this.batchWait, this.aborting]) clearTimeout(timer);
  }

  /** Step by step: a process that stood still for as long has answers to read that have come meanwhile. */
  private abortAfter(ms: number): void {
    const step = Math.min(ABORT_STEP_MS, Math.max(0, ms));
    this.aborting = setTimeout(() => (ms > step ? this.abortAfter(ms - step) : this.abortAll()), step);
  }

  private receive(ask: number): void {
    clearTimeout(this.batchWait);
    this.batchWait = undefined;
    this.isBatchWaitOver = false;
    this.requested += ask;
    const startedAt = this.now();
    const abort = new AbortController();
    const attempt = this.attempts?.next();
    const ended: Promise<void> = this.call(ask, this.options.waitTimeSeconds, abort.signal, attempt).then(
      messages => this.onReceived(ended, ask, startedAt, messages),
      (error: unknown) => {
        this.noteFailed(attempt, error);
        this.onFailed(ended, ask, error);
      },
    );
    this.receiving.set(ended, { startedAt, abort });
  }

  private abortAll(): void {
    for (const { abort } of this.receiving.values()) abort.abort();
  }

  private call(
    maxMessages: number,
    waitTimeSeconds: number,
    signal: AbortSignal,
    attempt: ReceiveAttempt | undefined,
  ): Promise<SqsMessage[]> {
    const { wire, queueUrl, visibilityTimeoutSeconds } = this.options;
    const request = { queueUrl, maxMessages, waitTimeSeconds, visibilityTimeoutSeconds, signal };
    return wire.receive(attempt ? { ...request, attemptId: attempt.id } : request);
  }

  private noteFailed(attempt: ReceiveAttempt | undefined, error: unknown): void {
    if (attempt) this.attempts?.noteFailed(attempt, error);
  }

  private onReceived(receive: Promise<void>, ask: number, startedAt: number, messages: SqsMessage[]): void {
    this.forget(receive, ask);
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
    if (this.receiving.size > 0) return;
    const pauseMs = this.emptyAnswers.pauseMsAfter(tookMs);
    if (pauseMs > 0 && !this.stopped && !this.backingOff) this.backOffFor(pauseMs);
  }

  private backOffFor(ms: number): void {
    this.backingOff = setTimeout(() => {
      this.backingOff = undefined;
      this.wake();
    }, ms);
  }

  private onFailed(receive: Promise<void>, ask: number, error: unknown): void {
    const wasEnded = this.receiving.get(receive)?.abort.signal.aborted ?? false;
    this.forget(receive, ask);
    this.parallelReceives = 1;
    if (wasEnded) return this.wake();
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

  private forget(receive: Promise<void>, ask: number): void {
    this.lastEndedAt = this.now();
    this.receiving.delete(receive);
    this.requested -= ask;
  }

  /** Not while another receive is under way, nor before more room could have come up. */
  private mayAskForLess(): boolean {
    if (this.receiving.size > 0) return false;
    if (!this.options.intake.isBusy || this.isBatchWaitOver) return true;
    this.batchWait ??= setTimeout(() => this.endBatchWait(), BATCH_WAIT_MS);
    return false;
  }

  private endBatchWait(): void {
    this.batchWait = undefined;
    this.isBatchWaitOver = true;
    this.wake();
  }

  /** Enough to fill all the room at once, as far as there may be as many. */
  private maxReceives(): number {
    const fill = Math.ceil((this.options.intake.capacity + this.requested) / AWS_BATCH_MAX_ENTRIES);
    return Math.max(1, Math.min(fill, this.options.intake.maxReceives ?? Infinity));
  }
}
