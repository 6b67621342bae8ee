import type { SqsMessage, SqsWire } from '../interfaces/wire.interface.js';
import { fromAwsError } from '../errors/aws-errors.js';
import type { SnsSqsError } from '../errors/sns-sqs.error.js';

export interface PollerOptions {
  queueUrl: string;
  queueName: string;
  wire: SqsWire;
  waitTimeSeconds: number;
  visibilityTimeoutSeconds: number;
  /** How many messages may be received now; 0: none, until {@link Poller.wake}. */
  room: () => number;
  /** Takes what was received; `receivedAt` is from before the call, so that a lease is never thought longer than it is. */
  deliver: (messages: SqsMessage[], receivedAt: number) => void;
  /** A receive failed; the poller goes on by itself after a backoff. */
  onFault: (error: SnsSqsError) => void;
  /** The first receive that works after one that failed. */
  onRecovery: () => void;
  random?: () => number;
  now?: () => number;
}

const FAULT_BACKOFF_MS = { initial: 200, max: 30_000 };
/** A receive that finds messages answers in about 10 ms inside a region; after this it is a long poll that waits. */
const YOUNG_RECEIVE_MS = 250;

/** Receives from one queue as long as there is room, and waits out faults with exponential backoff and full jitter. */
export class Poller {
  private readonly receiving = new AbortController();
  private readonly now: () => number;
  private wakeUp: (() => void) | undefined;
  private endPause: (() => void) | undefined;
  private stopped = false;
  private receivingSince = 0;
  private faults = 0;
  private loop: Promise<void> | undefined;

  constructor(private readonly options: PollerOptions) {
    this.now = options.now ?? Date.now;
  }

  /** One receive without waiting, to learn at the start whether this process may. Rejects with an SnsSqsError when not. */
  async probe(): Promise<{ messages: SqsMessage[]; receivedAt: number }> {
    const receivedAt = this.now();
    try {
      return { messages: await this.receive(Math.min(10, this.options.room()), 0), receivedAt };
    } catch (error) {
      throw fromAwsError(error, 'ReceiveMessage', this.options.queueName);
    }
  }

  start(): void {
    this.loop ??= this.run();
  }

  /** There may be room again. */
  wake(): void {
    this.wakeUp?.();
  }

  /**
   * Receives nothing more; resolves when the receive in flight has ended. One that has just begun may have messages on
   * the way, which a cut would leave invisible for their whole lease: it gets a moment to answer.
   */
  async stop(): Promise<void> {
    this.stopped = true;
    this.endPause?.();
    const age = this.now() - this.receivingSince;
    const cut = setTimeout(() => this.receiving.abort(), Math.max(0, YOUNG_RECEIVE_MS - age));
    await this.loop;
    clearTimeout(cut);
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      const room = Math.min(10, this.options.room());
      if (room <= 0) {
        await this.pause();
        continue;
      }
      const receivedAt = this.now();
      try {
        const messages = await this.receive(room, this.options.waitTimeSeconds);
        if (messages.length > 0) this.options.deliver(messages, receivedAt);
        if (this.faults > 0) this.recovered();
      } catch (error) {
        if (!this.stopped) await this.backOff(error);
      }
    }
  }

  private receive(maxMessages: number, waitTimeSeconds: number): Promise<SqsMessage[]> {
    const { wire, queueUrl, visibilityTimeoutSeconds } = this.options;
    const { signal } = this.receiving;
    this.receivingSince = this.now();
    return wire.receive({ queueUrl, maxMessages, waitTimeSeconds, visibilityTimeoutSeconds, signal });
  }

  private recovered(): void {
    this.faults = 0;
    this.options.onRecovery();
  }

  private async backOff(error: unknown): Promise<void> {
    this.options.onFault(fromAwsError(error, 'ReceiveMessage', this.options.queueName));
    const bound = Math.min(FAULT_BACKOFF_MS.max, FAULT_BACKOFF_MS.initial * 2 ** this.faults);
    this.faults += 1;
    await this.pause((0.5 + (this.options.random ?? Math.random)() / 2) * bound);
  }

  /** Until woken, or for `ms`: a fault is waited out whatever room there is. The stop ends both. */
  private pause(ms?: number): Promise<void> {
    return new Promise(resolve => {
      const timer = ms === undefined ? undefined : setTimeout(() => done(), ms);
      const done = (): void => {
        clearTimeout(timer);
        this.wakeUp = undefined;
        this.endPause = undefined;
        resolve();
      };
      this.endPause = done;
      if (ms === undefined) this.wakeUp = done;
      if (this.stopped) done();
    });
  }
}
