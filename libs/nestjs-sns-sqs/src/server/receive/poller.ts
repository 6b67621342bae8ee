import { AWS_BATCH_MAX_ENTRIES } from '../../constants.js';
import { fromAwsError } from '../../errors/aws-errors.js';
import type { SnsSqsError } from '../../errors/sns-sqs.error.js';
import type { SqsMessage, SqsWire } from '../../interfaces/wire.interface.js';

export interface PollerOptions {
  queueUrl: string;
  queueName: string;
  wire: SqsWire;
  waitTimeSeconds: number;
  visibilityTimeoutSeconds: number;
  /** How many messages may be received now, without those that receives in flight have asked for. */
  room: () => number;
  /** A receive asks for so many when it may: ten, or the concurrency if that is less. */
  fullAsk: number;
  /** True while messages are in work: then more room is to be expected soon. */
  isBusy: () => boolean;
  /** Takes what was received; `receivedAt` is from before the call, so that a lease is never thought longer than it is. */
  deliver: (messages: SqsMessage[], receivedAt: number) => void;
  /** How many receives may be under way at one time. @default as many as the room asks for */
  mostReceives?: () => number;
  /** Told how long a receive took that was answered in full, in milliseconds. */
  onFullReceive?: (ms: number) => void;
  /** A receive failed; the poller goes on by itself after a backoff. */
  onFault: (error: SnsSqsError) => void;
  /** The first receive that works after one that failed. */
  onRecovery: () => void;
  random?: () => number;
  now?: () => number;
}

/** One in flight. Its signal is its own: a shared one costs the more, the more listen to it. */
interface Receive {
  startedAt: number;
  cut: AbortController;
}

const FAULT_BACKOFF_MS = { initial: 200, max: 30_000 };
/** A receive that finds messages answers in about 10 ms inside a region; after this it is a long poll that waits. */
const YOUNG_RECEIVE_MS = 250;
const CUT_STEP_MS = 25;
/** While messages are in work a receive waits that long for room for a full one: calls cost money and CPU. */
const PATIENCE_MS = 5;

/**
 * Receives from one queue as long as there is room. Adaptive: one receive at a time while the queue gives less than is
 * asked for; each full answer allows one more at the same time, up to what the room or `mostReceives` allows, and an
 * empty one takes it back to one. A receive asks
 * for as many as there is room for, ten at most, and each asks only for what the others in flight have not. Faults are
 * waited out with exponential backoff and jitter.
 */
export class Poller {
  private readonly now: () => number;
  private readonly receiving = new Map<Promise<void>, Receive>();
  private started = false;
  private stopped = false;
  private width = 1;
  private asked = 0;
  private faults = 0;
  private resting: NodeJS.Timeout | undefined;
  private cutting: NodeJS.Timeout | undefined;
  private patience: NodeJS.Timeout | undefined;
  private patienceIsOver = false;

  constructor(private readonly options: PollerOptions) {
    this.now = options.now ?? Date.now;
  }

  /** One receive without waiting, to learn at the start whether this process may. Rejects with an SnsSqsError when not. */
  async probe(): Promise<{ messages: SqsMessage[]; receivedAt: number }> {
    const receivedAt = this.now();
    const cut = new AbortController();
    const answer = this.call(Math.min(AWS_BATCH_MAX_ENTRIES, this.options.room()), 0, cut.signal);
    const ended: Promise<void> = answer.then(
      () => void this.receiving.delete(ended),
      () => void this.receiving.delete(ended),
    );
    this.receiving.set(ended, { startedAt: receivedAt, cut });
    try {
      return { messages: await answer, receivedAt };
    } catch (error) {
      throw fromAwsError(error, 'ReceiveMessage', this.options.queueName);
    }
  }

  start(): void {
    this.started = true;
    this.wake();
  }

  /** There may be room again. */
  wake(): void {
    while (this.started && !this.stopped && !this.resting && this.receiving.size < this.width) {
      const room = this.options.room() - this.asked;
      if (room <= 0) return;
      const ask = Math.min(AWS_BATCH_MAX_ENTRIES, room);
      if (ask < this.options.fullAsk && !this.mayAskForLess()) return;
      this.receive(ask);
    }
  }

  /**
   * Receives nothing more; resolves when the receives in flight have ended. One that has just begun may have messages
   * on the way, which a cut would leave invisible for their whole lease: it gets a moment to answer.
   */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.resting);
    clearTimeout(this.patience);
    const youngest = Math.max(-Infinity, ...[...this.receiving.values()].map(({ startedAt }) => startedAt));
    this.cutIn(YOUNG_RECEIVE_MS - (this.now() - youngest));
    while (this.receiving.size > 0) await Promise.all(this.receiving.keys());
    clearTimeout(this.cutting);
  }

  /** Step by step: a process that stood still for as long has answers to read that have come meanwhile. */
  private cutIn(ms: number): void {
    const step = Math.min(CUT_STEP_MS, Math.max(0, ms));
    this.cutting = setTimeout(() => (ms > step ? this.cutIn(ms - step) : this.cutAll()), step);
  }

  private receive(ask: number): void {
    clearTimeout(this.patience);
    this.patience = undefined;
    this.patienceIsOver = false;
    this.asked += ask;
    const startedAt = this.now();
    const cut = new AbortController();
    const ended: Promise<void> = this.call(ask, this.options.waitTimeSeconds, cut.signal).then(
      messages => this.answered(ended, ask, startedAt, messages),
      (error: unknown) => this.failed(ended, ask, error),
    );
    this.receiving.set(ended, { startedAt, cut });
  }

  private cutAll(): void {
    for (const { cut } of this.receiving.values()) cut.abort();
  }

  private call(maxMessages: number, waitTimeSeconds: number, signal: AbortSignal): Promise<SqsMessage[]> {
    const { wire, queueUrl, visibilityTimeoutSeconds } = this.options;
    return wire.receive({ queueUrl, maxMessages, waitTimeSeconds, visibilityTimeoutSeconds, signal });
  }

  private answered(receive: Promise<void>, ask: number, startedAt: number, messages: SqsMessage[]): void {
    this.forget(receive, ask);
    if (messages.length === 0) this.width = 1;
    else if (messages.length >= ask) {
      this.width = Math.min(this.width + 1, this.mostReceives());
      this.options.onFullReceive?.(this.now() - startedAt);
    }
    if (messages.length > 0) this.options.deliver(messages, startedAt);
    if (this.faults > 0) {
      this.faults = 0;
      this.options.onRecovery();
    }
    this.wake();
  }

  private failed(receive: Promise<void>, ask: number, error: unknown): void {
    this.forget(receive, ask);
    this.width = 1;
    // Receives that were in flight together fail together: one fault, one backoff.
    if (this.stopped || this.resting) return;
    this.options.onFault(fromAwsError(error, 'ReceiveMessage', this.options.queueName));
    const bound = Math.min(FAULT_BACKOFF_MS.max, FAULT_BACKOFF_MS.initial * 2 ** this.faults);
    this.faults += 1;
    this.resting = setTimeout(
      () => {
        this.resting = undefined;
        this.wake();
      },
      (0.5 + (this.options.random ?? Math.random)() / 2) * bound,
    );
  }

  private forget(receive: Promise<void>, ask: number): void {
    this.receiving.delete(receive);
    this.asked -= ask;
  }

  /** Not while another receive is under way, nor before more room could have come up. */
  private mayAskForLess(): boolean {
    if (this.receiving.size > 0) return false;
    if (!this.options.isBusy() || this.patienceIsOver) return true;
    this.patience ??= setTimeout(() => this.losePatience(), PATIENCE_MS);
    return false;
  }

  private losePatience(): void {
    this.patience = undefined;
    this.patienceIsOver = true;
    this.wake();
  }

  /** Enough to fill all the room at once, as far as there may be as many. */
  private mostReceives(): number {
    const fill = Math.ceil((this.options.room() + this.asked) / AWS_BATCH_MAX_ENTRIES);
    return Math.max(1, Math.min(fill, this.options.mostReceives?.() ?? Infinity));
  }
}
