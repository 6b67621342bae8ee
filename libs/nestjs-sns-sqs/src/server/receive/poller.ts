import { AWS_BATCH_MAX_ENTRIES } from '../../constants.js';
import { monotonicNow } from '../../async/clock.js';
import { fromAwsError } from '../../errors/aws-errors.js';
import type { SqsMessage } from '../../interfaces/wire.interface.js';
import { BatchWait } from './batch-wait.js';
import { EmptyAnswers } from './empty-answers.js';
import type { Intake, Receipt } from './intake.js';
import { OpenReceives } from './open-receives.js';
import { ReceiveCalls, type ReceiveCall, type ReceiveCallsOptions } from './receive-calls.js';

export interface PollerOptions extends ReceiveCallsOptions {
  queueName: string;
  waitTimeSeconds: number;
  intake: Intake;
  /** A receive asks for so many when it may: ten, or the concurrency if that is less. */
  batchSize: number;
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
  private readonly calls: ReceiveCalls;
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
    this.calls = new ReceiveCalls(options, this.now);
  }

  /** One receive without waiting, to learn at the start whether this process may. Rejects with an SnsSqsError when not. */
  async probe(): Promise<{ messages: SqsMessage[]; receipt: Receipt }> {
    // One at least: a limit that all processes share gives nothing before it was asked.
    const size = Math.max(1, Math.min(AWS_BATCH_MAX_ENTRIES, this.options.intake.capacity));
    const call = this.calls.begin(size, 0);
    const { startedAt, abort, answer } = call;
    const ended: Promise<void> = answer.then(
      () => void this.open.remove(ended),
      () => void this.open.remove(ended),
    );
    this.open.add(ended, { startedAt, ask: 0, abort });
    try {
      const messages = await answer;
      return { messages, receipt: this.calls.receiptOf(call) };
    } catch (error) {
      this.calls.noteFailed(call, error);
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
    const call = this.calls.begin(ask, this.options.waitTimeSeconds);
    const { startedAt, abort } = call;
    const ended: Promise<void> = call.answer.then(
      messages => this.onReceived(ended, ask, call, messages),
      (error: unknown) => {
        this.calls.noteFailed(call, error);
        this.onFailed(ended, error);
      },
    );
    this.open.add(ended, { startedAt, ask, abort });
  }

  private onReceived(receive: Promise<void>, ask: number, call: ReceiveCall, messages: SqsMessage[]): void {
    const { startedAt } = call;
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
      this.options.intake.accept(messages, this.calls.receiptOf(call));
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
