import { abortController } from '../async/abort.js';
import { monotonicNow } from '../async/clock.js';
import { backoffMs } from '../async/backoff.js';
import { LinkedList, type Link } from '../async/linked-list.js';
import { pause } from '../async/pause.js';
import { AWS_BATCH_MAX_ENTRIES } from '../constants.js';
import type { BatchFailure, BatchResult } from '../interfaces/wire.interface.js';
import { ArrayQueue } from '../async/array-queue.js';
import { asFailure, mayPass, TOO_LATE, withoutBlame } from './batch-failure.js';
import { bytesOfBatch, sizeOfNextBatch, type ByteBound } from './batch-size.js';
import { turnFor } from './large-batches.js';

export interface BatchCallerOptions {
  /** How long an entry waits for a fuller batch at most, in milliseconds. */
  lingerMs: number;
  /** True: an entry waits only while a call is under way; a lone one leaves at once. @default false */
  eager?: boolean;
  /** Calls under way at one time; what comes meanwhile waits and fills batches. @default 50 */
  maxInFlight?: number;
  /** Tries of an entry that failed for AWS's reasons, the first included. */
  maxAttempts: number;
  /** Delay before the second try, in milliseconds; doubles from there up to 5 s, with full jitter. */
  retryDelayMs: number;
  random: () => number;
}

const MAX_RETRY_DELAY_MS = 5_000;

/** Milliseconds until the next try after `attempt` tries. */
export const retryDelay = (
  { retryDelayMs, random }: Pick<BatchCallerOptions, 'retryDelayMs' | 'random'>,
  attempt: number,
): number => {
  const max = Math.max(MAX_RETRY_DELAY_MS, retryDelayMs);
  return backoffMs({ initial: retryDelayMs, max, jitter: 'full' }, attempt, random);
};

type Resolve<E> = (failure: BatchFailure | undefined, entry: E) => void;

interface Pending<E> {
  entry: E;
  attempt: number;
  resolve: Resolve<E>;
  /** After this nobody waits for the result; by the monotonic clock. */
  endsAt: number;
  hasResult: boolean;
}

/** Once: of a batch some may have their result while others are tried again. */
function settle<E>(pending: Pending<E>, failure: BatchFailure | undefined): void {
  if (pending.hasResult) return;
  pending.hasResult = true;
  pending.resolve(failure, pending.entry);
}

/** As many as the SDK's agent has sockets by default: 25,000 messages/s where a call takes 20 ms. */
const DEFAULT_MAX_IN_FLIGHT = 50;

/**
 * Gathers single entries into batch calls of up to ten: by count, by the age of the oldest, and at once where told to.
 * {@link add} resolves to undefined when AWS has carried out that entry, to the failure when it has not: at once for
 * the sender's own faults and for what AWS refuses whatever the entry is, after `maxAttempts` tries for what may pass.
 * Where a whole call fails for one entry, each of its entries is sent alone. It never rejects.
 */
export class BatchCaller<E extends object> {
  private readonly queue = new ArrayQueue<Pending<E>>();
  private timer: NodeJS.Timeout | undefined;
  private gathering: NodeJS.Immediate | undefined;
  private isLingeringOver = false;
  private inFlight = 0;
  /** Batches under way, those that wait for another try among them. */
  private readonly calling = new LinkedList<Pending<E>[]>();
  private abandoned: BatchFailure | undefined;
  private readonly abandoning = abortController();

  constructor(
    private readonly call: (entries: Array<E & { id: string }>) => Promise<BatchResult>,
    private readonly options: BatchCallerOptions,
    private readonly bound?: ByteBound<E>,
  ) {}

  /** @param endsAt by the monotonic clock, in milliseconds: it is not sent later than that, and fails as TOO_LATE */
  add(entry: E, endsAt = Infinity): Promise<BatchFailure | undefined> {
    return new Promise(resolve => this.enqueue({ entry, attempt: 1, resolve, endsAt, hasResult: false }));
  }

  /** As {@link add}; the result goes to `resolve`, with the entry. */
  submit(entry: E, resolve: Resolve<E>, endsAt = Infinity): void {
    this.enqueue({ entry, attempt: 1, resolve, endsAt, hasResult: false });
  }

  /** From now on nothing waits for a fuller batch: for the time of closing. */
  stopLingering(): void {
    this.isLingeringOver = true;
    this.dispatch();
  }

  /**
   * Gives up: `failure` is the result of all that have none, and of what is added from now on. A call that is under way
   * may still take effect.
   */
  abandon(failure: BatchFailure): void {
    this.abandoned = failure;
    this.abandoning.abort();
    this.clearTimers();
    const waiting = [...this.queue.take(this.queue.length), ...[...this.calling].flat()];
    for (const pending of waiting) settle(pending, failure);
  }

  /** What waits for a fuller batch is sent now, as far as calls may be under way. */
  dispatch(): void {
    this.clearTimers();
    while (this.queue.length > 0 && this.mayCall) this.launch();
  }

  /** As {@link dispatch}, with all that is added in the same turn of the event loop. */
  dispatchSoon(): void {
    if (this.queue.length > 0) this.gathering ??= setImmediate(() => this.dispatch());
  }

  private get mayCall(): boolean {
    return this.inFlight < (this.options.maxInFlight ?? DEFAULT_MAX_IN_FLIGHT);
  }

  private enqueue(pending: Pending<E>): void {
    if (this.abandoned) {
      settle(pending, this.abandoned);
      return;
    }
    this.queue.push(pending);
    if (this.isLingeringOver) this.dispatch();
    else if (this.queue.length >= AWS_BATCH_MAX_ENTRIES) this.launchFullOnes();
    else this.schedule();
  }

  private launchFullOnes(): void {
    while (this.queue.length >= AWS_BATCH_MAX_ENTRIES && this.mayCall) this.launch();
    if (this.queue.length === 0) this.clearTimers();
  }

  /** What comes in the same turn of the event loop goes into the same batch. */
  private schedule(): void {
    if (this.options.eager && this.inFlight === 0) this.dispatchSoon();
    else this.timer ??= setTimeout(() => this.dispatch(), this.options.lingerMs);
  }

  private clearTimers(): void {
    clearTimeout(this.timer);
    clearImmediate(this.gathering);
    this.timer = undefined;
    this.gathering = undefined;
  }

  private launch(): void {
    this.inFlight += 1;
    const batch = this.queue.take(sizeOfNextBatch(this.queue, this.bound));
    const link = this.calling.add(batch);
    void this.sendInTurn(batch).finally(() => this.onBatchDone(link));
  }

  private onBatchDone(link: Link<Pending<E>[]>): void {
    this.calling.remove(link);
    this.inFlight -= 1;
    if (this.isLingeringOver || (this.options.eager && this.inFlight === 0)) this.dispatch();
    else if (this.queue.length >= AWS_BATCH_MAX_ENTRIES) this.launchFullOnes();
    else if (this.queue.length > 0 && !this.timer && !this.gathering) this.schedule();
  }

  /** Without those that nobody waits for any more. */
  private inTime(batch: Pending<E>[]): Pending<E>[] {
    const now = monotonicNow();
    if (batch.every(({ endsAt }) => endsAt > now)) return batch;
    return batch.filter(pending => {
      if (pending.endsAt <= now) settle(pending, TOO_LATE);
      return pending.endsAt > now;
    });
  }

  private sendInTurn(batch: Pending<E>[]): Promise<void> {
    const bytes = bytesOfBatch(batch, this.bound);
    const turn = turnFor(bytes);
    return turn ? turn.then(() => this.send(batch, bytes)) : this.send(batch, bytes);
  }

  private async send(all: Pending<E>[], bytes = 0): Promise<void> {
    if (this.abandoned) return;
    const batch = this.inTime(all);
    if (batch.length === 0) return;
    const failures = new Map<string, BatchFailure>();
    try {
      const { failed } = await this.call(batch.map(({ entry }, index) => ({ ...entry, id: String(index) })));
      // Whoever has a result may emit again, which costs as much once more.
      const turn = turnFor(bytes);
      if (turn) await turn;
      // They have their result.
      if (this.abandoned) return;
      if (failed.length === 0) {
        for (const pending of batch) settle(pending, undefined);
        return;
      }
      for (const failure of failed) failures.set(failure.id, withoutBlame(failure));
    } catch (error) {
      if (this.abandoned) return;
      const failure = asFailure(error);
      // One of them is wrong, and AWS or the SDK refuses all: each goes alone.
      if ((failure.senderFault || failure.isUnsentCall) && batch.length > 1) {
        await Promise.all(batch.map(pending => this.send([pending])));
        return;
      }
      batch.forEach((_, index) => failures.set(String(index), failure));
    }
    const retries: Pending<E>[] = [];
    batch.forEach((pending, index) => {
      const failure = failures.get(String(index));
      if (failure && mayPass(failure) && pending.attempt < this.options.maxAttempts) retries.push(pending);
      else settle(pending, failure);
    });
    if (retries.length > 0) await this.retry(retries);
  }

  private async retry(batch: Pending<E>[]): Promise<void> {
    const delay = retryDelay(this.options, Math.max(...batch.map(({ attempt }) => attempt)));
    await pause(delay, this.abandoning.signal);
    if (this.abandoned) return;
    for (const pending of batch) pending.attempt += 1;
    await this.send(batch);
  }
}
