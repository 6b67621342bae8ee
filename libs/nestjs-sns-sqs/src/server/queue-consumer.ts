import type { LoggerService } from '@nestjs/common';
import { AWS_BATCH_MAX_ENTRIES } from '../constants.js';
import { errorText } from '../errors/aws-errors.js';
import { announce, isObserved, type StartedEvent } from '../events/diagnostics.js';
import type { SnsSqsError } from '../errors/sns-sqs.error.js';
import type { Inbox, InboxCounts } from '../inbox/inbox.js';
import type { SqsMessage, SqsWire } from '../interfaces/wire.interface.js';
import type { ResolvedConsumerOptions } from '../options/server-options.js';
import type { ProvisionedQueue } from '../topology/topology.model.js';
import { Delivery } from './delivery.js';
import { Dispatcher, type DispatcherOptions } from './dispatcher.js';
import { Heartbeat } from './heartbeat.js';
import { InboxGate, type Entry } from './inbox-gate.js';
import { laneKeyOf, type LaneKey } from './lane-key.js';
import { Lanes } from './lanes.js';
import { Lookahead } from './lookahead.js';
import { Poller } from './poller.js';
import { settlementOfFailure, type Settlement } from './retry-policy.js';
import { logFailure, settledEvent } from './settlement-report.js';
import { Settler } from './settler.js';
import type { Slots } from './slots.js';
import { UnstartedMemory } from './unstarted-memory.js';
import { within } from './within.js';

export interface QueueConsumerOptions extends Pick<DispatcherOptions, 'handlers' | 'decode' | 'hooks' | 'requestOf'> {
  queue: ProvisionedQueue & { fifo: boolean };
  settings: ResolvedConsumerOptions;
  /** The server's bound of messages in work, over all queues. */
  slots: Slots;
  wire: SqsWire;
  /** Undefined: none. */
  inbox?: Inbox | undefined;
  /** The inbox's store knows the attempts of all processes. */
  inboxIsShared?: boolean;
  logger: Pick<LoggerService, 'log' | 'warn' | 'error'>;
  onFault: (error: SnsSqsError) => void;
  onRecovery: () => void;
}

/** Handlers that were told to stop get this long to do so, in milliseconds, before their messages are given back. */
const ABORT_GRACE_MS = 250;
/**
 * Messages of a standard queue that may be held for each slot: where one subject is flooded its lane alone would take
 * in the whole queue. SQS itself hands out no more than one receive of a FIFO group at a time.
 */
const MAX_HELD_PER_SLOT = 2;
/**
 * Settlements without a result, for each slot and at least: where handlers are faster than deletes, receiving waits for
 * the deletes, so that memory and what is in flight at SQS stay bounded.
 */
const MAX_UNSETTLED = { perSlot: 2, least: 200 };
/** Settles that are under way when the time is up still get this long, in milliseconds. */
const FLUSH_GRACE_MS = 2_000;

const NO_INBOX: Entry = {};

/** One queue's way from receive to settlement: wires poller, lanes, dispatcher, heartbeat and settler together. */
export class QueueConsumer {
  private readonly poller: Poller;
  private readonly lanes: Lanes<Delivery>;
  private readonly lookahead: Lookahead;
  private readonly laneKey: LaneKey;
  private readonly dispatcher: Dispatcher;
  private readonly heartbeat: Heartbeat;
  private readonly settler: Settler;
  private readonly gate: InboxGate | undefined;
  private readonly working = new Set<Delivery>();
  private readonly unstarted = new UnstartedMemory();
  private readonly maxUnsettled: number;
  private isWaitingForSettles = false;
  /** Delay of a failed head, for the messages behind it. */
  private readonly delays = new WeakMap<Delivery, number>();
  private probed: { messages: SqsMessage[]; receivedAt: number } | undefined;

  constructor(private readonly options: QueueConsumerOptions) {
    const { queue, settings, wire, logger, handlers, decode, hooks } = options;
    const { visibilityTimeoutSeconds, waitTimeSeconds, handlerTimeoutMs } = settings;
    const named = { queueUrl: queue.url, queueName: queue.name, wire, visibilityTimeoutSeconds };
    this.maxUnsettled = Math.max(MAX_UNSETTLED.least, settings.concurrency * MAX_UNSETTLED.perSlot);
    this.settler = new Settler({
      queue,
      wire,
      rules: settings,
      logger,
      // As many batches as receives may be: neither waits for the other.
      maxInFlight: Math.max(16, Math.ceil(settings.concurrency / AWS_BATCH_MAX_ENTRIES)),
      onSettled: () => this.settled(),
    });
    const { inbox, inboxIsShared: knowsAttempts = false } = options;
    const gate = inbox && new InboxGate({ inbox, decode, rules: settings, knowsAttempts });
    this.gate = gate;
    this.heartbeat = new Heartbeat({ ...named, logger, renewClaims: gate && (due => gate.renew(due)) });
    const { requestOf } = options;
    this.dispatcher = new Dispatcher({
      queueName: queue.name,
      handlers,
      decode,
      hooks,
      handlerTimeoutMs,
      ...(requestOf && { requestOf }),
    });
    this.laneKey = laneKeyOf(queue.fifo, settings, decode);
    this.lookahead = new Lookahead(settings.concurrency);
    this.lanes = new Lanes({
      run: delivery => this.work(delivery),
      giveBack: (deliveries, failed) => this.giveBack(deliveries, failed),
      onEnd: () => this.ended(),
      limit: settings.concurrency,
      slots: options.slots,
    });
    this.poller = new Poller({
      ...named,
      waitTimeSeconds,
      room: () => this.room(),
      fullAsk: Math.min(AWS_BATCH_MAX_ENTRIES, settings.concurrency),
      isBusy: () => this.lanes.load > 0,
      deliver: (messages, receivedAt) => this.deliver(messages, receivedAt),
      onFullReceive: ms => this.lookahead.noteReceive(ms),
      onFault: options.onFault,
      onRecovery: options.onRecovery,
    });
  }

  get name(): string {
    return this.options.queue.name;
  }

  get inboxCounts(): InboxCounts | undefined {
    return this.options.inbox?.counts;
  }

  /** Rejects when this process may not receive from the queue. What it received is handled by {@link start}. */
  async probe(): Promise<void> {
    this.probed = await this.poller.probe();
  }

  start(): void {
    if (this.probed && this.probed.messages.length > 0) this.deliver(this.probed.messages, this.probed.receivedAt);
    this.probed = undefined;
    this.poller.start();
  }

  /** The inbox answers again, so that there is room. */
  wake(): void {
    this.poller.wake();
  }

  /**
   * Receives and starts nothing more; running handlers have until `timeoutMs` from now, then their signal aborts and
   * their messages are given back. Resolves when everything is settled, or could not be within a short grace.
   */
  async stop(timeoutMs: number): Promise<void> {
    const endsAt = performance.now() + timeoutMs;
    const drained = this.drain();
    if (!(await within(drained, timeoutMs))) {
      const reason = new Error(`the server is stopping and shutdownTimeoutMs (${timeoutMs} ms) is over`);
      for (const delivery of this.working) delivery.abort(reason);
      await within(drained, ABORT_GRACE_MS);
      for (const delivery of this.working) this.heartbeat.release(delivery);
      this.settler.giveBack([...this.working], 0);
    }
    await within(this.settler.flush(), Math.max(FLUSH_GRACE_MS, endsAt - performance.now()));
    this.heartbeat.stop();
  }

  private async drain(): Promise<void> {
    const ended = this.lanes.stop();
    await this.poller.stop();
    if (this.probed) this.settler.giveBack(this.deliveries(this.probed.messages, this.probed.receivedAt), 0);
    this.probed = undefined;
    await ended;
  }

  /** A queue that has nothing may always ask for one message: else it could not say that it wants a slot. */
  private room(): number {
    const { settings, slots, queue, inbox } = this.options;
    if (inbox?.isPaused) return 0;
    const { load, held } = this.lanes;
    this.isWaitingForSettles = this.settler.pending >= this.maxUnsettled;
    if (this.isWaitingForSettles) return 0;
    const room = Math.max(
      load === 0 ? 1 : 0,
      Math.min(settings.concurrency - load, slots.free) + this.lookahead.messages,
    );
    return queue.fifo ? room : Math.min(room, settings.concurrency * MAX_HELD_PER_SLOT - held);
  }

  private ended(): void {
    this.lookahead.noteEnd();
    if (this.lanes.load === 0) this.settler.hasTime();
    this.poller.wake();
  }

  private settled(): void {
    if (this.isWaitingForSettles && this.settler.pending < this.maxUnsettled) this.poller.wake();
  }

  private deliver(messages: SqsMessage[], receivedAt: number): void {
    const { queue } = this.options;
    announce('received', { queue: queue.name, count: messages.length });
    for (const delivery of this.deliveries(messages, receivedAt)) {
      const lane = this.laneKey(delivery);
      if (queue.fifo && this.lanes.isTaken(lane) && !this.isInWork(delivery)) this.unstarted.noteNeverStarted(delivery);
      this.working.add(delivery);
      this.heartbeat.hold(delivery);
      this.lanes.submit(delivery, lane);
    }
  }

  /** True: it has come again although an earlier delivery of it has not ended. */
  private isInWork({ messageId, receiveCount }: Delivery): boolean {
    return receiveCount > 1 && [...this.working].some(other => other.messageId === messageId);
  }

  private deliveries(messages: SqsMessage[], receivedAt: number): Delivery[] {
    const leaseEndsAt = receivedAt + this.options.settings.visibilityTimeoutSeconds * 1000;
    return messages.map(message => new Delivery(message, receivedAt, leaseEndsAt));
  }

  /** Handles one delivery. False: it failed and will come again, so that its group has to wait. */
  private async work(delivery: Delivery): Promise<boolean> {
    try {
      if (delivery.leaseLost) return this.notStarted(delivery);
      const startedAt = isObserved('settled') ? performance.now() : 0;
      const wasDone = this.settler.wasDone(delivery);
      const entry: Entry = this.gate && !wasDone ? await this.gate.enter(delivery) : NO_INBOX;
      if (delivery.leaseLost) return this.notStarted(delivery);
      const attempt = entry.attempt ?? this.unstarted.attemptOf(delivery);
      let { settlement } = entry;
      if (wasDone) settlement = { kind: 'delete', skipped: 'duplicate' };
      settlement ??= await this.outcome(delivery, attempt, entry.failure);
      if (delivery.claim && !(await this.gate?.finish(delivery, settlement))) return this.leftToSqs(delivery);
      // A copy to the dead letter queue takes two calls and perhaps retries: the lease must last as long.
      if (settlement.kind !== 'dead-letter') this.heartbeat.release(delivery);
      if (settlement.kind === 'retry' || settlement.kind === 'wait') this.delays.set(delivery, settlement.seconds);
      if (settlement.kind === 'wait') this.unstarted.note(delivery.messageId);
      else if (settlement.kind !== 'retry') this.unstarted.forget(delivery.messageId);
      const settled = this.settler.settle(delivery, settlement, attempt);
      if (isObserved('settled'))
        announce('settled', settledEvent(this.named(delivery, attempt), delivery, settlement, startedAt));
      if (settlement.kind === 'delete') return true;
      // A standard queue keeps no order that those behind it could wait for.
      const isOut = (await settled) && settlement.kind === 'dead-letter';
      // Told the inbox or not: a heartbeat would undo the delay of one whose copy failed.
      this.heartbeat.release(delivery);
      if (delivery.claim) await this.gate?.leave(delivery, isOut ? 'dead-lettered' : 'failed');
      return isOut || !this.options.queue.fifo;
    } catch (error) {
      // A fault of our own: the message stays with SQS, and so does what is behind it in its group.
      this.options.logger.error(`${this.options.queue.name}: message ${delivery.messageId}: ${errorText(error)}`);
      return false;
    } finally {
      this.heartbeat.release(delivery);
      this.working.delete(delivery);
    }
  }

  private named({ messageId }: Delivery, attempt: number): StartedEvent {
    return { queue: this.options.queue.name, messageId, attempt };
  }

  private async outcome(delivery: Delivery, attempt: number, failure: Entry['failure']): Promise<Settlement> {
    try {
      if (failure) throw failure.error;
      if (isObserved('started')) announce('started', this.named(delivery, attempt));
      await this.dispatcher.dispatch(delivery, attempt);
      return { kind: 'delete' };
    } catch (error) {
      const { queue, settings, logger } = this.options;
      const settlement = settlementOfFailure({ error, attempt, fifo: queue.fifo }, settings, Math.random);
      logFailure(logger, this.named(delivery, attempt), settings.maxReceiveCount, error, settlement);
      return settlement;
    }
  }

  /** Its lease was lost before it was run. */
  private notStarted(delivery: Delivery): boolean {
    this.unstarted.note(delivery.messageId);
    void this.gate?.leave(delivery, 'unstarted');
    return !this.options.queue.fifo;
  }

  /** The handler has finished, and the inbox does not say so: who has the claim now, or comes next, will decide. */
  private leftToSqs({ messageId }: Delivery): boolean {
    const { queue, logger } = this.options;
    logger.warn(
      `${queue.name}: message ${messageId} was handled, but its claim in the inbox ended before it could be marked done; it is not settled and comes again`,
    );
    return !queue.fifo;
  }

  private giveBack(deliveries: Delivery[], failed: Delivery | undefined): void {
    for (const delivery of deliveries) {
      this.unstarted.note(delivery.messageId);
      this.heartbeat.release(delivery);
      this.working.delete(delivery);
    }
    this.settler.giveBack(deliveries, (failed && this.delays.get(failed)) ?? 0);
  }
}
