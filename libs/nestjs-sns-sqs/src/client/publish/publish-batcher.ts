import { monotonicNow } from '../../async/clock.js';
import {
  DEFAULT_PUBLISH_LINGER_MS,
  DEFAULT_PUBLISH_MAX_ATTEMPTS,
  DEFAULT_PUBLISH_MAX_PENDING,
  DEFAULT_PUBLISH_RETRY_DELAY_MS,
  DEFAULT_PUBLISH_TIMEOUT_MS,
} from '../../constants.js';
import { messageBytes } from '../../envelope/message-size.js';
import { SnsSqsError } from '../../errors/sns-sqs.error.js';
import { isInstance } from '../../errors/thrown.js';
import type { PublishOptions } from '../../interfaces/client-options.interface.js';
import type { BatchFailure, BatchResult, OutgoingSqsMessage } from '../../interfaces/wire.interface.js';
import { BatchCaller } from '../../wire/batch-caller.js';
import { TOO_LATE } from '../../wire/batch-failure.js';
import type { OutgoingEntry } from './outgoing-event.js';

/** An option that is left out has its default. */
export const publishSettings = ({
  lingerMs = DEFAULT_PUBLISH_LINGER_MS,
  maxAttempts = DEFAULT_PUBLISH_MAX_ATTEMPTS,
  retryDelayMs = DEFAULT_PUBLISH_RETRY_DELAY_MS,
  maxPending = DEFAULT_PUBLISH_MAX_PENDING,
  timeoutMs = DEFAULT_PUBLISH_TIMEOUT_MS,
}: PublishOptions = {}): Required<PublishOptions> => ({ lingerMs, maxAttempts, retryDelayMs, maxPending, timeoutMs });

export interface PublishBatcherOptions {
  send: (entries: OutgoingSqsMessage[]) => Promise<BatchResult>;
  /** Bound of the sum of one batch, in bytes; a larger message travels alone. */
  maxBatchBytes: number;
  /** On FIFO: keep the order of each group. */
  ordered: boolean;
  publish?: PublishOptions | undefined;
  random?: () => number;
}

type OnResult = (failure: BatchFailure | undefined) => void;
type OnThrown = (error: unknown) => void;

/** Gives the entry at once where it can, and throws or rejects where there is none. */
type MakeEntry = () => OutgoingEntry | Promise<OutgoingEntry>;

const bytesOf = ({ bytes, body, attributes }: OutgoingEntry): number => bytes ?? messageBytes(body, attributes);

/** An entry that was wrong in itself does not concern those behind it; one for which AWS was away does. */
const asFailure = (error: unknown): BatchFailure | undefined =>
  isInstance(error, SnsSqsError) && error.retryable
    ? { id: '', code: error.code, message: error.message, senderFault: false, cause: error }
    : undefined;

/**
 * Publishes that happen together travel together. On FIFO one entry of a group is under way at a time: entries of a
 * batch fail one by one, and the next of the group would overtake a failed one (docs/adr/0005).
 */
export class PublishBatcher {
  private readonly caller: BatchCaller<OutgoingEntry>;
  /** The last of each group that is under way. */
  private readonly tails = new Map<string, Promise<BatchFailure | undefined>>();
  /** Entries without a result. */
  private underWay = 0;
  private readonly onIdle: Array<() => void> = [];

  constructor(private readonly options: PublishBatcherOptions) {
    this.caller = new BatchCaller(
      entries => options.send(entries),
      { ...publishSettings(options.publish), eager: true, random: options.random ?? Math.random },
      { maxBytes: options.maxBatchBytes, bytesOf },
    );
  }

  /**
   * The place in its group is taken at the call, however long `makeEntry` takes. One of the last two is called, once: a
   * promise for each entry would cost as much as the rest of its way.
   * @param endsAt by the monotonic clock, in milliseconds: later than that it is neither made nor sent
   * @param onResult told undefined once AWS has accepted the entry, and its failure otherwise
   * @param onThrown told what `makeEntry` throws
   */
  add(groupId: string | undefined, makeEntry: MakeEntry, endsAt: number, onResult: OnResult, onThrown: OnThrown): void {
    this.underWay += 1;
    const ended: OnResult = failure => {
      this.end();
      onResult(failure);
    };
    const thrown: OnThrown = error => {
      this.end();
      onThrown(error);
    };
    if (this.options.ordered && groupId !== undefined) {
      this.after(groupId, () => new Promise((resolve, reject) => this.send(makeEntry, endsAt, resolve, reject))).then(
        ended,
        thrown,
      );
    } else this.send(makeEntry, endsAt, ended, thrown);
  }

  /** Resolves when everything added has its result; from now on nothing waits for a fuller batch. */
  async flush(): Promise<void> {
    this.caller.stopLingering();
    while (this.underWay > 0) await new Promise<void>(resolve => void this.onIdle.push(resolve));
  }

  /** What has no result yet has this one, and so has what comes later. */
  abandon(failure: BatchFailure): void {
    this.caller.abandon(failure);
  }

  private end(): void {
    this.underWay -= 1;
    if (this.underWay === 0) for (const resolve of this.onIdle.splice(0)) resolve();
  }

  private send(makeEntry: MakeEntry, endsAt: number, onResult: OnResult, onThrown: OnThrown): void {
    if (endsAt <= monotonicNow()) {
      onResult(TOO_LATE);
      return;
    }
    let entry: ReturnType<MakeEntry>;
    try {
      entry = makeEntry();
    } catch (error) {
      onThrown(error);
      return;
    }
    if (entry instanceof Promise) entry.then(made => this.caller.submit(made, onResult, endsAt), onThrown);
    else this.caller.submit(entry, onResult, endsAt);
  }

  private after(groupId: string, send: () => Promise<BatchFailure | undefined>): Promise<BatchFailure | undefined> {
    const previous = this.tails.get(groupId);
    const result = previous ? previous.then(failure => this.unlessAway(failure) ?? send()) : send();
    const tail = result.catch(asFailure);
    this.tails.set(groupId, tail);
    void tail.then(() => {
      if (this.tails.get(groupId) === tail) this.tails.delete(groupId);
    });
    return result;
  }

  /** AWS could not be reached for the one before: what waited behind it fails with it, so as not to overtake it. */
  private unlessAway(failure: BatchFailure | undefined): BatchFailure | undefined {
    return failure && !failure.senderFault ? failure : undefined;
  }
}
