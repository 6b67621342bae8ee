import { monotonicNow } from '../async/clock.js';
import { finishesWithGrace, finishesWithin, finishesWithinTurns } from '../async/finishes-within.js';
import { AWS_BATCH_MAX_ENTRIES } from '../constants.js';
import type { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { InboxCounts } from '../inbox/admission.js';
import type { SqsMessage } from '../interfaces/wire.interface.js';
import type { ProvisionedQueue } from '../topology/topology.model.js';
import type { QueueConsumerOptions } from './consumer-options.js';
import { assembleParts, type Consumer, type ConsumerParts } from './consumer-parts.js';
import { snapshotOf, type ConsumerSnapshot } from './consumer-snapshot.js';
import { InFlight } from './in-flight.js';
import type { Receipt } from './receive/intake.js';
import { Reception } from './reception.js';
import type { Pausable } from './steer/pauses.js';

export type { QueueConsumerOptions } from './consumer-options.js';

/** Handlers that were told to stop get this long to do so, in milliseconds, before their messages are given back. */
const ABORT_GRACE_MS = 250;
/** Settles that are under way when the time is up still get this long, in milliseconds. */
const FLUSH_GRACE_MS = 2_000;
/** Receives get this much of it, in milliseconds, to end before messages are given back that they could take. */
const RECEIVE_GRACE_MS = 500;

/** One queue's way from receive to settlement: starts and stops its parts, and says how much may be received. */
export class QueueConsumer implements Consumer, Pausable {
  readonly inFlight: InFlight;
  private readonly parts: ConsumerParts;
  private readonly reception: Reception;
  /** Ends when nothing is received any more and what ran has ended; undefined: still received. */
  private draining: Promise<void> | undefined;
  /** Ends when no receive is under way any more. */
  private receivesEnded = Promise.resolve();
  private isClosed = false;
  private unwatch: (() => void) | undefined;
  private probeMessages: { messages: SqsMessage[]; receipt: Receipt } | undefined;

  constructor(private readonly options: QueueConsumerOptions) {
    this.inFlight = new InFlight(options.queue.fifo);
    this.parts = assembleParts(options, this);
    this.reception = new Reception(options, this.inFlight, this.parts);
  }

  get name(): string {
    return this.options.queue.name;
  }

  get useCase(): string {
    return this.options.useCase ?? this.name;
  }

  get concurrency(): number {
    return this.options.settings.concurrency;
  }

  get queue(): ProvisionedQueue {
    return this.options.queue;
  }

  /** See `Poller.stalledMs`. */
  get stalledMs(): number {
    return this.parts.poller.stalledMs;
  }

  get inboxCounts(): InboxCounts | undefined {
    return this.options.inbox?.counts;
  }

  snapshot(): ConsumerSnapshot {
    return snapshotOf(this.inFlight, this.parts);
  }

  /** Rejects when this process may not receive from the queue. What it received is handled by {@link start}. */
  async probe(): Promise<void> {
    this.watchClock();
    this.probeMessages = await this.parts.poller.probe();
  }

  start(): void {
    if (this.draining) return;
    this.watchClock();
    const probed = this.probeMessages;
    this.probeMessages = undefined;
    if (probed && probed.messages.length > 0) this.accept(probed.messages, this.doubted(probed.receipt));
    this.parts.poller.start();
  }

  /** The machine may have been suspended since the probe, when there was nothing in work to doubt. */
  private doubted(receipt: Receipt): Receipt {
    const { watch } = this.options;
    return watch?.hasJumpedSince(receipt.receivedAt) ? { ...receipt, isDoubted: true } : receipt;
  }

  /** The inbox answers again, so that there is capacity. */
  wake(): void {
    this.parts.poller.wake();
  }

  /**
   * Receives nothing until {@link resume}; what was not started is visible again. Resolves when the handlers that run
   * have ended and are settled, or the pause has.
   */
  pause(): Promise<void> {
    return this.parts.steering.pause(() => this.flush());
  }

  resume(): void {
    this.parts.steering.resume();
  }

  /** Why nothing is received although the server is up; undefined: it is. */
  get heldFor(): string | undefined {
    return this.parts.steering.reason;
  }

  handBack(): void {
    const { lanes, poller } = this.parts;
    for (const delivery of this.inFlight) delivery.holdBack();
    lanes.returnUnstarted();
    poller.endReceives();
  }

  reopen(): void {
    if (!this.draining) this.parts.poller.resume();
  }

  /**
   * From now on nothing is received and no handler begins; what has not begun goes back at once. What runs goes on, and
   * is settled.
   */
  stopIntake(): void {
    if (this.draining) return;
    for (const delivery of this.inFlight) delivery.holdBack();
    this.draining = this.drain();
  }

  /**
   * Receives and starts nothing more; running handlers have until `timeoutMs` from now, then their signal aborts and
   * their messages are given back. Resolves when everything is settled, or could not be within a short grace; after
   * that nothing is done any more, whatever comes late.
   */
  async stop(timeoutMs: number): Promise<void> {
    const endsAt = monotonicNow() + timeoutMs;
    this.stopIntake();
    const drained = this.draining ?? Promise.resolve();
    let flushGraceMs = FLUSH_GRACE_MS;
    let isCutOff: Promise<void> | undefined;
    if (!(await finishesWithin(drained, timeoutMs))) {
      const reason = new Error(`the server is stopping and shutdownTimeoutMs (${timeoutMs} ms) is over`);
      for (const delivery of this.inFlight) delivery.stop(reason);
      await finishesWithinTurns(drained, ABORT_GRACE_MS);
      flushGraceMs -= await this.endReceives();
      isCutOff = this.parts.runner.cutOff([...this.inFlight]);
    }
    await finishesWithGrace(Promise.all([isCutOff, this.flush()]), endsAt - monotonicNow(), flushGraceMs);
    this.abandon();
  }

  /**
   * A busy machine ends receives late. One that took what is given back would answer after the end, and leave the message
   * invisible for its lease. Resolves to how long it took, in milliseconds, RECEIVE_GRACE_MS at most.
   */
  private async endReceives(): Promise<number> {
    const startedAt = monotonicNow();
    if (!(await finishesWithinTurns(this.receivesEnded, RECEIVE_GRACE_MS))) this.parts.poller.abandon();
    return Math.min(RECEIVE_GRACE_MS, monotonicNow() - startedAt);
  }

  private abandon(): void {
    const { poller, heartbeat, settler, dispatcher, suspects, steering } = this.parts;
    this.isClosed = true;
    steering.stop();
    for (const delivery of this.inFlight) delivery.isAbandoned = true;
    this.unwatch?.();
    poller.abandon();
    dispatcher.stop();
    heartbeat.stop();
    suspects?.stop();
    settler.abandon();
  }

  private watchClock(): void {
    this.unwatch ??= this.options.watch?.watch(() => this.parts.heartbeat.doubtAll());
  }

  /** Settlements, then what the inbox is told of them, and then whom that wakes. */
  private async flush(): Promise<void> {
    const { settler } = this.parts;
    await settler.flush();
    await this.options.inbox?.idle();
    await settler.flush();
  }

  private async drain(): Promise<void> {
    const { lanes, poller, settler, runner } = this.parts;
    const ended = lanes.stop();
    this.receivesEnded = poller.stop();
    await this.receivesEnded;
    const probed = this.probeMessages;
    this.probeMessages = undefined;
    if (probed) settler.returnToQueue(this.reception.deliveries(probed.messages, probed.receipt), 0);
    await ended;
    await runner.settleUndecided();
  }

  get capacity(): number {
    return this.parts.capacity.messages;
  }

  /** A handler of this server waits for an answer from this queue. */
  onSlotLent(): void {
    this.parts.lanes.pump();
    this.parts.poller.wake();
  }

  get isBusy(): boolean {
    return this.parts.lanes.load > 0;
  }

  get maxReceives(): number {
    return this.parts.pace.receives;
  }

  onFullReceive(ms: number): void {
    this.parts.pace.noteReceive(ms);
  }

  onFault(error: SnsSqsError): void {
    this.options.onFault(error);
  }

  onRecovery(): void {
    this.options.onRecovery();
  }

  onRunEnd(): void {
    const { pace, lanes, settler, poller, steering } = this.parts;
    pace.noteEnd();
    if (lanes.load === 0) {
      settler.sendBatchesNow();
      steering.onIdle();
    }
    poller.wake();
  }

  onSettled(): void {
    const { settler, poller, capacity } = this.parts;
    // Once for what a batch has settled.
    if (capacity.isWaitingForSettlements && settler.pending % AWS_BATCH_MAX_ENTRIES === 0) poller.wake();
  }

  accept(messages: SqsMessage[], receipt: Receipt): void {
    // The late answer of a receive that did not heed its abort.
    if (!this.isClosed) this.reception.accept(messages, receipt);
  }
}
