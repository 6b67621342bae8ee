import type { LoggerService } from '@nestjs/common';
import { abortController } from '../../async/abort.js';
import { AWS_BATCH_MAX_ENTRIES } from '../../constants.js';
import { fromAwsError, isQueueMissing, mayPass } from '../../errors/aws-errors.js';
import type { SnsSqsError } from '../../errors/sns-sqs.error.js';
import type { SqsMessage, SqsWire } from '../../interfaces/wire.interface.js';
import { backoffMs } from '../../async/backoff.js';
import { pause } from '../../async/pause.js';

export interface ReplyPollerOptions {
  queueUrl: string;
  queueName: string;
  wire: Pick<SqsWire, 'receive'>;
  /** How many polls would be of use at one time; 0: nobody waits for a reply. */
  wanted: () => number;
  onMessages: (messages: SqsMessage[]) => Promise<void>;
  /** The queue was deleted. */
  onGone: (error: SnsSqsError) => void;
  logger: Pick<LoggerService, 'warn' | 'error'>;
}

/** Replies stay invisible for so long after a receive whose answer was lost, in seconds. */
export const REPLY_VISIBILITY_SECONDS = 30;
const WAIT_SECONDS = 20;
/** Long polls at one time, for many requests at once. */
const MAX_POLLS = 4;
/** A queue can take a moment until every host of SQS knows it (CreateQueue API: at least a second). */
const THERE_TRIES = 40;
const THERE_DELAY_MS = 250;
const FAULT_BACKOFF_MS = { initial: 200, max: 5_000 };

/** Long polls on a reply queue while somebody waits for a reply. */
export class ReplyPoller {
  private readonly stopping = abortController();
  private polls = 0;
  private faults = 0;
  private isReceivable = false;

  constructor(private readonly options: ReplyPollerOptions) {}

  /** Resolves when the new queue can be received from, through faults that pass, and polls from then on; rejects when it cannot, or on {@link stop}. */
  async untilReceivable(): Promise<void> {
    for (let attempt = 1; !this.isReceivable; attempt += 1) {
      try {
        await this.receive(0);
        this.isReceivable = true;
      } catch (error) {
        const failure = this.named(error);
        if (!(isQueueMissing(failure) || mayPass(failure)) || attempt >= THERE_TRIES) throw failure;
        await pause(THERE_DELAY_MS, this.stopping.signal);
        if (this.stopping.signal.aborted) throw failure;
      }
    }
    this.wake();
  }

  /** Somebody waits: polls, if not enough do already. */
  wake(): void {
    while (
      this.isReceivable &&
      !this.stopping.signal.aborted &&
      this.polls < Math.min(MAX_POLLS, this.options.wanted())
    ) {
      this.polls += 1;
      void this.poll();
    }
  }

  stop(): void {
    this.stopping.abort();
  }

  /** Counted out in the same moment as it decides to end: a request that comes then starts another. */
  private async poll(): Promise<void> {
    try {
      while (!this.stopping.signal.aborted && this.options.wanted() >= this.polls) await this.once();
    } finally {
      this.polls -= 1;
    }
  }

  private async once(): Promise<void> {
    try {
      const messages = await this.receive(WAIT_SECONDS);
      this.faults = 0;
      if (messages.length > 0) await this.options.onMessages(messages);
    } catch (error) {
      if (this.stopping.signal.aborted) return;
      const failure = this.named(error);
      if (isQueueMissing(failure)) this.options.onGone(failure);
      else await this.backOff(failure);
    }
  }

  private async backOff(failure: SnsSqsError): Promise<void> {
    if (this.faults === 0) this.options.logger.error(`${failure.message} The library tries again with backoff.`);
    this.faults += 1;
    await pause(backoffMs(FAULT_BACKOFF_MS, this.faults, Math.random), this.stopping.signal);
  }

  private receive(waitTimeSeconds: number): Promise<SqsMessage[]> {
    const { wire, queueUrl } = this.options;
    return wire.receive({
      queueUrl,
      maxMessages: AWS_BATCH_MAX_ENTRIES,
      waitTimeSeconds,
      visibilityTimeoutSeconds: REPLY_VISIBILITY_SECONDS,
      signal: this.stopping.signal,
    });
  }

  private named(error: unknown): SnsSqsError {
    return fromAwsError(error, 'ReceiveMessage', this.options.queueName);
  }
}
